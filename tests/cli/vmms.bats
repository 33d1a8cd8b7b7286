#!/usr/bin/env bats
# One fixture tree for each VMM: who is found, by what name, with what it was given and what it uses.
# The trees are written by tests/tools/make-vmm-fixtures, the goldens by `make bless`.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	vctop=${VCTOP:-build/vctop}
}

vms() { # NAME FILTER
	"$vctop" --root "tests/fixtures/vmm-$1" --json | jq -e "$2" >/dev/null
}

@test "every VMM's tree gives its golden" {
	local bad=0 c v
	while read -r c v; do
		case $c in vmm-*) tests/tools/golden.sh check "$c" "$v" || bad=1 ;; esac
	done < <(tests/tools/golden.sh list)
	return $bad
}

@test "CPU by hand: vCPUs 0.50, 0.25, ..., the VMM 0.05, helpers beside it" {
	vms libvirt '.instances[] | select(.pid == 2000) | .cpu | .used_cores == 0.9 and .guest_cores == 0.75 and .steal_cores == 0.1'
	vms crosvm '.instances[] | .cpu | .used_cores == 0.82 and .guest_cores == 0.75'
	vms uml '.instances[] | .cpu.used_cores == 0.26'
	vms kvmtool '.instances[] | select(.pid == 2100) | .cpu | .vcpus == 4 and .used_cores == 1.3'
}

@test "a quarter of guest RAM is held, whatever marks it" {
	local name
	for name in libvirt proxmox incus machined firecracker cloud-hypervisor crosvm kvmtool libkrun vmware; do
		vms "$name" '[.instances[] | select(.kind == "vm" and .state == "running" and .name != "db") | .memory.held_bytes * 4 == .memory.allocated_bytes] | all'
	done
}

@test "files name VMs; a file that outlived its VM does not" {
	vms libvirt '[.instances[].name] | sort == ["db", "old", "shop-front", "spare"]'
	vms libvirt '[.instances[] | select(.state == "stopped").name] | sort == ["old", "spare"]'
	vms libvirt '.instances[] | select(.name == "db") | .state == "paused" and .memory.allocated_bytes == 2147483648'
	vms proxmox '.instances[0] | .name == "mail" and .labels["vctop.manager-id"] == "101"'
	vms machined '.instances[0] | .name == "fedora" and .cpu.guest_cores == 0.75'
}

@test "caps of libvirt's groups: half a core for each vCPU, not the emulator's tenth" {
	vms libvirt '.instances[] | select(.name == "shop-front") | .cpu.allocated_cores == 1 and .cpu.allocated_by == "cpu.max"'
}

@test "pairs count once: Kata's VM, gVisor's container, libkrun in its container" {
	vms kata '.totals.vm.nested == 0 and .totals.container.nested == 2 and .totals.container.running == 2'
	vms kata '(.instances[] | select(.name == "app").parent) == (.instances[] | select(.name == "default/shop").id)'
	vms gvisor '.totals.vm.running == 0 and ([.instances[] | .runtime == "gvisor" and .kind == "container"] | all)'
	vms libkrun '.totals.vm | .running == 2 and .nested == 1'
}

@test "what is no VM: a device model, device processes, probes, a manager's window" {
	vms xen '.instances == []'
	vms crosvm '.instances | length == 1'
	vms kvm '[.instances[].pid] == [2000]'
	vms virtualbox '.instances | length == 2'
	vms hostile '[.instances[] | select(.pid >= 2900)] == []'
}

@test "a hostile tree: no file behind a slow mount is read, no entity expanded, no control character shown" {
	vms hostile '.instances[] | select(.name == "remote") | .memory.allocated_bytes == null'
	vms hostile '.instances[] | select(.name == "bomb")'
	vms hostile '[.. | strings | test("[\u0000-\u001f\u007f\u202a-\u202e]")] | any | not'
}
