#!/bin/bash
# What the engines' own monitors cost for a container that runs now, their daemon's share counted.
set -u
of_daemon() { # NAME: CPU ms of all processes of that name
	local p total=0
	for p in $(pgrep -x "$1"); do
		total=$((total + $(cat /proc/"$p"/task/*/schedstat 2>/dev/null | awk '{ t += $1 } END { printf "%d", t / 1e6 }')))
	done
	echo "$total"
}
for engine in docker podman; do
	command -v $engine >/dev/null || { printf '%-32s not installed\n' "$engine stats"; continue; }
	n=$(timeout 10 $engine ps -q 2>/dev/null | wc -l)
	[ "$n" -gt 0 ] || { printf '%-32s no container of its own runs here\n' "$engine stats"; continue; }
	before=$(($(of_daemon dockerd) + $(of_daemon containerd)))
	t=$( (TIMEFORMAT='%U %S'; time timeout 60 $engine stats --no-stream >/dev/null 2>&1) 2>&1 | tail -n 1)
	after=$(($(of_daemon dockerd) + $(of_daemon containerd)))
	[ $engine = docker ] || after=$before
	awk -v e="$engine stats --no-stream" -v t="$t" -v d=$((after - before)) -v n="$n" 'BEGIN { split(t, a, " ")
		ms = (a[1] + a[2]) * 1000
		printf "%-32s %.1f ms of CPU for %d containers and %.1f of its daemon: %.2f a container\n", e, ms, n, d, (ms + d) / n }'
done
