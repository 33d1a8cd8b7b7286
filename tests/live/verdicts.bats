#!/usr/bin/env bats
# Real containers, half a minute of which is played for a day: each gets its state.
# limit: 240

load lib

setup_file() {
	live_setup
	podman_setup
}
teardown_file() { live_teardown; }
setup() { cd "$SCRATCH" || return 1; }

state() { # NAME RESOURCE
	jq -r --arg n "$TESTNAME-$1" --arg r "$2" 'select(.name == $n and .resource == $r) | .verdict | "\(.state) \(.rule)"' verdicts
}
is() { # NAME RESOURCE PATTERN
	local got
	got=$(state "$1" "$2")
	# shellcheck disable=SC2053 # a pattern
	[[ $got == $3 ]] || {
		echo "$1 $2: '$got', expected '$3'"
		jq -r --arg n "$TESTNAME-$1" 'select(.name == $n) | .verdict.reason' verdicts
		return 1
	}
}

@test "idle, busy, oversized, throttled, memory-pressed" {
	podman_run "$TESTNAME-idle" --cpus 0.5 -m 64m -- sleep 600
	podman_run "$TESTNAME-busy" --cpus 0.2 -m 96m -- sh -c 'head -c 60m /dev/zero | tail & while :; do :; done'
	podman_run "$TESTNAME-big" --cpus 1.5 -m 1g -- sh -c 'while :; do i=0; while [ $i -lt 80000 ]; do i=$((i + 1)); done; sleep 0.5; done'
	podman_run "$TESTNAME-throttled" --cpus 0.1 -m 64m -- sh -c 'while :; do :; done'
	podman_run "$TESTNAME-oom" --cpus 0.5 -m 32m --memory-swap 32m -- sh -c 'while :; do dd if=/dev/zero of=/dev/null bs=64M count=1; sleep 3; done'
	sleep 2
	"$VCTOP" --json -n 30 -d 1 --no-history >lines
	valid lines
	# A day and two hours: the same half minute again and again, a line a minute, kills going on.
	# How busy the host of these tests is must not matter, so waiting for CPU is left out.
	jq -sc '. as $l | (length) as $n | range(0; 26 * 60) | . as $i | $l[$i % $n]
		| .time = (1794787200 + $i * 60 | todate) | .interval_sec = 60
		| .instances |= map(.cpu.pressure_some_pct = null | .memory.oom_kills |= (if . == null or . == 0 then . else . + ($i / $n | floor) * 100 end))' lines >day
	[ "$(wc -l <day)" = 1560 ]
	"$VCTOP" judge day >verdicts
	valid_verdicts=$("$VCTOP_SOURCE/tests/tools/validate-json" "$VCTOP_SOURCE/src/doc/vctop.verdict-1.schema.json" <verdicts)
	echo "$valid_verdicts"
	is idle instance "idle *idle"
	is busy cpu "pressured *"
	is busy memory "right_sized memory-fits"
	is big instance "oversized *"
	is big memory "oversized memory-peak"
	is throttled instance "pressured throttled"
	is throttled cpu "pressured throttled"
	is oom memory "pressured oom-kill"
	is oom instance "pressured *"
	jq -r 'select(.resource == "instance") | "\(.name): \(.verdict.state): \(.verdict.reason)"' verdicts
}
