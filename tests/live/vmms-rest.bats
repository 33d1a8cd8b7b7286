#!/usr/bin/env bats
# Firecracker and Cloud Hypervisor: the real ones where they are installed, else programs that stand in for them, refuse
# what the documents do not describe, and boot what they are given.
# limit: 300

load lib

setup_file() {
	live_setup
	need_root
	need jq python3 qemu-system-x86_64 curl
	[ "$(uname -m)" = x86_64 ] || skip "these VMMs are started on x86 alone"
	[ -x "$VCTOP_BUILD/vctop-workload" ] || skip "no vctop-workload was built"
	[ -e "$KERNEL" ] || skip "no guest kernel was fetched"
	(exec 3<>/dev/kvm) 2>/dev/null || skip "/dev/kvm does not open"
	mkdir "$SCRATCH/bin"
	for vmm in firecracker cloud-hypervisor; do
		command -v $vmm >/dev/null || ln -s "$VCTOP_SOURCE/tests/tools/stand-in-vmm" "$SCRATCH/bin/$vmm"
	done
	export PATH=$SCRATCH/bin:$PATH
	for vmm in firecracker cloud-hypervisor; do
		VMMS="${VMMS-} $vmm"
	done
	export VMMS
}
teardown_file() {
	for vmm in $VMMS; do "$VCTOP" sample stop "$TESTNAME-$vmm" >/dev/null 2>&1 || :; done
	live_teardown
}
setup() { cd "$SCRATCH" || return 1; }

dir_of() { echo "/run/vctop/vm-$1"; }
says() { grep -q "$2" "$(dir_of "$1")/report"; }
of() { jq -r --arg id "$1" ".subjects[] | select(.id == \$id) | .$2" json; }

@test "a guest starts, takes orders, is shown, ends; nothing is left" {
	local vmm name
	for vmm in $VMMS; do
		name=$TESTNAME-$vmm
		"$VCTOP" sample start vm --backend "$vmm" --name "$name" --memory 192M --cpus 2 >out 2>err || { cat out err; return 1; }
		grep -q "$vmm, 2.00 cores" out
		"$VCTOP" sample load "$name" memory
		poll 60 says "$name" 'vctop-done memory'
		"$VCTOP" sample load "$name" free
		"$VCTOP" --json >json
		valid json
		equal "$vmm: shown" "$(jq --arg n "$name" '[.instances[] | select(.sample == $n)] | length' json)" 1
		[ ! -e "$(dir_of "$name")/vmlinux" ] # the guest has it
		"$VCTOP" sample stop "$name"
		equal "$vmm: left" "$(left_of_sample "$name" "$name")" ""
	done
}

@test "the comparison measures both as it measures others" {
	local vmm
	"$VCTOP" compare --runs 1 --subjects process,firecracker,cloud-hypervisor --json >json 2>err || { cat err; return 1; }
	"$VCTOP_SOURCE/tests/tools/validate-json" "$VCTOP_SOURCE/src/doc/vctop.compare-1.schema.json" <json
	for vmm in $VMMS; do
		equal "$vmm" "$(of "$vmm" skipped)" null
		for figure in start.total_sec stop.total_sec memory.idle.held_bytes memory.idle.vmm_bytes memory.idle.guest_bytes \
			cpu.syscall_sec disk.image_bytes state.pause_sec state.resume_sec state.snapshot_sec; do
			[ "$(of "$vmm" "$figure.median")" != null ] || { echo "$vmm: no $figure: $(of "$vmm" "$figure.why")"; return 1; }
		done
		# All of the memory is in a snapshot, and a guest keeps what its workload freed.
		[ "$(of "$vmm" state.snapshot_bytes.median)" -ge $((256 << 20)) ]
		[ "$(of "$vmm" memory.freed.held_bytes.median)" -gt $((128 << 20)) ]
		[ "$(of "$vmm" facts.kernel)" != "$(uname -r)" ]
	done
	equal left "$(left_of_sample "compare-(firecracker|cloud)" "compare-(firecracker|cloud)")" ""
}

@test "kill -9 of the starter at any moment: the next command leaves nothing" {
	local delay pid vmm killed=0
	for vmm in $VMMS; do
		for delay in 0.1 0.5 1; do
			"$VCTOP" sample start vm --backend "$vmm" --name "$TESTNAME-$vmm" >/dev/null 2>err 3>&- &
			pid=$!
			sleep "$delay"
			if kill -9 $pid; then killed=$((killed + 1)); else "$VCTOP" sample stop "$TESTNAME-$vmm"; fi # it was fast
			wait $pid || :
			"$VCTOP" sample list >/dev/null
			equal "$vmm: left after $delay s" "$(left_of_sample "$TESTNAME-$vmm" "$TESTNAME-$vmm")" ""
		done
	done
	[ $killed -ge 2 ]
}

@test "what a VMM complains of is told; what it lacks is named" {
	mkdir -p broken
	printf '#!/bin/sh\necho "Error: no such luck" >&2\nexit 1\n' >broken/firecracker
	chmod +x broken/firecracker
	PATH=$PWD/broken:$PATH run "$VCTOP" sample start vm --backend firecracker --name "$TESTNAME-firecracker"
	equal status "$status" 1
	[[ $output = *"no such luck"* ]]
	run "$VCTOP" sample start vm --backend firecracker --cpus 33 --name "$TESTNAME-firecracker"
	equal status "$status" 2
	[[ $output = *"at most 32 vCPUs"* ]]
	equal left "$(left_of_sample "$TESTNAME-firecracker" "$TESTNAME-firecracker")" ""
}

@test "--dry-run tells commands that a shell takes" {
	"$VCTOP" compare --dry-run --subjects firecracker,cloud-hypervisor >plan 2>err
	grep -q -- '--config-file DIR/config' plan
	grep -q -- '--serial tty' plan
	bash -n plan
}
