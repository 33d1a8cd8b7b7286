#!/bin/bash
# Fuzzes for a while, one target after the other:  tests/fuzz/run.sh BUILD-DIR [PATTERN]
# Starts from the corpus in the source tree, which stays as it is; crashes are kept in build/fuzz/TARGET.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$1 pattern=${2:-}
bad=0
for program in "$build"/tests/fuzz/fuzz_*; do
	name=${program##*/fuzz_}
	[[ -x $program && $program != *.d && $name == *"$pattern"* ]] || continue
	work=build/fuzz/$name
	mkdir -p "$work/corpus"
	if "$program" -max_total_time="${FUZZ_SECONDS:-30}" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
		-artifact_prefix="$work/" "$work/corpus" "tests/fuzz/corpus/$name" >"$work/log" 2>&1; then
		echo "  FUZZED   $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") runs, nothing found"
	else
		echo "  FAILED   $name: see $work/log"
		tail -n 30 "$work/log"
		bad=1
	fi
done
exit $bad
