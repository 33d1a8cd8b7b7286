#!/usr/bin/env bats
# Pure cgroup v2, for real: Debian's cloud kernel under QEMU TCG, where a script makes a tree with limits at several
# levels, works in it, and lets vctop look.  Everything comes out over the serial console and is judged here.
# limit: 400

load lib

A=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
B=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
C=cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
D=dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
E=eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee

setup_file() {
	live_setup
	cd "$SCRATCH" || return 1
	qemu_setup
	need jq
	local lib root=guest.img.d
	mkdir -p $root/{bin,usr/local/bin,usr/local/libexec/vctop}
	cp "$VCTOP" $root/usr/local/bin/vctop
	cp "$VCTOP_BUILD/tests/tools/herd" "$VCTOP_BUILD"/tests/unit/test_{bulk,processes} $root/usr/local/bin/
	[ ! -e "$VCTOP_BUILD/vctop-workload" ] || cp "$VCTOP_BUILD/vctop-workload" $root/usr/local/bin/
	[ ! -e "$VCTOP_BUILD/vctop-workload" ] || cp "$VCTOP_BUILD/vctop-workload" $root/usr/local/libexec/vctop/
	for lib in $(for p in "$VCTOP" "$VCTOP_BUILD"/tests/unit/test_{bulk,processes}; do ldd "$p"; done | grep -o '/[^ ]*' | sort -u); do
		mkdir -p "$root/${lib%/*}"
		cp -L "$lib" "$root$lib"
	done
	truncate -s 64M disk.img # page cache needs something to read
	guest_script | initramfs guest.img
	APPEND="cgroup_no_v1=all psi=1" qemu_start guest guest.img -m 512 -smp 2 \
		-drive file=disk.img,if=none,id=d,format=raw -device nvme,drive=d,serial=1
	poll 300 console_says guest ===THE-END || {
		echo "the guest did not come to its end:"
		tail -n 20 guest.console
		return 1
	}
	tr -d '\r' <guest.console >console
	local name
	for name in first json plain stderr sample sample-json sample-stop files-after doctor bulk processes cost-0 cost-0-files cost-10 cost-100; do
		sed -n "/^===BEGIN $name\$/,/^===END $name\$/{//!p}" console >"$name"
	done
}
teardown_file() { live_teardown; }

guest_script() {
	cat <<-SCRIPT
		#!/bin/busybox sh
		A=$A B=$B C=$C D=$D E=$E
	SCRIPT
	cat <<-'SCRIPT'
		/bin/busybox --install -s /bin
		export PATH=/bin:/usr/local/bin TERM=linux
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		mount -t devtmpfs dev /dev
		mkdir -p /run /var/lib /sys/fs/cgroup
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		echo 1 >/proc/sys/kernel/printk
		cd /sys/fs/cgroup
		all="+cpu +memory +pids +io +cpuset"
		give() { # GROUP: make it, with every controller for its children
			mkdir -p "$1"
			local p=.
			for part in $(echo "$1" | tr / ' '); do
				echo "$all" >$p/cgroup.subtree_control
				p=$p/$part
			done
		}
		work() { # GROUP COMMAND...: run it there
			g=$1
			shift
			(echo 0 >"$g/cgroup.procs" && exec "$@") &
		}
		# A: caps of its own; the processes are one level further down, as podman with the systemd driver does it.
		a=machine.slice/libpod-$A.scope
		give $a/container
		echo "30000 100000" >$a/cpu.max
		echo 67108864 >$a/memory.max
		work $a/container sh -c 'while :; do :; done'
		# B: its own memory cap is wider than that of the slice above, which it shares with all in it.
		b=system.slice/docker-$B.scope
		give $b
		echo "50000 100000" >system.slice/cpu.max
		echo 100663296 >system.slice/memory.max
		echo 134217728 >$b/memory.max
		work $b sleep 1000
		# C: below a pod; CPU from the pod, memory from its own memory.high, which is lower than its memory.max.
		pod=kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod11111111_2222_3333_4444_555555555555.slice
		c=$pod/docker-$C.scope
		give $c
		echo "20000 100000" >$pod/cpu.max
		echo 83886080 >$pod/memory.max
		echo "40000 100000" >$c/cpu.max
		echo 209715200 >$c/memory.max
		echo 41943040 >$c/memory.high
		work $c sh -c 'while :; do :; done'
		# D: one CPU of two by cpuset, page cache (the device stays open) to be told from what it needs.
		d=docker/$D
		give $d
		echo 0 >$d/cpuset.cpus
		work $d sh -c 'exec 9</dev/nvme0n1; dd of=/dev/null bs=1M count=24 <&9 2>/dev/null; exec sleep 1000'
		# E: nothing caps it.
		e=docker/$E
		give $e
		work $e sleep 1000
		sleep 3
		begin() { echo "===BEGIN $1"; }
		end() { echo "===END $1"; }
		vctop --json -n 2 -d 2 >/json 2>/stderr
		echo "status $?" >>/stderr
		for g in $a $b $c $d $e; do
			echo "$g current $(cat $g/memory.current)"
			echo "$g inactive_file $(sed -n 's/^inactive_file //p' $g/memory.stat)"
			echo "$g peak $(cat $g/memory.peak)"
		done >/files-after
		vctop -b -n 1 -d 0.2 >/plain 2>&1
		vctop doctor >/doctor 2>&1
		vctop sample start container --cpus 0.5 --memory 32m --workload cpu --name v2 >/sample 2>&1
		echo "status $?" >>/sample
		sleep 1
		vctop --json -n 1 -d 2 >/sample-json 2>&1
		vctop sample stop --all >/sample-stop 2>&1
		echo "status $?" >>/sample-stop
		find /sys/fs/cgroup -name '*vctop*' >>/sample-stop
		for f in json stderr files-after plain doctor sample sample-json sample-stop; do
			begin $f
			cat /$f
			end $f
		done
		begin bulk
		CMOCKA_MESSAGE_OUTPUT=TAP test_bulk 2>&1
		end bulk
		begin processes
		CMOCKA_MESSAGE_OUTPUT=TAP test_processes 2>&1
		end processes
		# Many, of which some work: what does a tick read?
		mkdir -p docker
		cost() { # NAME BUSY OPTION...
			name=$1 busy=$2
			shift 2
			mkfifo /stop
			herd 100 $busy /sys/fs/cgroup/docker </stop >/ready &
			exec 8>/stop
			until grep -q ready /ready; do sleep 0.2; done
			begin $name
			vctop --json --no-history -n 11 -d 1 "$@" 2>&1 | grep -o '"self":{[^}]*}' | tail -n 8
			end $name
			exec 8>&-
			wait $!
			rm /stop
		}
		cost cost-0 0
		cost cost-0-files 0 --no-bpf
		cost cost-10 10
		cost cost-100 100
		echo ===THE-END
		reboot -f
	SCRIPT
}

setup() { cd "$SCRATCH" || return 1; }
row() { # ID EXPRESSION: of the container with that id
	tail -n 1 json | jq -r --arg id "$1" ".instances[] | select(.id | endswith(\$id)) | $2"
}
kernel() { # ID KEY
	awk -v id="$1" -v k="$2" 'index($1, id) && $2 == k { print $3 }' files-after
}

@test "v2 guest: vctop ran, both lines follow the schema, layout unified" {
	equal stderr "$(cat stderr)" "status 0"
	equal "validated" "$(valid json)" "2 valid"
	equal layout "$(tail -n 1 json | jq -r .host.cgroup_layout)" unified
	equal placement "$(tail -n 1 json | jq -r .host.placement)" vm
	equal containers "$(tail -n 1 json | jq '[.instances[] | select(.kind == "container")] | length')" 5
	equal "what runs them" "$(tail -n 1 json | jq -r '[.instances[].runtime] | sort | unique | join(" ")')" "docker podman"
}

@test "v2 guest: caps of its own, with the processes one level down" {
	equal cores "$(row $A .cpu.allocated_cores)" 0.3
	equal "by" "$(row $A .cpu.allocated_by)" cpu.max
	equal "at" "$(row $A .cpu.allocated_at)" "/machine.slice/libpod-$A.scope"
	equal shared "$(row $A .cpu.shared_cap)" false
	equal bytes "$(row $A .memory.allocated_bytes)" $((64 << 20))
	equal "by" "$(row $A .memory.allocated_by)" memory.max
	within used "$(row $A .cpu.used_cores)" 0.27 0.33
	within throttled "$(row $A .cpu.throttled_pct)" 70 100
}

@test "v2 guest: a cap of the slice above binds, and is shared" {
	equal cores "$(row $B .cpu.allocated_cores)" 0.5
	equal "at" "$(row $B .cpu.allocated_at)" /system.slice
	equal shared "$(row $B .cpu.shared_cap)" true
	equal bytes "$(row $B .memory.allocated_bytes)" $((96 << 20))
	equal "memory at" "$(row $B .memory.allocated_at)" /system.slice
	equal "memory shared" "$(row $B .memory.shared_cap)" true
	within used "$(row $B .cpu.used_cores)" 0 0.02
}

@test "v2 guest: the pod binds the CPU, memory.high binds the memory" {
	equal cores "$(row $C .cpu.allocated_cores)" 0.2
	equal "at" "$(row $C .cpu.allocated_at | sed 's|.*/||')" kubepods-burstable-pod11111111_2222_3333_4444_555555555555.slice
	equal shared "$(row $C .cpu.shared_cap)" true
	equal bytes "$(row $C .memory.allocated_bytes)" $((40 << 20))
	equal "by" "$(row $C .memory.allocated_by)" memory.high
	within used "$(row $C .cpu.used_cores)" 0.18 0.22
}

@test "v2 guest: cpuset caps at one of two CPUs; no cap is no cap" {
	equal cores "$(row $D .cpu.allocated_cores)" 1
	equal "by" "$(row $D .cpu.allocated_by)" cpuset
	equal "no cores" "$(row $E .cpu.allocated_cores)" null
	equal "no bytes" "$(row $E .memory.allocated_bytes)" null
	row $E '.unavailable["cpu.allocated_cores"]' | grep -q '^unlimited: '
	equal verdict "$(row $E .verdict.state)" unlimited
}

@test "v2 guest: the working set leaves the page cache out, within a page of the kernel's files" {
	local id
	for id in $A $B $C $D $E; do
		within "held $id" "$(row "$id" .memory.held_bytes)" $(($(kernel "$id" current) - 4096)) $(($(kernel "$id" current) + 4096))
		within "used $id" "$(row "$id" .memory.used_bytes)" \
			$(($(kernel "$id" current) - $(kernel "$id" inactive_file) - 4096)) \
			$(($(kernel "$id" current) - $(kernel "$id" inactive_file) + 4096))
		equal "peak $id" "$(row "$id" .memory.peak_bytes)" "$(kernel "$id" peak)"
	done
	within "page cache of D" "$(row $D .memory.cache_bytes)" $((24 << 20)) $((26 << 20))
	within "D needs little" "$(row $D .memory.used_bytes)" 0 $((4 << 20))
}

@test "v2 guest: pressure and tasks are read" {
	within "A waits for CPU" "$(row $A .cpu.pressure_some_pct)" 30 100
	equal "tasks of B" "$(row $B .pids)" 1
	equal "oom kills" "$(row $A .memory.oom_kills)" 0
}

@test "v2 guest: the plain table and doctor work there" {
	grep -q 'cgroups unified' plain
	grep -q libpod plain || grep -q "${A:0:12}" plain
	[ -s doctor ]
}

@test "v2 guest: vctop starts, measures and removes a sample container with libcgroup on pure v2" {
	[ -e "$VCTOP_BUILD/vctop-workload" ] || skip "no vctop-workload was built"
	grep -q '^status 0$' sample || { cat sample; return 1; }
	valid sample-json
	equal cores "$(jq '.instances[] | select(.sample == "v2") | .cpu.allocated_cores' sample-json)" 0.5
	equal bytes "$(jq '.instances[] | select(.sample == "v2") | .memory.allocated_bytes' sample-json)" $((32 << 20))
	within used "$(jq '.instances[] | select(.sample == "v2") | .cpu.used_cores' sample-json)" 0.4 0.55
	equal "after stop" "$(grep -v '^vctop\|^stopped\|^removed' sample-stop | tail -n 1)" "status 0"
}

calls() { # FILE: system calls of the cheapest tick: others also read what is read slowly
	jq -s '[.[].syscalls] | [.[1:], .[:-1]] | transpose | map(.[0] - .[1]) | min' < <(sed 's/^"self"://' "$1")
}

# all_passed NAME: the output of a unit test
all_passed() {
	cat "$1"
	equal failed "$(grep -c '^not ok' "$1")" 0
	equal skipped "$(grep -ci '# skip' "$1")" 0
	equal passed "$(grep -c '^ok' "$1")" "$(sed -n 's/^1\.\.//p' "$1")"
	grep -v '^ok' "$1" >&3
}

@test "v2 guest: the iterator over all groups says what their files say" {
	all_passed bulk
}

@test "v2 guest: the iterator over all processes says what their files say" {
	all_passed processes
}

@test "v2 guest: groups that stand still cost nothing each, or two reads without BPF, one that works two" {
	local idle files some all
	idle=$(calls cost-0) files=$(calls cost-0-files) some=$(calls cost-10) all=$(calls cost-100)
	echo "# system calls a tick, 100 groups: idle $idle, file by file $files, 10 busy $some, all busy $all" | tee /dev/fd/3
	within "all idle" "$idle" 10 100
	within "all idle, file by file" "$files" 200 400
	within "10 busy" "$some" "$((idle + 5))" "$((idle + 60))"
	within "all busy" "$all" 60 300
}
