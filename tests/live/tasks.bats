#!/usr/bin/env bats
# What runs in one instance, as the dashboard shows it, against the kernel's own lists.
# limit: 180

load lib

setup_file() {
	live_setup
	need_root
	need tmux
}
teardown_file() { live_teardown; }
setup() {
	cd "$SCRATCH" || return 1
	SOCKET=vctop-tasks-$$-$BATS_TEST_NUMBER
}
teardown() { tmux -L "$SOCKET" kill-server 2>/dev/null || :; }

screen() { tmux -L "$SOCKET" capture-pane -p; }
shows() { screen | grep -qF -- "$1"; }
# Opens the only row that the name leaves.
look_at() { # NAME
	tmux -L "$SOCKET" -f /dev/null new-session -d -x 120 -y 60 env -u COLUMNS -u LINES LC_ALL=C.UTF-8 "$VCTOP" --no-history -d 0.5 -f "$1"
	poll 30 shows "$1"
	tmux -L "$SOCKET" send-keys "${2:-Enter}"
	[ $# = 1 ] || tmux -L "$SOCKET" send-keys Enter
	poll 30 shows "instance  $1"
}
# The ids in the tile, in order.
listed() { screen | grep -oE '[0-9]+ [RSDZTI] .*' | awk '{ print $1 }' | sort -n | tr '\n' ' '; }
lists() { [ "$(listed)" = "$1" ]; }

@test "the processes of a container, the busiest first" {
	podman_setup
	podman_run "$TESTNAME-many" -- sh -c 'sleep 3600 & sleep 3601 & while :; do :; done' >/dev/null
	local init procs busy rss
	init=$(podman inspect -f '{{.State.Pid}}' "$TESTNAME-many")
	procs=$(cgroup_of "$init" memory)/cgroup.procs
	poll 10 sh -c "[ \$(wc -l <'$procs') = 3 ]"
	look_at "$TESTNAME-many"
	poll 20 lists "$(sort -n "$procs" | tr '\n' ' ')"
	# The loop has used more than a sleeper can; its memory is what ps says.
	poll 20 sh -c "tmux -L '$SOCKET' capture-pane -p | grep -E '[0-9]+ [RSDZTI] ' | head -n 1 | grep -qE '$init [RS] sh +0*[0-9]*\.[0-9]*[1-9]'"
	rss=$(awk '/VmRSS/ { print $2 * 1024 }' "/proc/$init/status")
	busy=$(screen | grep -E "[^0-9]$init [RS] sh" | grep -oE '[0-9.]+[KMG]' | tail -n 1)
	about "memory of the loop" "$(numfmt --from=iec "$busy")" "$rss" 30
	# One more, and one less.
	podman --runtime runc exec -d "$TESTNAME-many" sleep 3602
	poll 20 sh -c "[ \$(wc -l <'$procs') = 4 ]"
	poll 20 lists "$(sort -n "$procs" | tr '\n' ' ')"
	kill -9 "$(pgrep -f 'sleep 3602' | grep -Fxf "$procs")"
	poll 20 lists "$(sort -n "$procs" | tr '\n' ' ')"
}

@test "the vCPUs and other threads of a VM" {
	need qemu-system-x86_64
	local threads
	qemu-system-x86_64 -nodefaults -accel tcg,thread=multi -display none -m 64 -smp 2 -name "$TESTNAME-vm,debug-threads=on" \
		>vm.log 2>&1 </dev/null 3>&- &
	remember_pid $!
	poll 20 sh -c "cat /proc/$!/task/*/comm | grep -q 'CPU 1/TCG'"
	threads=$(find "/proc/$!/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | tr '\n' ' ')
	look_at "$TESTNAME-vm" Tab
	poll 20 lists "$threads"
	shows 'vCPU 0     CPU 0/TCG'
	shows 'vCPU 1     CPU 1/TCG'
	shows 'VMM        qemu-system-x86'
}
