#!/bin/sh
# Verdicts against known truth:  tests/bench/verdicts.sh [DAYS [STEP [COUNT]]]
# Precision and recall per state, changes per instance-week, and how fast judge reads.
set -eu
cd "$(dirname "$0")/../.."
VCTOP=${VCTOP:-build/vctop}
TRACES=${TRACES:-build/tests/tools/usage-traces}
days=${1:-28} step=${2:-300} count=${3:-8}
dir=$(mktemp -d "${TMPDIR:-/tmp}/vctop-verdicts.XXXXXX")
trap 'rm -rf "$dir"' EXIT
"$TRACES" "$days" "$step" "$count" >"$dir/lines"
"$VCTOP" judge --every 3600 "$dir/lines" | tests/bench/verdicts.py
instances=$(head -n 1 "$dir/lines" | jq '.instances | length')
observations=$((days * 86400 * instances / step))
/usr/bin/python3 -I - "$observations" "$VCTOP" "$dir/lines" <<'END'
import resource
import subprocess
import sys
count, vctop, lines = int(sys.argv[1]), sys.argv[2], sys.argv[3]
subprocess.run([vctop, "judge", lines], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sec = used.ru_utime + used.ru_stime
print(f"judge: {count} instance-observations in {sec:.2f} s of CPU, {count / sec:.0f} a second; {used.ru_maxrss / 1024:.1f} MiB")
END
