#!/bin/bash
# What a tick costs, in one run: vctop, the floor (a C loop that preads the same counters from kept fds once a tick), and
# the monitors that are installed here.  CGROUPS=1000 groups named as Docker names them, a process in each, BUSY=100 of
# which work; root.  They are alone there: namespaces of their own (alone.sh).
set -u
cd "$(dirname "$0")/../.." || exit 2
vctop=${VCTOP:-$PWD/build/vctop}
tools=$PWD/build/tests/tools
groups=${CGROUPS:-1000}
busy=${BUSY:-$((groups / 10))}
interval=${INTERVAL:-1}

if [ "${1:-}" != --alone ]; then
	export CGROUPS=$groups BUSY=$busy
	tests/bench/alone.sh "$0" --alone || exit
	tests/bench/daemons.sh
	exit
fi

ulimit -n "$(ulimit -H -n)"
dirs=()
for d in $GROUPS_AT; do
	case $d in */devices | */systemd) continue ;; esac
	mkdir "$d/docker"
	for f in cpuset.cpus cpuset.mems; do [ ! -e "$d/$f" ] || [ -s "$d/docker/$f" ] || cat "$d/$f" >"$d/docker/$f"; done
	[ ! -e "$d/docker/cgroup.clone_children" ] || echo 1 >"$d/docker/cgroup.clone_children"
	[ "$d" != /sys/fs/cgroup ] || for c in $(cat "$d/cgroup.controllers"); do echo "+$c" >"$d/docker/cgroup.subtree_control"; done
	dirs+=("$d/docker")
done
coproc HERD { exec "$tools/herd" "$groups" "$busy" "${dirs[@]}"; }
herd=$HERD_PID
read -r _ <&"${HERD[0]}" || { echo "bench: the groups could not be made" >&2; exit 1; }
sleep 2

# The counters of all groups: those needed for CPU, memory and working set, and all that vctop reads of a busy one.
list() { # FILE...
	local d f
	for d in "${dirs[@]}"; do
		for f; do
			case $d/$f in
			*/cpu/docker/cpu.stat | */cpu,cpuacct/docker/cpu.stat | */unified/docker/cpu.stat) [ $# -gt 6 ] || continue ;;
			*/unified/docker/memory.stat) continue ;;
			esac
			[ ! -e "$d/$(printf %064x 0)/$f" ] || printf "$d/%064x/$f\n" $(seq 0 $((groups - 1)))
		done
	done
}
needed=$(mktemp) all=$(mktemp)
trap 'rm -f "$needed" "$all"' EXIT
list cpuacct.usage cpu.stat memory.usage_in_bytes memory.current memory.stat >"$needed"
list cpuacct.usage cpu.stat memory.usage_in_bytes memory.current memory.stat memory.oom_control memory.failcnt \
	memory.max_usage_in_bytes memory.events memory.peak memory.swap.current pids.current io.stat \
	blkio.throttle.io_service_bytes_recursive cpu.pressure memory.pressure cgroup.events freezer.state |
	grep -v unified/docker/.*/cpu.stat >"$all"

echo "$groups cgroups of one process, $busy of them busy; every $interval s; $(nproc) CPUs, Linux $(uname -r)"
printf '%-32s %9s %8s %9s %10s %8s %9s\n' "" "CPU ms" "x floor" syscalls "tty bytes" "RSS MiB" "first ms"
floor=$("$tools/floor" 10 "$interval" <"$needed" | awk '{ print $1 / 1000 }')
floors() { # NAME FILE
	local ms
	ms=$("$tools/floor" 10 "$interval" <"$2" | awk '{ print $1 / 1000 }')
	awk -v name="$1" -v ms="$ms" -v n="$(wc -l <"$2")" -v floor="$floor" \
		'BEGIN { printf "%-32s %9.2f %8.2f %9d\n", name, ms, ms / floor, n }'
}
floors "floor: CPU, memory, working set" "$needed"
floors "floor: all counters of vctop" "$all"
cost() { /usr/bin/python3 -I tests/bench/cost.py "$1" "$2" "$floor" "${@:3}"; }
cost "vctop" "$interval" "$vctop" --no-history -d "$interval"
cost "vctop --json" "$interval" "$vctop" --no-history --json -n 1000 -d "$interval"
cost "systemd-cgtop" "$interval" systemd-cgtop -d "$interval" /
cost "systemd-cgtop --batch" "$interval" systemd-cgtop -b -d "$interval" /
cost "top" "$interval" top -d "$interval"
cost "htop" "$interval" htop -d "$(awk -v i="$interval" 'BEGIN { print int(i * 10) }')"
cost "atop" "$interval" atop "$interval"
cost "btop" "$interval" btop
cost "below" "$interval" below live --interval-s "$interval"

once() { # CPU of one answer, from start to end
	local t
	t=$( (TIMEFORMAT='%U %S'; time "$vctop" --json --no-history -d 0.2 >/dev/null) 2>&1 | tail -n 1)
	awk -v t="$t" -v n="$groups" 'BEGIN { split(t, a, " "); ms = (a[1] + a[2]) * 1000
		printf "one vctop --json, start to end: %.0f ms of CPU, %.0f us an instance\n", ms, ms * 1000 / n }'
}
once
eval "exec ${HERD[1]}>&-"
wait "$herd"
