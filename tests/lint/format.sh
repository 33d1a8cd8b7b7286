#!/bin/sh
# The format was made with clang-format 14; other majors differ in places, so they are not asked.
set -u
cd "$(dirname "$0")/../.." || exit 2
tool=$(command -v clang-format-14 || command -v clang-format) || { echo "clang-format is not installed: skipped"; exit 0; }
case $("$tool" --version) in
*"version 14."*) ;;
*)
	echo "$("$tool" --version): not 14, skipped"
	exit 0
	;;
esac
bad=0
for file in $(find src include tests -name '*.[ch]' | sort); do
	"$tool" --dry-run -Werror "$file" >/dev/null 2>&1 || { echo "$file: make format would change it" >&2; bad=1; }
done
exit $bad
