#!/bin/sh
set -u
cd "$(dirname "$0")/../.." || exit 2
command -v shellcheck >/dev/null || { echo "shellcheck is not installed: skipped"; exit 0; }
{
	find tests .ci src -name '*.sh' -o -name '*.bats' -o -name '*.bash'
	grep -rlE '^#!/bin/(ba)?sh' .ci tests/tools tests/live 2>/dev/null
} | grep -v '/fixtures/' | sort -u | xargs shellcheck -x -e SC2317,SC2016 -P SCRIPTDIR
