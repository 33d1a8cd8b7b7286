#!/usr/bin/env bats
# vctop compare for real: relations that must hold between the places, and nothing left behind.
# limit: 400

load lib

setup_file() {
	live_setup
	need_root
	need jq
	[ -x "$VCTOP_BUILD/vctop-workload" ] || skip "no vctop-workload was built"
	SUBJECTS=process,builtin
	command -v runc >/dev/null && SUBJECTS=$SUBJECTS,runc
	command -v podman >/dev/null && SUBJECTS=$SUBJECTS,podman
	timeout 5 docker info >/dev/null 2>&1 && SUBJECTS=$SUBJECTS,docker
	command -v qemu-system-x86_64 >/dev/null && [ -e "$KERNEL" ] && SUBJECTS=$SUBJECTS,qemu,microvm
	export SUBJECTS
	"$VCTOP" compare --runs 2 --subjects "$SUBJECTS" --json >"$SCRATCH/json" 2>"$SCRATCH/err" || :
}
teardown_file() { live_teardown; }
setup() { cd "$SCRATCH" || return 1; }

# Whatever a comparison run by this suite could leave.
left_of() { # PID of the comparison
	{
		pgrep -a -f -- "compare-[a-z-]*-$1" | grep -v bats || :
		find /sys/fs/cgroup -type d -name "*compare-*-$1"
		find /run/vctop -name "*compare-*-$1*" 2>/dev/null
		grep -E "compare-[a-z-]*-$1" /proc/self/mountinfo || :
		if command -v podman >/dev/null; then podman ps -a --format '{{.Names}}' | grep -E -- "compare-[a-z-]*-$1\$" || :; fi
		if command -v podman >/dev/null; then podman images --format '{{.Repository}}:{{.Tag}}' | grep -E -- "compare-[a-z-]*-$1\$" || :; fi
	} | head -n 5
}
of() { # SUBJECT KEY: its median
	jq -r --arg id "$1" ".subjects[] | select(.id == \$id) | .$2.median // \"none\"" json
}
measured() { # SUBJECT
	[ "$(jq -r --arg id "$1" '.subjects[] | select(.id == $id) | .skipped' json)" = null ] ||
		skip "$1: $(jq -r --arg id "$1" '.subjects[] | select(.id == $id) | .skipped' json)"
}
below() { # WHAT SMALL LARGE
	awk -v s="$2" -v l="$3" 'BEGIN { exit !(s + 0 < l + 0) }' || { echo "$1: $2 is not below $3"; return 1; }
}

@test "the comparison ran, and its JSON follows the schema" {
	[ -s json ] || { cat err; return 1; }
	"$VCTOP_SOURCE/tests/tools/validate-json" "$VCTOP_SOURCE/src/doc/vctop.compare-1.schema.json" <json
	equal process "$(jq -r '.subjects[] | select(.id == "process") | .skipped' json)" null
}

@test "a container gives memory back, a VM does not, ballooned it does" {
	local id load
	load=$(jq .allocation.load_bytes json)
	for id in process builtin runc podman docker; do
		[[ ,$SUBJECTS, == *,$id,* ]] || continue
		below "$id: load" "$load" "$(of $id memory.load.held_bytes)"
		# What is left of the load is below a hundredth: page tables, and pages on their way back.
		within "$id: after free" "$(of $id memory.freed.held_bytes)" 1 "$(calc "$(of $id memory.idle.held_bytes) + $load / 100")"
	done
	measured qemu
	below "VM: keeps it" "$(calc "$(of qemu memory.load.held_bytes) * 0.95")" "$(of qemu memory.freed.held_bytes)"
	below "VM: idle before" "$(calc "$(of qemu memory.idle.held_bytes) * 1.2")" "$(of qemu memory.freed.held_bytes)"
	below "VM: ballooned" "$(of qemu memory.freed.ballooned_bytes)" "$(calc "$(of qemu memory.freed.held_bytes) - $load / 2")"
	below "VM: reporting" "$(of qemu memory.freed.reporting_bytes)" "$(calc "$(of qemu memory.freed.held_bytes) - $load / 2")"
}

@test "what is held while idle is the sum of its parts" {
	jq -e '[.subjects[] | select(.skipped == null) | .memory.idle |
		[.workload_bytes, .helpers_bytes, .vmm_bytes, .guest_bytes] as $parts |
		([$parts[].min // 0] | add) as $low | ([$parts[].max // 0] | add) as $high |
		.held_bytes.median | . >= $low - 1 and . <= $high + 1] | all' json
}

@test "a container starts before a VM does, and its phases add up to the whole" {
	jq -e '[.subjects[] | select(.skipped == null) | .start |
		select((.phases | length > 0) and .phases[0].runs == .total_sec.runs) |
		([.phases[].min] | add) as $low | ([.phases[].max] | add) as $high |
		.total_sec.median | . >= $low - 0.001 and . <= $high + 0.001] | all' json
	measured qemu
	below start "$(of builtin start.total_sec)" "$(of qemu start.total_sec)"
	below "system call" "$(of builtin cpu.syscall_sec)" "$(of qemu cpu.switch_sec)"
}

@test "an emulated VM is called one; each has its own kernel or the host's" {
	equal kernel "$(jq -r '.subjects[] | select(.id == "builtin") | .facts.kernel' json)" "$(uname -r)"
	equal pid "$(jq -r '.subjects[] | select(.id == "builtin") | .facts.pid' json)" 1
	measured qemu
	[ "$(jq -r '.subjects[] | select(.id == "qemu") | .facts.kernel' json)" != "$(uname -r)" ]
	if [ ! -e /dev/kvm ] || [ -e /run/vctop/kvm-silent ]; then
		equal emulated "$(jq -r '.subjects[] | select(.id == "qemu") | .emulated' json)" true
	fi
}

@test "Ctrl-C: what was measured until then is told, nothing is left" {
	local pid
	"$VCTOP" compare --runs 3 --subjects "$SUBJECTS" --json >part 2>err 3>&- &
	pid=$!
	sleep 5
	kill -INT $pid
	wait $pid || :
	equal interrupted "$(jq .interrupted part)" true
	equal left "$(left_of $pid)" ""
}

@test "kill -9 at any moment: the next command leaves nothing" {
	local delay pid
	for delay in 0.3 1.1 2.2 3.7 5.5; do
		"$VCTOP" compare --runs 1 --subjects "$SUBJECTS" --json >part 2>err 3>&- &
		pid=$!
		sleep "$delay"
		kill -9 $pid
		wait $pid || :
		"$VCTOP" sample list >/dev/null
		equal "left after $delay s" "$(left_of $pid)" ""
	done
}

# Killed in the middle of writing, podman leaves an image that makes "podman images" fail from then on.
@test "kill -9 while podman writes: the next command leaves nothing, and podman's store is whole" {
	[[ ,$SUBJECTS, == *,podman,* ]] || skip "podman is not installed"
	local order delay pid seen=""
	for delay in 0 0.06 0.12; do
		for order in import run commit; do
			"$VCTOP" compare --runs 1 --subjects podman --json >part 2>err 3>&- &
			pid=$!
			poll 20 eval "! kill -0 $pid 2>/dev/null || pgrep -P $pid -f 'podman( --runtime runc)? $order' >/dev/null"
			if kill -0 $pid 2>/dev/null; then seen="$seen $order"; fi
			sleep $delay
			kill -9 $pid 2>/dev/null || :
			wait $pid || :
			"$VCTOP" sample list >/dev/null
			equal "left of $order after $delay s" "$(left_of $pid)" ""
			podman images -a >/dev/null
		done
	done
	echo "killed during:$seen"
	[[ $seen == *run* && $seen == *commit* ]]
}

@test "--dry-run starts nothing and tells commands that a shell takes" {
	"$VCTOP" compare --dry-run --subjects "$SUBJECTS" >plan 2>err
	grep -q 'vctop-workload --workload idle' plan
	bash -n plan
}
