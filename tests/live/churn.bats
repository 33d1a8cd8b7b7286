#!/usr/bin/env bats
# Cgroups that come and go while vctop looks: no failed sample, no spike, no leaked fd.
# alone: yes
# asan: yes
# limit: 200

load lib

setup_file() {
	live_setup
	need_root
	need jq
	# A directory of its own in every hierarchy that vctop may walk, where Docker's would be.
	local m
	# shellcheck disable=SC2013 # no spaces in them
	for m in $(awk '$0 ~ " - cgroup" && $6 ~ "rw" { print $5 }' /proc/self/mountinfo); do
		case $m in
		*/memory | */cpu | */cpuacct | */cpu,cpuacct | */pids | /sys/fs/cgroup) ;;
		*) continue ;;
		esac
		mkdir -p "$m/$TESTNAME/docker" 2>/dev/null || continue
		remember cgroup "$m/$TESTNAME"
		echo "$m/$TESTNAME/docker" >>"$SCRATCH/groups"
	done
	# Where vctop walks first: memory, then the others.
	[ ! -s "$SCRATCH/groups" ] || { grep memory "$SCRATCH/groups"; grep -v memory "$SCRATCH/groups"; } >"$SCRATCH/sorted"
	mv "$SCRATCH/sorted" "$SCRATCH/groups"
	[ -s "$SCRATCH/groups" ] || skip "no cgroup can be made here"
	# Under ASan it is the code that is tried, not the time.
	case $VCTOP in
	*address*) TICKS=500 ;;
	*) TICKS=900 ;;
	esac
	export TICKS
}
teardown_file() { live_teardown; }
setup() { cd "$SCRATCH" || return 1; }

churn_start() { # SECONDS: one in step over all hierarchies, and one in a hurry in the first alone
	local dirs
	mapfile -t dirs <groups
	"$VCTOP_BUILD/tests/tools/churn" "$1" "${dirs[@]}" >>made 2>>churn.err </dev/null 3>&- &
	remember_pid $!
	echo $! >>churners
	mkdir -p "${dirs[0]%/docker}/hurry/docker"
	"$VCTOP_BUILD/tests/tools/churn" "$1" "${dirs[0]%/docker}/hurry/docker" >>made 2>>churn.err </dev/null 3>&- &
	remember_pid $!
	echo $! >>churners
}
churn_stop() {
	local p
	while read -r p; do
		kill "$p" 2>/dev/null || :
		wait "$p" 2>/dev/null || :
	done <churners
	: >churners
	# What they had alive at that moment.
	while read -r p; do find "${p%/docker}" -depth -mindepth 2 -type d -exec rmdir {} + 2>/dev/null || :; done <groups
}

@test "cgroups made and removed in a tight loop, vctop at 10 ms: no failed sample, no spike, no leaked fd" {
	churn_start 90
	"$VCTOP" --json -d 0.01 -n "$TICKS" >json 2>stderr 3>&- &
	local pid=$! fds=0 most=0 first=0 n
	remember_pid $pid
	sleep 2
	while kill -0 $pid 2>/dev/null; do
		n=$(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)
		[ "$n" -gt 0 ] || break
		[ "$first" != 0 ] || first=$n
		[ "$n" -le "$most" ] || most=$n
		fds=$n
		sleep 0.5
	done
	wait $pid
	equal status $? 0
	churn_stop
	equal stderr "$(cat stderr)" ""
	equal "churn trouble" "$(cat churn.err)" ""
	equal samples "$(wc -l <json)" "$TICKS"
	echo "fds: first $first, most $most, last $fds"
	# Kept fds of a group that is being looked at are no leak; growing with every group seen is.
	within "fds" "$most" 1 $((first + 4000))
	# Whole JSON in every line; no row used more than the machine has, none less than nothing.
	jq -es 'all(.[]; .schema == "vctop.snapshot/1")' json >/dev/null
	local cores
	cores=$(getconf _NPROCESSORS_ONLN)
	jq -c --argjson c "$cores" '.interval_sec as $i | .instances[] | select(.cpu.used_cores != null)
		| select(.cpu.used_cores > $c * 1.02 or .cpu.used_cores < 0)
		| [.runtime, .name[0:24], .cpu.used_cores, $i]' json >spikes
	equal "rows beyond the machine" "$(head -n 5 spikes)" ""
	head -n 5 json | valid /dev/stdin
	tail -n 20 json | valid /dev/stdin
	# It did look at them.
	within "groups seen" "$(jq -r --arg p "/$TESTNAME/" '.instances[] | select(.cgroup != null) | select(.cgroup | contains($p)) | .id' json |
		sort -u | wc -l)" 1 100000000
}

@test "a one-shot shows who took another's place between its two readings, and the first in a group that had none" {
	local a b c d e dir pid
	a=$(printf '%064x' 10) b=$(printf '%064x' 11) c=$(printf '%064x' 12) d=$(printf '%064x' 13) e=$(printf '%064x' 14)
	while read -r dir; do mkdir -p "$dir/$a" "$dir/$b" "$dir/$c" "${dir%/docker}/empty"; done <groups
	"$VCTOP" --json -d 3 >json 2>stderr 3>&- &
	pid=$!
	remember_pid $pid
	sleep 1.5
	while read -r dir; do
		rmdir "$dir/$a" "$dir/$b"
		mkdir -p "$dir/$d" "$dir/$b" "${dir%/docker}/empty/libpod-$e"
	done <groups
	wait $pid
	while read -r dir; do rmdir "$dir/$b" "$dir/$c" "$dir/$d" "${dir%/docker}/empty/libpod-$e" "${dir%/docker}/empty"; done <groups
	equal stderr "$(cat stderr)" ""
	jq -r --arg p "/$TESTNAME/" '.instances[] | select(.cgroup != null) | select(.cgroup | startswith($p)) | .cgroup' json |
		sed 's|.*/||' | sort >shown
	equal shown "$(cat shown)" "$(printf '%s\n' "$b" "$c" "$d" "libpod-$e" | sort)"
}

@test "instances coming and going: fds and memory steady" {
	local i dir pid first_rss="" last_rss first_fds="" last_fds rss fds
	dir=$(head -n 1 groups)
	"$VCTOP" --json -d 0.01 -n 100000 >json 2>stderr 3>&- &
	pid=$!
	remember_pid $pid
	for ((i = 0; i < TICKS / 60; i++)); do
		kill -0 $pid 2>/dev/null || break
		# Twenty instances live for a moment, with other names each time.
		for ((j = 0; j < 20; j++)); do
			while read -r dir; do mkdir "$dir/$(printf '%064x' $((i * 20 + j + 1000)))"; done <groups
		done
		sleep 0.2
		rss=$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status" 2>/dev/null || :)
		fds=$(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l || :)
		while read -r dir; do rmdir "$dir"/0*; done <groups
		[ -n "$rss" ] && [ "$fds" -gt 0 ] || break
		echo "round $i: fds $fds, RSS $rss KiB"
		# The first rounds fill caches and arenas.
		if [ $i = 6 ]; then first_rss=$rss first_fds=$fds; fi
		last_rss=$rss last_fds=$fds
	done
	kill $pid
	wait $pid || :
	equal stderr "$(cat stderr)" ""
	[ $i -gt 7 ] || { echo "only $i rounds"; return 1; }
	echo "$i rounds; fds $first_fds -> $last_fds, RSS $first_rss -> $last_rss KiB"
	within "fds at the end" "$last_fds" 1 $((first_fds + 200))
	case $VCTOP in
	*address*) ;; # the quarantine of freed memory grows by design
	*) within "RSS at the end" "$last_rss" 1 $((first_rss + 1024)) ;;
	esac
	local most
	most=$(jq -r --arg p "/$TESTNAME/" '[.instances[] | select(.cgroup != null) | select(.cgroup | contains($p))] | length' json | sort -n | tail -n 1)
	within "instances at once" "$most" 10 40
}

@test "200 groups a second, each with a process for 3 s: none missed for longer than two ticks, none taken for another of its name or pid" {
	local dirs seconds=10
	need unshare
	mapfile -t dirs <groups
	case $VCTOP in
	*address*) seconds=5 ;;
	esac
	[ -z "${CHURN_SECONDS:-}" ] || seconds=$CHURN_SECONDS
	# In a pid namespace, where the next pid can be chosen: each comes again, for a process of another group.
	# shellcheck disable=SC2016
	unshare --pid --fork --kill-child --mount-proc bash -c '
		"$VCTOP" --json -d 0.5 -n "$1" >json 2>stderr 3>&- &
		pid=$!
		(while n=$(ls /proc/$pid/fd 2>/dev/null) && [ -n "$n" ]; do wc -w <<<"$n"; sleep 0.5; done >fds) &
		sleep 1
		"$VCTOP_BUILD/tests/tools/churn" "$2@200" "${@:3}" >lives 2>churn.err </dev/null 3>&-
		wait' churn $((seconds * 2 + 8)) "$seconds" "${dirs[@]}"
	equal stderr "$(cat stderr)" ""
	equal "churn trouble" "$(cat churn.err)" ""
	equal "groups made" "$(cut -d' ' -f6 lives | sort -u | wc -l)" $((seconds * 200))
	within "pids they had" "$(cut -d' ' -f2 lives | sort -u | wc -l)" 1 $((seconds * 200 * 19 / 20))
	# When a frame was taken is when its reading began; two ticks after a group was complete it must be there.
	jq -c --arg p "/$TESTNAME/docker/" '{t: (.time | sub("\\.(?<ms>[0-9]+)Z$"; "Z") | fromdateiso8601),
		ms: (.time | capture("\\.(?<ms>[0-9]+)Z$").ms | tonumber), s: .self,
		g: ([.instances[] | select(.cgroup != null) | select(.cgroup | startswith($p)) |
			{(.cgroup | split("/") | last): [.pid // 0, .pids, .memory.allocated_bytes]}] | add)}' json >frames
	/usr/bin/python3 -I "$VCTOP_SOURCE/tests/tools/churn-check" lives frames fds
}
