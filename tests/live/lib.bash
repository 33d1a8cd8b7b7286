# What the live tests share: starting real containers and VMs, and removing them whatever happens.
# shellcheck shell=bash
#
# Everything started is written down first (remember), in a list that teardown_file works off, and tests/run.sh again
# should bats itself be killed.  Others may run podman, dockerd and QEMU here: nothing is found by program name, names
# start with $TESTNAME, and pids are checked by start time before a signal is sent.

VCTOP_SOURCE=${VCTOP_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
VCTOP_BUILD=${VCTOP_BUILD:-$VCTOP_SOURCE/build}
VCTOP=${VCTOP:-$VCTOP_BUILD/vctop}
VCTOP_SUITE=${VCTOP_SUITE:-${BATS_TEST_FILENAME##*/}}
VCTOP_TEST_STATE=${VCTOP_TEST_STATE:-/tmp/vctop-test.$(id -u)}
# One name for all tests of a file: each runs in a process of its own.
TESTNAME=${TESTNAME:-vctop-test-$$}
KERNEL=$VCTOP_BUILD/guest/vmlinuz
LIST=$VCTOP_TEST_STATE/${VCTOP_SUITE//\//_}.list
export VCTOP VCTOP_SOURCE VCTOP_BUILD
# shellcheck source=tests/live/reap.bash
. "$VCTOP_SOURCE/tests/live/reap.bash"

# ---- keeping house ----

remember() { echo "$*" >>"$LIST"; }
remember_pid() { remember pid "$1" "$(start_ticks "$1")"; }

# In setup_file: a scratch directory for the whole file, $SCRATCH.
live_setup() {
	mkdir -p "$VCTOP_TEST_STATE"
	reap_list "$LIST" # of an earlier run that was killed
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/vctop-live.XXXXXX")
	remember path "$SCRATCH"
	export SCRATCH TESTNAME
}
live_teardown() { reap_list "$LIST"; }

need() { # COMMAND...: skip the test, or the file in setup_file, with the reason
	local c
	for c; do command -v "$c" >/dev/null || skip "$c is not installed"; done
}
need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }

poll() { # SECONDS COMMAND...: until it succeeds
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# ---- saying what is wrong ----

within() { # WHAT VALUE LOW HIGH
	awk -v v="$2" -v l="$3" -v h="$4" 'BEGIN { exit !(v ~ /^-?[0-9.e+]+$/ && v + 0 >= l + 0 && v + 0 <= h + 0) }' ||
		{ echo "$1: $2 is not within $3 .. $4"; return 1; }
}
about() { # WHAT VALUE EXPECTED PERCENT
	within "$1 (expected $3 +- $4 %)" "$2" "$(calc "$3 * (1 - $4 / 100)")" "$(calc "$3 * (1 + $4 / 100)")"
}
equal() { # WHAT VALUE EXPECTED
	[ "$2" = "$3" ] || { echo "$1: '$2', expected '$3'"; return 1; }
}
calc() { awk "BEGIN { printf \"%.9g\", $1 }"; }
least() { if [ "$1" -lt "$2" ]; then echo "$1"; else echo "$2"; fi; }
most() { if [ "$1" -gt "$2" ]; then echo "$1"; else echo "$2"; fi; }

valid() { # FILE: every line follows the schema
	"$VCTOP_SOURCE/tests/tools/validate-json" <"$1"
}
# A value of the instance called NAME in the last line of FILE:  field FILE NAME .cpu.used_cores
field() {
	tail -n 1 "$1" | jq -r --arg n "$2" ".instances[] | select(.name == \$n) | $3"
}

# ---- images ----

# A root file system of busybox alone, as a tar on standard output.
busybox_tar() {
	local d=$SCRATCH/image
	if [ ! -d "$d" ]; then
		mkdir -p "$d"/{bin,proc,sys,dev,tmp,etc}
		cp "$(command -v busybox)" "$d/bin/busybox"
		for c in sh sleep cat dd echo true mkdir; do ln -s busybox "$d/bin/$c"; done
		echo 'root:x:0:0:root:/:/bin/sh' >"$d/etc/passwd"
	fi
	tar -C "$d" -c .
}

# ---- podman ----

podman_setup() {
	need_root
	need podman runc busybox jq
	export PODMAN_IMAGE=$TESTNAME-busybox:1
	remember podman-image "localhost/$PODMAN_IMAGE"
	busybox_tar | podman import -q - "$PODMAN_IMAGE" >/dev/null 2>&1 || skip "podman cannot import an image here"
}
podman_run() { # NAME OPTION... -- COMMAND...
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	remember podman "$name"
	podman --runtime runc run -d --name "$name" --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
		"${options[@]}" "$PODMAN_IMAGE" "$@"
}

# ---- docker ----

# A dockerd of our own with the default data root, where vctop looks; or the one that runs already.
docker_setup() {
	local pid host
	need_root
	need docker dockerd busybox jq
	for pid in $(pgrep -x dockerd); do
		for host in $(tr '\0' '\n' <"/proc/$pid/cmdline" | grep -o 'unix://.*') unix:///var/run/docker.sock; do
			if timeout 5 docker -H "$host" info >/dev/null 2>&1; then
				export DOCKER_OURS=no DOCKER_HOST=$host
				break 2
			fi
		done
	done
	if [ -z "${DOCKER_HOST:-}" ]; then
		dockerd_start || skip "dockerd does not start here: $(tail -n 1 "$SCRATCH/docker/log")"
	fi
	export DOCKER_IMAGE=$TESTNAME-busybox:1
	remember docker-image "$DOCKER_HOST" "$DOCKER_IMAGE"
	busybox_tar | docker import - "$DOCKER_IMAGE" >/dev/null
}
dockerd_start() {
	local d=$SCRATCH/docker
	export DOCKER_OURS=yes
	[ -e /var/lib/docker ] || remember docker-home /var/lib/docker "$LIST"
	dockerd_launch "$d" /var/lib/docker
}
# A dockerd of our own until it answers:  dockerd_launch DIR DATA-ROOT OPTION...; sets DOCKERD_PID and DOCKER_HOST.
dockerd_launch() {
	local d=$1 root=$2 try child
	shift 2
	mkdir -p "$d"
	export DOCKER_HOST=unix://$d/docker.sock
	for try in 1 2; do
		# Its containerd dies with a killed dockerd, but counts as running until init has collected it: the next
		# dockerd would wait for it, in vain, and give up.
		poll 30 containerd_ended "$d" && rm -f "$d/exec/containerd/containerd.pid"
		rm -f "$d/pid"
		dockerd --iptables=false --bridge=none --data-root "$root" --exec-root "$d/exec" -H "$DOCKER_HOST" --pidfile "$d/pid" "$@" \
			>>"$d/log" 2>&1 </dev/null 3>&- &
		DOCKERD_PID=$!
		export DOCKERD_PID
		remember_pid "$DOCKERD_PID"
		poll 60 dockerd_decided
		docker_answers && break
		echo "dockerd, try $try: $(tail -n 1 "$d/log")" >&2
		reap_one pid "$DOCKERD_PID" "$(start_ticks "$DOCKERD_PID")"
		[ "$try" = 1 ] || return 1
	done
	# Should it be killed and its containerd live on: to be removed by its own pid.
	for child in $(pgrep -P "$DOCKERD_PID"); do remember_pid "$child"; done
	remember_pid "$DOCKERD_PID" # again: the last line is worked off first, and dockerd ends its containerd itself
}
docker_answers() { timeout 5 docker info >/dev/null 2>&1; }
dockerd_decided() { docker_answers || process_ended "$DOCKERD_PID"; }
containerd_ended() { # DIR
	local pid
	pid=$(cat "$1/exec/containerd/containerd.pid" 2>/dev/null) || return 0
	process_ended "$pid"
}
docker_run() { # NAME OPTION... -- COMMAND...
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	remember docker "$DOCKER_HOST" "$name"
	docker run -d --name "$name" --network none "${options[@]}" "$DOCKER_IMAGE" "$@" || return 1
	docker_remember "$name"
}
docker_remember() { # NAME: to be removed by the daemon, or else without it
	remember container-id "$(docker inspect -f '{{.Id}}' "$1")"
	remember docker "$DOCKER_HOST" "$1" # worked off before it
}

# ---- the kernel's own files of a container ----

cgroup_of() { # PID CONTROLLER: the directory of its group for that controller
	local line path mount
	line=$(grep -E "^[0-9]+:([^:]*,)?$2(,[^:]*)?:" "/proc/$1/cgroup" | head -n 1)
	if [ -n "$line" ]; then
		path=${line#*:*:}
		mount=$(awk -v c="$2" '$0 ~ " - cgroup " && $NF ~ "(^|,)" c "(,|$)" { print $5; exit }' /proc/self/mountinfo)
	else
		path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
		mount=$(awk '$0 ~ " - cgroup2 " { print $5; exit }' /proc/self/mountinfo)
	fi
	echo "$mount$path"
}
kernel_cpu_file() { # PID: the file whose first line is the CPU time of its group
	local f
	f=$(cgroup_of "$1" cpuacct)/cpuacct.usage
	if [ -e "$f" ]; then echo "$f"; else echo "$(cgroup_of "$1" cpu)/cpu.stat"; fi
}
kernel_memory() { # PID: bytes charged to its group
	local d
	d=$(cgroup_of "$1" memory)
	cat "$d/memory.usage_in_bytes" 2>/dev/null || cat "$d/memory.current"
}
kernel_inactive_file() { # PID
	local d
	d=$(cgroup_of "$1" memory)
	awk '$1 == "total_inactive_file" { t = $2; f = 1 } $1 == "inactive_file" { i = $2 } END { print f ? t : i }' "$d/memory.stat"
}

# ---- QEMU ----

qemu_setup() {
	need qemu-system-x86_64 busybox cpio
	[ -e "$KERNEL" ] || skip "no guest kernel at build/guest/vmlinuz (make guest-kernel)"
}
# An initramfs of busybox and an init script:  initramfs FILE <INIT-SCRIPT   (extra files: copy into $FILE.d before)
initramfs() {
	local d=$1.d
	mkdir -p "$d"/{bin,proc,sys,dev,tmp}
	cp "$(command -v busybox)" "$d/bin/busybox"
	cat >"$d/init"
	chmod 755 "$d/init"
	(cd "$d" && find . | cpio -o -H newc --quiet) | gzip -1 >"$1"
}
# Starts a VM, its console in $SCRATCH/NAME.console:  qemu_start NAME INITRAMFS OPTION...; QEMU_PID is its pid.
qemu_start() {
	local name=$1 initrd=$2
	shift 2
	qemu-system-x86_64 -nodefaults -accel tcg -kernel "$KERNEL" -initrd "$initrd" \
		-append "console=ttyS0 quiet panic=1 ${APPEND:-}" -display none -no-reboot -serial "file:$SCRATCH/$name.console" "$@" \
		>"$SCRATCH/$name.log" 2>&1 </dev/null 3>&- &
	QEMU_PID=$!
	remember_pid "$QEMU_PID"
}
maps_ram() { # PID: does this QEMU have its guest's RAM, 32 MiB or more?
	awk '$1 == "Size:" && $2 >= 32768 && perms == "rw-p" { found = 1 } /^[0-9a-f]+-[0-9a-f]+ / { perms = $2 } END { exit !found }' \
		"/proc/$1/smaps" 2>/dev/null
}
console_says() { # NAME TEXT
	grep -q -- "$2" "$SCRATCH/$1.console" 2>/dev/null
}

# ---- what a sample may leave ----

# Whatever still carries the name: processes (whose command lines match), cgroups, register files, mounts.
left_of_sample() { # NAME [COMMAND-LINE]
	{
		pgrep -a -f -- "${2:-vctop.*$1}" | grep -v bats || :
		find /sys/fs/cgroup -type d -name "*$1*"
		find /run/vctop -name "*$1*" 2>/dev/null
		grep -F "$1" /proc/self/mountinfo || :
	} | head -n 5
}
