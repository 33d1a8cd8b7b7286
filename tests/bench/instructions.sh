#!/bin/bash
# How many instructions a frame of each fixture takes, by callgrind, compared with the committed counts:
#   instructions.sh          fails when one has grown by more than 5 %
#   instructions.sh write    writes them anew
# Counts of the program's own code alone: libraries and the processor they choose their loops for differ.  What the
# compiler made of it is told by compiler, target and flags; with others than those of the counts it ends with 77.
set -u
cd "$(dirname "$0")/../.." || exit 2
vctop=${VCTOP:-build/vctop}
file=tests/bench/instructions
command -v valgrind >/dev/null || { echo "instructions: valgrind is not installed" >&2; exit 77; }
built() { readelf --debug-dump=info --dwarf-depth=1 "$vctop" 2>/dev/null | sed -n 's/.*DW_AT_producer.*: //p' | head -n 1; }
counted=$(sed -n 's/^# //p' "$file")
[ "${1:-}" = write ] || [ "$counted" = "$(built)" ] ||
	{ echo "instructions: the committed counts are of another build: $counted" >&2; exit 77; }
out=$(mktemp)
trap 'rm -f "$out"' EXIT
count() { # FIXTURE
	valgrind --tool=callgrind --callgrind-out-file="$out" "$vctop" --root "tests/fixtures/$1" --json >/dev/null 2>&1 || return 1
	callgrind_annotate --threshold=100 "$out" |
		awk -v object="$(realpath "$vctop")" 'index($0, "[" object "]") { gsub(",", "", $1); n += $1 } END { print n + 0 }'
}
status=0
[ "${1:-}" != write ] || echo "# $(built)" >"$out.table"
while read -r fixture before; do
	[ "$fixture" != "#" ] || continue
	now=$(count "$fixture") || { echo "instructions: $fixture: vctop failed" >&2; exit 1; }
	if [ "${1:-}" = write ]; then
		echo "$fixture $now"
	else
		awk -v f="$fixture" -v b="$before" -v n="$now" 'BEGIN {
			printf "%-24s %12d %+7.1f %%\n", f, n, (n - b) * 100 / b; exit n > b * 1.05 }' || status=1
	fi
done <"$file" >>"$out.table"
if [ "${1:-}" = write ]; then mv "$out.table" "$file"; else cat "$out.table"; rm -f "$out.table"; fi
exit $status
