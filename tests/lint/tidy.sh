#!/bin/sh
# clang-tidy with the compiler's own flags:  tests/lint/tidy.sh FLAG...   (checks: .clang-tidy)
set -u
cd "$(dirname "$0")/../.." || exit 2
command -v clang-tidy >/dev/null || { echo "clang-tidy is not installed: skipped"; exit 0; }
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
# Warning flags only GCC knows would be noise.
flags=
for f; do
	case $f in
	-W* | -f*) ;;
	*) flags="$flags $f" ;;
	esac
done
# shellcheck disable=SC2016 # expanded by the inner shell
find src -name '*.c' | sort | xargs -P "$(nproc)" -n 4 sh -c 'flags=$1; shift; clang-tidy --quiet "$@" -- $flags' sh "$flags" \
	>"$log" 2>&1
status=$?
grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter' "$log"
exit $status
