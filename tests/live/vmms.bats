#!/usr/bin/env bats
# VMs of every kind that runs here: QEMU with a balloon whose guest is asked over QMP, a program of unknown name that
# holds a KVM VM, user-mode Linux.
# limit: 240

load lib

setup_file() {
	live_setup
	cd "$SCRATCH" || return 1
	need jq
	qemu_setup
	modules virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_balloon ||
		skip "no balloon module in build/guest"
	initramfs guest.img <<-'SCRIPT'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		mount -t devtmpfs dev /dev
		for m in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_balloon; do
			insmod /modules/$m.ko
		done
		echo READY
		while :; do sleep 100; done
	SCRIPT
	qemu_start balloon guest.img -name "$TESTNAME-balloon,debug-threads=on" -m 256 -smp 2 -device virtio-balloon-pci,id=balloon0 \
		-qmp "unix:$SCRATCH/ctl.sock,server=on,wait=off" -qmp "unix:$SCRATCH/vctop.sock,server=on,wait=off"
	echo "$QEMU_PID" >qemu.pid
	poll 120 console_says balloon READY || {
		tail -n 20 balloon.console
		return 1
	}
}
teardown_file() { live_teardown; }
setup() {
	cd "$SCRATCH" || return 1
	VM=$TESTNAME-balloon
}

modules() { # NAME...: into the initramfs
	local m f
	mkdir -p guest.img.d/modules
	for m; do
		f=$(find "$VCTOP_BUILD/guest/modules" -name "$m.ko" | head -n 1)
		[ -n "$f" ] || return 1
		cp "$f" guest.img.d/modules/
	done
}
# The test's own client, on the test's own monitor:  qmp SOCKET COMMAND [JSON-ARGUMENTS]
qmp() {
	/usr/bin/python3 -I - "$@" <<-'PYTHON'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(10)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		f.readline()
		for c in ({"execute": "qmp_capabilities"}, dict({"execute": sys.argv[2], "id": 1},
		          **({"arguments": json.loads(sys.argv[3])} if len(sys.argv) > 3 else {}))):
		    f.write(json.dumps(c) + "\n")
		    f.flush()
		    while True:
		        a = json.loads(f.readline())
		        if "return" in a or "error" in a:
		            break
		print(json.dumps(a.get("return")))
	PYTHON
}
guest_tells() { qmp ctl.sock qom-get '{"path":"/machine/peripheral/balloon0","property":"guest-stats"}' |
	jq -e '.["last-update"] > 0 and .stats["stat-available-memory"] < 1e12' >/dev/null; }
ballooned_to() { qmp ctl.sock query-balloon | jq -e --argjson n "$1" '.actual == $n' >/dev/null; }
serves() { [[ $(qmp vctop.sock query-status 2>/dev/null) == *running* ]]; }
# A client that stays on a socket, or a server that never says a word:  hold connect|listen SOCKET; HOLDER is its pid
hold() {
	/usr/bin/python3 -I -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
if sys.argv[1] == "connect":
    s.connect(sys.argv[2])
    s.recv(1000)
else:
    s.bind(sys.argv[2])
    s.listen(1)
print("up", flush=True)
time.sleep(60)' "$1" "$2" >"hold.$1" 2>&1 3>&- &
	HOLDER=$!
	remember_pid "$HOLDER"
	poll 10 grep -q up "hold.$1"
}

@test "nobody is asked without --qmp" {
	"$VCTOP" --json >plain
	valid plain
	equal used "$(field plain "$VM" .memory.guest_used_bytes)" null
	[[ $(field plain "$VM" '.unavailable["memory.guest_used_bytes"]') == *"not asked"* ]]
}

@test "statistics that nobody switched on are said to be off, the rest of the answer counts" {
	"$VCTOP" --json --qmp "$SCRATCH/vctop.sock" >off
	valid off
	equal used "$(field off "$VM" .memory.guest_used_bytes)" null
	[[ $(field off "$VM" '.unavailable["memory.guest_used_bytes"]') == *"polling is off"* ]]
	equal balloon "$(field off "$VM" .memory.balloon_bytes)" 0
	equal vcpus "$(field off "$VM" .cpu.vcpus)" 2
	equal allocated "$(field off "$VM" .memory.allocated_bytes)" 268435456
	equal state "$(field off "$VM" .state)" running
}

@test "what the guest uses is total less available, as QEMU itself has it" {
	qmp ctl.sock qom-set '{"path":"/machine/peripheral/balloon0","property":"guest-stats-polling-interval","value":1}'
	poll 20 guest_tells
	"$VCTOP" --json --qmp "$SCRATCH/vctop.sock" >on
	valid on
	local expected
	expected=$(qmp ctl.sock qom-get '{"path":"/machine/peripheral/balloon0","property":"guest-stats"}' |
		jq '.stats["stat-total-memory"] - .stats["stat-available-memory"]')
	about used "$(field on "$VM" .memory.guest_used_bytes)" "$expected" 10
	equal by "$(field on "$VM" .memory.used_by)" guest
	equal "used is guest used" "$(field on "$VM" .memory.used_bytes)" "$(field on "$VM" .memory.guest_used_bytes)"
	# A guest holds on the host whatever it ever touched: more than it uses now.
	within held "$(field on "$VM" .memory.held_bytes)" "$expected" 268435456
	# Nothing was switched by us.
	equal interval "$(qmp ctl.sock qom-get '{"path":"/machine/peripheral/balloon0","property":"guest-stats-polling-interval"}')" 1
}

@test "a balloon that was blown up" {
	qmp ctl.sock balloon '{"value":201326592}'
	poll 20 ballooned_to 201326592
	"$VCTOP" --json --qmp "$SCRATCH/vctop.sock" >blown
	equal balloon "$(field blown "$VM" .memory.balloon_bytes)" 67108864
	equal allocated "$(field blown "$VM" .memory.allocated_bytes)" 268435456
	qmp ctl.sock balloon '{"value":268435456}'
}

@test "a paused VM" {
	qmp ctl.sock stop
	"$VCTOP" --json --qmp "$SCRATCH/vctop.sock" >paused
	qmp ctl.sock cont
	equal state "$(field paused "$VM" .state)" paused
}

@test "another client attached: refused with the reason, and left alone" {
	hold connect "$SCRATCH/vctop.sock"
	"$VCTOP" --json --qmp "$SCRATCH/vctop.sock" >taken
	kill "$HOLDER"
	equal used "$(field taken "$VM" .memory.guest_used_bytes)" null
	[[ $(tail -n 1 taken | jq -r '.notices[] | select(.what | contains("--qmp")) | .why') == *"another client is attached"* ]]
	# Nobody of ours waits in its queue: it serves the next, as soon as the one that was killed has left.
	poll 10 serves
}

@test "only the named socket is connected to" {
	need strace
	strace -f -e trace=connect -o trace "$VCTOP" --json -n 2 --qmp "$SCRATCH/vctop.sock" >/dev/null
	[ "$(grep -c 'connect(' trace)" -ge 1 ]
	if grep 'connect(' trace | grep -v "$SCRATCH/vctop.sock"; then return 1; fi
}

@test "a monitor that hangs delays nothing" {
	hold listen "$SCRATCH/silent.sock"
	local start=${EPOCHREALTIME/./}
	"$VCTOP" --json -n 4 -d 1 --qmp "$SCRATCH/silent.sock" >hung
	local took=$((${EPOCHREALTIME/./} - start))
	kill "$HOLDER"
	within "4 s in usec" "$took" 3900000 5500000
	[[ $(tail -n 1 hung | jq -r '.notices[] | select(.what | contains("silent")) | .why') == *"no answer within 2 s"* ]]
	equal lines "$(wc -l <hung)" 4
	# Ending in the middle of a question waits for nothing.
	hold listen "$SCRATCH/silent2.sock"
	start=${EPOCHREALTIME/./}
	"$VCTOP" --json -n 1 -d 0.1 --qmp "$SCRATCH/silent2.sock" >hung
	took=$((${EPOCHREALTIME/./} - start))
	kill "$HOLDER"
	within "0.1 s in usec" "$took" 90000 1500000
}

@test "a socket that is not there, a file that is none" {
	touch file
	"$VCTOP" --json --qmp "$SCRATCH/none.sock" --qmp "$SCRATCH/file" >none
	equal notices "$(tail -n 1 none | jq '[.notices[] | select(.why | contains("nothing listens"))] | length')" 2
}

@test "a program of any name that holds a KVM VM" {
	[ -w /dev/kvm ] || skip "no /dev/kvm"
	cp "$(command -v qemu-system-x86_64)" "$TESTNAME-vmm"
	# Debian's firmware is found relative to the program.
	"./$TESTNAME-vmm" -L /usr/share/seabios -L /usr/share/qemu -nodefaults -accel kvm -m 64 -smp 2 -display none \
		>kvm.log 2>&1 </dev/null 3>&- &
	local pid=$!
	remember_pid $pid
	poll 10 eval "ls -l /proc/$pid/fd 2>/dev/null | grep -q anon_inode:kvm-vcpu:1" || skip "KVM creates no VM here: $(tail -n 1 kvm.log)"
	"$VCTOP" --json >kvm
	kill $pid
	valid kvm
	local row
	row=$(tail -n 1 kvm | jq -c ".instances[] | select(.pid == $pid)")
	equal runtime "$(jq -r .runtime <<<"$row")" kvm
	equal kind "$(jq -r .kind <<<"$row")" vm
	equal vcpus "$(jq -r .cpu.vcpus <<<"$row")" 2
	# comm has 15 characters.
	equal name "$(jq -r .name <<<"$row")" "$(printf '%.15s' "$TESTNAME-vmm")"
}

@test "user-mode Linux: one VM, its helper processes none" {
	need linux.uml
	mkdir -p uml
	HOME=$SCRATCH/uml linux.uml mem=128M "umid=$TESTNAME-uml" root=/dev/ubdb rootwait "uml_dir=$SCRATCH/uml/" con=null con0=null,fd:1 \
		>uml.log 2>&1 </dev/null 3>&- &
	local pid=$!
	remember_pid $pid
	poll 30 grep -q "Waiting for root device" uml.log || skip "UML does not come up here: $(tail -n 1 uml.log)"
	"$VCTOP" --json >uml.json
	local child children
	children=$(cat /proc/$pid/task/$pid/children)
	kill -9 $pid
	for child in $children; do kill -9 "$child" 2>/dev/null || true; done
	valid uml.json
	equal VMs "$(tail -n 1 uml.json | jq '[.instances[] | select(.runtime == "uml")] | length')" 1
	equal pid "$(field uml.json "$TESTNAME-uml" .pid)" $pid
	equal allocated "$(field uml.json "$TESTNAME-uml" .memory.allocated_bytes)" 134217728
	within held "$(field uml.json "$TESTNAME-uml" .memory.held_bytes)" 4194304 134217728
}
