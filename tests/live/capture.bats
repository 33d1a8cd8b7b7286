#!/usr/bin/env bats
# A captured tree shows elsewhere what the live host showed, and nothing of the machine it is read on.

load lib

setup_file() {
	live_setup
	need jq
}
teardown_file() { live_teardown; }
setup() { cd "$SCRATCH" || return 1; }

@test "a tree captured from this host has its instances, caps and numbers, without its names" {
	need_root
	qemu-system-x86_64 -nodefaults -accel tcg -m 96 -smp 2 -name "$TESTNAME-secret" -S -display none >/dev/null 2>&1 </dev/null 3>&- &
	remember_pid $!
	poll 20 maps_ram $!
	VCTOP=$VCTOP "$VCTOP_SOURCE/tests/tools/capture-tree" "$SCRATCH/tree"
	"$VCTOP" --root "$SCRATCH/tree" --json >json
	valid json
	equal "RAM" "$(jq '[.instances[] | select(.kind == "vm" and .memory.allocated_bytes == 100663296)] | length > 0' json)" true
	equal "vCPUs" "$(jq '[.instances[] | select(.memory.allocated_bytes == 100663296)][0].cpu.allocated_cores' json)" 2
	equal "its name" "$(grep -rc "$TESTNAME-secret" "$SCRATCH/tree" | grep -vc ':0$')" 0
	equal "CPUs" "$(jq .host.cpu.capacity_cores json)" "$(getconf _NPROCESSORS_ONLN)"
	equal "placement" "$(jq -r .host.placement json)" "$("$VCTOP" --json -d 0.05 | jq -r .host.placement)"
}
