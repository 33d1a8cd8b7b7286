#!/bin/bash
# What a tick costs, in one run: vctop, the floor (a C loop that preads the same counters from kept fds), and the
# monitors that are installed here.  CGROUPS=1000 cgroups named as Docker names them; root.
set -u
cd "$(dirname "$0")/../.." || exit 2
vctop=${VCTOP:-build/vctop}
groups=${CGROUPS:-1000}
ticks=${TICKS:-20}
[ "$(id -u)" = 0 ] || { echo "bench: needs root to make cgroups" >&2; exit 1; }
ulimit -n "$(ulimit -H -n)"

name=vctop-bench-$$
roots=()
# shellcheck disable=SC2013 # no spaces in them
for m in $(awk '$0 ~ " - cgroup" && $6 ~ "rw" { print $5 }' /proc/self/mountinfo); do
	case $m in
	*/memory | */cpu | */cpuacct | */cpu,cpuacct | */pids | */blkio | */freezer | */unified | /sys/fs/cgroup)
		mkdir -p "$m/$name/docker" 2>/dev/null && roots+=("$m/$name") ;;
	esac
done
[ ${#roots[@]} -gt 0 ] || { echo "bench: no cgroup can be made here" >&2; exit 1; }
sleepers=()
clean() {
	[ ${#sleepers[@]} = 0 ] || kill "${sleepers[@]}" 2>/dev/null
	sleep 1
	for r in "${roots[@]}"; do find "$r" -depth -type d -exec rmdir {} + 2>/dev/null; done
}
trap clean EXIT
trap 'exit 130' INT TERM
for r in "${roots[@]}"; do
	[ "${r%/*}" != /sys/fs/cgroup ] || for p in /sys/fs/cgroup "$r" "$r/docker"; do
		echo "+cpu +memory +pids" >"$p/cgroup.subtree_control" 2>/dev/null
	done
	(cd "$r/docker" && seq 1 "$groups" | awk '{ printf "%064x\n", $1 }' | xargs mkdir)
done
# One process in each: an empty group is no container.
for ((i = 1; i <= groups; i++)); do
	sleep 600 &
	sleepers+=($!)
	id=$(printf '%064x' $i)
	for r in "${roots[@]}"; do echo $! >"$r/docker/$id/cgroup.procs"; done
done
disown -a

mapfile -t files < <(for r in "${roots[@]}"; do
	for f in cpuacct.usage memory.usage_in_bytes memory.stat cpu.stat memory.current; do
		case $r/$f in
		*/cpu/*/cpu.stat | *cpu,cpuacct*/cpu.stat) continue ;; # v1: cpuacct.usage counts
		esac
		find "$r/docker" -mindepth 2 -name "$f"
	done
done | awk '!seen[$0]++')
perline() { printf '%-34s %10s %12s\n' "$@"; }
echo "$groups cgroups, $ticks ticks, $(nproc) CPUs, $(uname -r)"
perline "" "CPU ms" "RSS KiB"
floor=$(printf '%s\n' "${files[@]}" | build/tests/tools/floor "$ticks")
perline "floor (${#files[@]} preads)" "$(awk "BEGIN { printf \"%.1f\", $floor / 1000 }")" ""
"$vctop" --json -n $((ticks + 5)) -d 0.3 | jq -s -r --argjson t "$ticks" \
	'[.[4].self.cpu_sec, .[-1].self.cpu_sec, .[-1].self.rss_bytes] | "\((.[1] - .[0]) / $t * 1000) \(.[2] / 1024)"' |
	while read -r ms rss; do perline "vctop --json" "$(printf '%.1f' "$ms")" "$(printf '%.0f' "$rss")"; done
cost() { # NAME TICKS COMMAND...: CPU time a tick, from start to end
	local label=$1 n=$2 t
	shift 2
	command -v "$1" >/dev/null || { perline "$label" "-" "not installed"; return; }
	t=$( (TIMEFORMAT='%U %S'; time timeout 60 "$@" >/dev/null 2>&1) 2>&1 | tail -n 1)
	perline "$label" "$(awk -v t="$t" -v n="$n" 'BEGIN { split(t, a, " "); printf "%.1f", (a[1] + a[2]) * 1000 / n }')" ""
}
cost "systemd-cgtop" 4 systemd-cgtop -b -n 4 -d 0.5
cost "podman stats (its own containers)" 1 podman stats --no-stream -a
cost "docker stats (its own containers)" 1 docker stats --no-stream -a
