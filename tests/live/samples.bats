#!/usr/bin/env bats
# Samples: a pair starts, is measured and goes; nothing is left behind, even after a kill -9.
# limit: 240

load lib

setup_file() {
	live_setup
	need_root
	need jq
	[ -x "$VCTOP_BUILD/vctop-workload" ] || skip "no vctop-workload was built"
}
teardown_file() {
	"$VCTOP" sample stop "$TESTNAME-c" >/dev/null 2>&1 || :
	"$VCTOP" sample stop "$TESTNAME-v" >/dev/null 2>&1 || :
	live_teardown
}
setup() { cd "$SCRATCH" || return 1; }

held_by() { # NAME LOW HIGH
	local held
	held=$(kernel_memory "$("$VCTOP" sample list --json | jq --arg n "$1" '.samples[] | select(.name == $n) | .pid')")
	[ "$held" -ge "$2" ] && [ "$held" -le "$3" ]
}

@test "a container with caps: started, measured, listed, stopped, nothing left" {
	"$VCTOP" sample start container --name "$TESTNAME-c" --cpus 0.3 --memory 48m --workload cpu --backend builtin >out 2>err || {
		cat out err
		return 1
	}
	sleep 1
	"$VCTOP" --json -n 1 -d 2 >json
	valid json
	equal cores "$(jq --arg n "$TESTNAME-c" '.instances[] | select(.sample == $n) | .cpu.allocated_cores' json)" 0.3
	equal bytes "$(jq --arg n "$TESTNAME-c" '.instances[] | select(.sample == $n) | .memory.allocated_bytes' json)" $((48 << 20))
	within used "$(jq --arg n "$TESTNAME-c" '.instances[] | select(.sample == $n) | .cpu.used_cores' json)" 0.1 0.33
	"$VCTOP" sample list | grep -q "$TESTNAME-c"
	# What it does can be changed; the memory it gives back is its cgroup's again.
	"$VCTOP" sample load "$TESTNAME-c" memory
	poll 5 held_by "$TESTNAME-c" $((24 << 20)) $((48 << 20))
	equal workload "$("$VCTOP" sample list --json | jq -r --arg n "$TESTNAME-c" '.samples[] | select(.name == $n) | .workload')" memory
	"$VCTOP" sample load "$TESTNAME-c" free
	poll 5 held_by "$TESTNAME-c" 0 $((4 << 20))
	run "$VCTOP" sample load "$TESTNAME-c" sleep
	equal status "$status" 2
	# The name is taken.
	run "$VCTOP" sample start container --name "$TESTNAME-c"
	equal status "$status" 1
	"$VCTOP" sample stop "$TESTNAME-c"
	equal left "$(left_of_sample "$TESTNAME-c")" ""
}

@test "a VM: started, measured, stopped, nothing left" {
	qemu_setup
	"$VCTOP" sample start vm --name "$TESTNAME-v" --cpus 1 --memory 128m --workload idle >out 2>err || {
		cat out err
		return 1
	}
	"$VCTOP" --json -n 1 -d 1 >json
	valid json
	equal cores "$(jq --arg n "$TESTNAME-v" '.instances[] | select(.sample == $n) | .cpu.vcpus' json)" 1
	# Its guest says what it uses of its RAM: less than what it was given.
	within "used inside" "$(jq --arg n "$TESTNAME-v" '.instances[] | select(.sample == $n) | .memory.guest_used_bytes' json)" $((4 << 20)) $((100 << 20))
	equal bytes "$(jq --arg n "$TESTNAME-v" '.instances[] | select(.sample == $n) | .memory.allocated_bytes' json)" $((128 << 20))
	# It is told through its serial port, and answers.
	"$VCTOP" sample load "$TESTNAME-v" cpu
	poll 10 grep -q 'vctop-done cpu' "/run/vctop/vm-$TESTNAME-v/report"
	"$VCTOP" --json -n 1 -d 2 >json
	within used "$(jq --arg n "$TESTNAME-v" '.instances[] | select(.sample == $n) | .cpu.used_cores' json)" 0.4 1.3
	"$VCTOP" sample stop "$TESTNAME-v"
	equal left "$(left_of_sample "$TESTNAME-v")" ""
	run "$VCTOP" sample load "$TESTNAME-v" idle
	equal status "$status" 1
}

@test "killed with -9 while it starts a sample: the next command cleans up" {
	local delay pid
	for delay in 0.005 0.02 0.05 0.1 0.2; do
		"$VCTOP" sample start container --name "$TESTNAME-c" --workload cpu --backend builtin >out 2>err 3>&- &
		pid=$!
		sleep "$delay"
		kill -9 $pid 2>/dev/null || :
		wait $pid 2>/dev/null || :
		# Either it had come up whole, or nothing is left.
		if "$VCTOP" sample list | grep -q "$TESTNAME-c"; then "$VCTOP" sample stop "$TESTNAME-c"; fi
		equal "left after $delay s" "$(left_of_sample "$TESTNAME-c")" ""
	done
}

@test "vctop --demo without a terminal: both are shown, then removed" {
	local name
	"$VCTOP" --demo >table 2>err </dev/null || {
		cat table err
		return 1
	}
	grep -q CONTAINERS table
	grep -q 'VIRTUAL MACHINES' table
	grep -q 'vctop ' table
	# Others may come and go meanwhile; these are its own.
	name=$(grep -oE 'pair-[0-9]+' table | head -n 1)
	[ -n "$name" ]
	equal "samples left" "$("$VCTOP" sample list | grep -c -- "$name-")" 0
}

@test "another vctop's samples, with a /run of its own, are left alone" {
	local out="$SCRATCH/private"
	unshare -m sh -c "mount -t tmpfs none /run && '$VCTOP' sample start container --name $TESTNAME-c && touch '$out' &&
		while [ -e '$out' ]; do sleep 0.1; done; '$VCTOP' sample list; '$VCTOP' sample stop $TESTNAME-c" >list 2>err 3>&- &
	poll 10 [ -e "$out" ]
	"$VCTOP" sample start container --name "$TESTNAME-v"
	"$VCTOP" sample stop "$TESTNAME-v"
	rm "$out"
	wait $! || {
		cat list err
		return 1
	}
	grep -q "^$TESTNAME-c.*running" list
	equal left "$(left_of_sample "$TESTNAME-c")" ""
}
