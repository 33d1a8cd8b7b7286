#!/bin/sh
# No file anyone has to read is longer than 800 lines.
set -u
cd "$(dirname "$0")/../.." || exit 2
find src include tests -name '*.[ch]' -o -name '*.sh' -o -name '*.bats' -o -name '*.bash' | sort | xargs wc -l |
	awk '$2 != "total" && $1 > 800 { print $2 ": " $1 " lines, more than 800"; bad = 1 } END { exit bad }' >&2
