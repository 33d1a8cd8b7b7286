#!/bin/bash
# The goals on pure cgroup v2: goals.py in a guest of Debian's cloud kernel, under QEMU TCG that counts instructions.
# Time there is a nanosecond an instruction, whatever else this machine does: a "millisecond of CPU" is a million
# instructions, and what a cache miss costs is not in it.  Needs no root.  Sizes as in run.sh, a fifth of its groups:
# an instruction takes 10 to 20 ns.
set -u
cd "$(dirname "$0")/../.." || exit 2
export VCTOP_SOURCE=$PWD VCTOP_SUITE=bench-guest VCTOP_TEST_STATE=${VCTOP_TEST_STATE:-/tmp/vctop-bench.$$}
export BATS_TEST_FILENAME=$0
skip() { echo "bench: v2 guest: $*" >&2; exit 77; }
# shellcheck source=tests/live/lib.bash
. tests/live/lib.bash
live_setup
trap 'live_teardown; rmdir "$VCTOP_TEST_STATE" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
qemu_setup
need python3 cpio bash
cd "$SCRATCH" || exit 2

root=guest.img.d
put() { # FILE...: with the libraries it needs, at the same place
	local f lib
	for f; do
		for lib in "$f" $(ldd "$f" 2>/dev/null | grep -o '/[^ ]*'); do
			[ ! -e "$root$lib" ] || continue
			mkdir -p "$root${lib%/*}"
			cp -L "$lib" "$root$lib"
		done
	done
}
stdlib=$(/usr/bin/python3 -Ic 'import sysconfig; print(sysconfig.get_path("stdlib"))')
mkdir -p "$root$stdlib" $root/bin
tar -C "$stdlib" --exclude=__pycache__ --exclude=test --exclude='config-*' --exclude=idlelib --exclude=lib2to3 -c . | tar -C "$root$stdlib" -x
mapfile -t lib_dynload < <(find "$stdlib/lib-dynload" -name 'resource.*' -o -name 'termios.*' -o -name '_json.*')
put /usr/bin/python3 /bin/bash "${lib_dynload[@]}" "$(command -v systemd-cgtop || echo /bin/bash)"
put "$VCTOP" "$VCTOP_BUILD"/tests/tools/{herd,floor,pretend-vm}
mkdir -p $root/lib/terminfo/x
cp -L /lib/terminfo/x/xterm-256color $root/lib/terminfo/x/ 2>/dev/null
mkdir -p $root/bench
cp "$VCTOP_SOURCE"/tests/bench/*.py $root/bench/

{
	cat <<-END
		#!/bin/busybox sh
		export VCTOP=$VCTOP TOOLS=$VCTOP_BUILD/tests/tools
		export CGROUPS=${CGROUPS:-200} MANY=${MANY:-2000} BYSTANDERS=${BYSTANDERS:-10000} CONTAINERS=0
	END
	cat <<-'END'
		/bin/busybox --install -s /bin
		export PATH=/bin:/usr/bin EMULATED=1 GROUPS_AT=/sys/fs/cgroup HOME=/tmp
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		mount -t devtmpfs dev /dev
		mkdir -p /run /var/lib /sys/fs/cgroup /dev/pts
		mount -t devpts pts /dev/pts
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		for c in $(cat /sys/fs/cgroup/cgroup.controllers); do echo +$c >/sys/fs/cgroup/cgroup.subtree_control; done
		echo 1 >/proc/sys/kernel/printk
		ulimit -n 1000000
		python3 -IB /bench/goals.py 2>&1 || echo "ended with $?"
		echo ===THE-END
		reboot -f
	END
} | initramfs guest.img
APPEND="cgroup_no_v1=all psi=1" qemu_start guest guest.img -m "${MEMORY:-4G}" -smp 1 -icount shift=0,sleep=off
# Shown as it comes.
tail -n +1 -F guest.console --pid "$QEMU_PID" 2>/dev/null | sed -u 's/\r//g; /^===THE-END/d'
console_says guest ===THE-END
