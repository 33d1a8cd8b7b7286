#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034 # each test is a process of its own; lib.bash reads PODMAN_IMAGE
# What containers' images and VMs' disks occupy, against docker, podman and qemu-img themselves.
# alone: yes
# limit: 240

load lib

setup_file() {
	live_setup
	cd "$SCRATCH" || return 1
	need_root
	need jq awk
	mkdir context vm
	cp "$(command -v busybox)" context/ || skip "busybox is not installed"
	head -c 300000 /dev/urandom >context/a
	head -c 200000 /dev/urandom >context/b
	dockerfile base scratch 'COPY busybox /bin/busybox' 'RUN ["/bin/busybox","--install","-s","/bin"]'
	dockerfile one "$TESTNAME-base:1" 'COPY a /a' 'ENV X=1'
	dockerfile two "$TESTNAME-base:1" 'COPY b /b' 'COPY a /a'
	# Each of them may be missing.
	docker_start || true
	podman_start || true
}
teardown_file() { live_teardown; }

dockerfile() { # NAME FROM LINE...
	local name=$1
	printf 'FROM %s\n' "$2" >"context/Dockerfile.$name"
	shift 2
	printf '%s\n' "$@" >>"context/Dockerfile.$name"
}
big='head -c 5000000 /dev/zero >/big; exec sleep 3600'

# A dockerd with a data root of its own, which only its command line tells.
docker_start() {
	local d=$SCRATCH/docker i
	command -v dockerd >/dev/null && command -v docker >/dev/null || return 1
	export DOCKER_BUILDKIT=0 DOCKER_ROOT=$d/root
	dockerd_launch "$d" "$DOCKER_ROOT" --storage-driver overlay2 || return 1
	for i in base one two; do
		docker build --network none -q -t "$TESTNAME-$i:1" -f "context/Dockerfile.$i" context >/dev/null 2>"$d/build.log" || return 1
	done
	# shellcheck disable=SC2153 # of lib
	remember docker "$DOCKER_HOST" "$TESTNAME-stopped"
	remember docker "$DOCKER_HOST" "$TESTNAME-writes"
	docker run -d --network none --name "$TESTNAME-writes" "$TESTNAME-one:1" /bin/sh -c "$big" >/dev/null || return 1
	docker_remember "$TESTNAME-writes"
	docker run --network none --name "$TESTNAME-stopped" "$TESTNAME-two:1" /bin/true || return 1
	export DOCKER_READY=yes
}
podman_start() {
	local i
	command -v podman >/dev/null && command -v buildah >/dev/null && command -v runc >/dev/null || return 1
	for i in base one two; do
		sed "s|^FROM $TESTNAME|FROM localhost/$TESTNAME|" "context/Dockerfile.$i" >"context/Podman.$i"
		remember podman-image "localhost/$TESTNAME-$i:1"
		buildah bud --isolation chroot -q -t "localhost/$TESTNAME-$i:1" -f "context/Podman.$i" context >/dev/null 2>&1 || return 1
	done
	PODMAN_IMAGE=localhost/$TESTNAME-one:1
	podman_run "$TESTNAME-pod" -- /bin/sh -c "$big" >/dev/null || return 1
	export PODMAN_READY=yes
}
need_docker() { [ "${DOCKER_READY:-}" = yes ] || skip "no dockerd of our own here"; }
need_podman() { [ "${PODMAN_READY:-}" = yes ] || skip "podman cannot run an image here"; }

look() { "$VCTOP" --json -n 1 -d 0.3 >look.json && valid look.json; }
store() { # PATH EXPRESSION
	tail -n 1 look.json | jq -r --arg p "$1" ".host.storage[] | select(.path == \$p and .driver != \"vfs\") | $2"
}
of() { field look.json "$1" "$2"; }
# As docker writes sizes: four digits, powers of a thousand.
human() { awk -v v="$1" 'BEGIN { n = split("B kB MB GB", u, " "); for (i = 1; v >= 1000 && i < n; i++) v /= 1000; printf "%.4g%s\n", v, u[i] }'; }

@test "docker: images, shared and own layers, to the byte" {
	need_docker
	cd "$SCRATCH"
	look
	equal image "$(of "$TESTNAME-writes" .disk.image_bytes)" "$(docker image inspect -f '{{.Size}}' "$TESTNAME-one:1")"
	equal "image of a stopped one" "$(of "$TESTNAME-stopped" .disk.image_bytes)" "$(docker image inspect -f '{{.Size}}' "$TESTNAME-two:1")"
	equal layers "$(of "$TESTNAME-stopped" .disk.layers)" "$(docker image inspect -f '{{len .RootFS.Layers}}' "$TESTNAME-two:1")"
	equal shared "$(of "$TESTNAME-writes" .disk.shared_bytes)" "$(docker image inspect -f '{{.Size}}' "$TESTNAME-base:1")"
	equal driver "$(of "$TESTNAME-writes" .disk.driver)" overlay2
	docker system df -v --format '{{json .}}' >df.json
	equal "shared, as docker says it" "$(human "$(of "$TESTNAME-writes" .disk.shared_bytes)")" \
		"$(jq -r --arg n "$TESTNAME-one" '.Images[] | select(.Repository == $n) | .SharedSize' df.json)"
}

@test "docker: the whole store as system df has it" {
	need_docker
	cd "$SCRATCH"
	look
	run docker system df --format '{{.Type}} {{.TotalCount}} {{.Size}} {{.Reclaimable}}'
	equal images "$(store "$DOCKER_ROOT" .images)" "$(awk '/^Images/ { print $2 }' <<<"$output")"
	equal containers "$(store "$DOCKER_ROOT" .containers)" "$(awk '/^Containers/ { print $2 }' <<<"$output")"
	equal size "$(human "$(store "$DOCKER_ROOT" .images_bytes)")" "$(awk '/^Images/ { print $3 }' <<<"$output")"
	equal reclaimable "$(human "$(store "$DOCKER_ROOT" .reclaimable_bytes)")" "$(awk '/^Images/ { print $4 }' <<<"$output")"
	# An image goes, and with it what only it used.
	local before
	before=$(store "$DOCKER_ROOT" .images_bytes)
	docker tag "$TESTNAME-base:1" "$TESTNAME-more:1"
	docker rm -f "$TESTNAME-stopped" >/dev/null
	docker rmi "$TESTNAME-two:1" >/dev/null
	look
	equal "after rmi" "$(store "$DOCKER_ROOT" .images_bytes)" $((before - 500000))
	equal "a second name is no second image" "$(store "$DOCKER_ROOT" .images)" 2
}

# docker adds up the lengths of files, vctop the blocks of files and directories: as du does.
@test "docker: the writable layer is what du finds in it" {
	need_docker
	cd "$SCRATCH"
	local upper
	upper=$(docker inspect -f '{{.GraphDriver.Data.UpperDir}}' "$TESTNAME-writes")
	poll 5 test "$(stat -c %s "$upper/big" 2>/dev/null)" = 5000000
	look
	equal writable "$(of "$TESTNAME-writes" .disk.writable_bytes)" "$(du -s -B1 "$upper" | cut -f1)"
	run docker ps -s --filter "name=$TESTNAME-writes" --format '{{.Size}}'
	[[ $output == 5MB* ]]
	within writable "$(of "$TESTNAME-writes" .disk.writable_bytes)" 5000000 5065536
}

@test "podman: images and their layers, to the byte" {
	need_podman
	cd "$SCRATCH"
	look
	equal image "$(of "$TESTNAME-pod" .disk.image_bytes)" "$(podman image inspect -f '{{.Size}}' "localhost/$TESTNAME-one:1")"
	equal layers "$(of "$TESTNAME-pod" .disk.layers)" "$(podman image inspect -f '{{len .RootFS.Layers}}' "localhost/$TESTNAME-one:1")"
	local upper
	upper=$(podman inspect -f '{{.GraphDriver.Data.UpperDir}}' "$TESTNAME-pod")
	equal writable "$(of "$TESTNAME-pod" .disk.writable_bytes)" "$(du -s -B1 "$upper" | cut -f1)"
}

# podman before 5 counts shared layers once an image in its sums; the source of both is compared.
@test "podman: the whole store, from its own records" {
	need_podman
	cd "$SCRATCH"
	local root driver
	root=$(podman info -f '{{.Store.GraphRoot}}')
	driver=$(podman info -f '{{.Store.GraphDriverName}}')
	look
	equal images "$(store "$root" .images)" "$(podman images -aq --no-trunc | sort -u | wc -l)"
	jq -n --slurpfile l "$root/$driver-layers/layers.json" --slurpfile i "$root/$driver-images/images.json" \
		--slurpfile c "$root/$driver-containers/containers.json" '
		($l[0] | map({key: .id, value: .}) | from_entries) as $by |
		def chain: if . == null or . == "" then empty else ., ($by[.].parent // "" | chain) end;
		[$i[0][] | {id, extra: ([."big-data-sizes"[]?] | add // 0), chain: [.layer | chain]}] as $images |
		([$images[].chain[]] | group_by(.) | map({key: .[0], value: length}) | from_entries) as $refs |
		(([$refs | keys[] | $by[.]."diff-size"] | add) + ([$images[].extra] | add)) as $size |
		([$c[0][].image] | unique) as $used |
		([$images[] | select(.id as $x | $used | index($x)) | .extra + ([.chain[] | select($refs[.] == 1) | $by[.]."diff-size"] | add // 0)] | add // 0) as $kept |
		"\($size) \($size - $kept)"' -r >expected
	equal "size and reclaimable" "$(store "$root" '"\(.images_bytes) \(.reclaimable_bytes)"')" "$(cat expected)"
}

qemu_open() { # NAME OPTION...: a VM that is never started, its disks open
	local name=$1
	shift
	qemu-system-x86_64 -S -accel tcg -nodefaults -display none -name "$name" "$@" >"$name.log" 2>&1 </dev/null 3>&- 7>&- &
	QEMU_PID=$!
	remember_pid "$QEMU_PID"
}
holds() { # PID FILE
	local f
	for f in /proc/"$1"/fd/*; do [ "$(readlink "$f")" != "$(readlink -f "$2")" ] || return 0; done
	return 1
}
info() { # EXPRESSION FILE...: of all files and what is below them, as qemu-img has it
	local expression=$1 f
	shift
	for f; do qemu-img info --backing-chain --output=json -U "$f"; done | jq -s "add | unique_by(.filename) | $expression"
}

@test "VM: a chain of three with snapshots, beside other formats, as qemu-img info has it" {
	need qemu-system-x86_64 qemu-img
	cd "$SCRATCH/vm"
	qemu-img create -q -f qcow2 base.qcow2 64M
	qemu-img dd -f raw -O raw if=../context/a of=small.raw
	qemu-img convert -n -f raw -O qcow2 small.raw base.qcow2
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 mid.qcow2
	qemu-img snapshot -c 'before update' mid.qcow2
	qemu-img create -q -f qcow2 -b "$PWD/mid.qcow2" -F qcow2 top.qcow2 128M
	qemu-img snapshot -c s1 top.qcow2
	qemu-img snapshot -c s2 top.qcow2
	qemu-img create -q -f qcow2 -o data_file=ext.raw,data_file_raw=on ext.qcow2 16M
	qemu-img create -q -f vdi v.vdi 32M
	truncate -s 100000 odd.img
	cp top.qcow2 forged.img # a guest's raw disk that begins like a qcow2
	truncate -s 1M cd.iso
	qemu_open "$TESTNAME-vm" -pidfile pidfile -serial file:serial.log \
		-drive file=top.qcow2,if=virtio -drive file=ext.qcow2,if=none,id=x -drive file=v.vdi,if=none,id=v -cdrom cd.iso \
		-blockdev driver=file,filename=odd.img,node-name=p -blockdev '{"driver":"raw","file":"p","node-name":"f"}' \
		-device virtio-blk-pci,drive=f -drive file=forged.img,format=raw,if=none,id=r
	poll 10 holds "$QEMU_PID" forged.img
	look
	local name=$TESTNAME-vm forged
	forged=$(stat -c %s forged.img)
	equal virtual "$(of "$name" .disk.virtual_bytes)" \
		$((128 * 1048576 + 16 * 1048576 + 32 * 1048576 + 100352 + (forged + 511) / 512 * 512))
	equal allocated "$(of "$name" .disk.allocated_bytes)" \
		"$(($(info 'map(."actual-size") | add' top.qcow2 ext.qcow2 v.vdi odd.img) + $(stat -c '%b * 512' ext.raw) + $(stat -c '%b * 512' forged.img)))"
	equal chain "$(of "$name" .disk.chain)" "$(info length top.qcow2)"
	equal snapshots "$(of "$name" .disk.snapshots)" "$(info 'map(.snapshots // [] | length) | add' top.qcow2)"
	[[ $(of "$name" .disk.detail) == *"top.qcow2 (snapshots: s1, s2)"* ]]
	[[ $(of "$name" .disk.detail) != *cd.iso* ]]
}

@test "VM: disks plugged in later, and a temporary overlay that has no name" {
	need qemu-system-x86_64 qemu-img
	cd "$SCRATCH/vm"
	qemu-img create -q -f qcow2 hot.qcow2 8M
	truncate -s 4M hot.raw
	qemu-img create -q -f qcow2 kept.qcow2 16M
	mkfifo monitor
	exec 7<>monitor
	qemu-system-x86_64 -S -accel tcg -nodefaults -display none -name "$TESTNAME-hot" -monitor stdio -snapshot \
		-drive file=kept.qcow2,if=virtio >hot.log 2>&1 <monitor 3>&- 7>&- &
	QEMU_PID=$!
	remember_pid "$QEMU_PID"
	poll 10 holds "$QEMU_PID" kept.qcow2
	echo "drive_add 0 if=none,id=a,file=$PWD/hot.qcow2,format=qcow2,snapshot=off" >&7
	echo "drive_add 0 if=none,id=b,file=$PWD/hot.raw,format=raw,snapshot=off" >&7
	poll 10 holds "$QEMU_PID" hot.raw
	look
	equal virtual "$(of "$TESTNAME-hot" .disk.virtual_bytes)" $((28 * 1048576))
	equal chain "$(of "$TESTNAME-hot" .disk.chain)" 2
	exec 7>&-
}

@test "VM: an image that changes into a hostile one costs its numbers, nothing else" {
	need qemu-system-x86_64 qemu-img
	cd "$SCRATCH/vm"
	qemu-img create -q -f qcow2 bad.qcow2 8M
	qemu_open "$TESTNAME-bad" -drive file=bad.qcow2,if=virtio
	poll 10 holds "$QEMU_PID" bad.qcow2
	printf '\377\377\377\377' | dd of=bad.qcow2 bs=1 seek=100 conv=notrunc 2>/dev/null # header_length
	look
	equal virtual "$(of "$TESTNAME-bad" .disk.virtual_bytes)" null
	[[ $(of "$TESTNAME-bad" '.unavailable["disk.virtual_bytes"]') == *"length of the header is wrong"* ]]
	equal state "$(of "$TESTNAME-bad" .state)" running
	# The name of a backing file that is a terminal's title, and a FIFO.
	mkfifo pipe
	printf '\0\0\0\150' | dd of=bad.qcow2 bs=1 seek=100 conv=notrunc 2>/dev/null
	printf '\0\0\0\0\0\0\2\0\0\0\0\4' | dd of=bad.qcow2 bs=1 seek=8 conv=notrunc 2>/dev/null
	printf 'pipe' | dd of=bad.qcow2 bs=1 seek=512 conv=notrunc 2>/dev/null
	look
	[[ $(of "$TESTNAME-bad" '.unavailable["disk.chain"]') == *"its backing file pipe is not open in the VMM"* ]]
	printf '\033]0m' | dd of=bad.qcow2 bs=1 seek=512 conv=notrunc 2>/dev/null
	look
	[[ $(of "$TESTNAME-bad" '.unavailable["disk.chain"]') == *"its backing file ?]0m is not open"* ]]
}

@test "nothing is written, locked or connected to" {
	need strace qemu-system-x86_64 qemu-img
	cd "$SCRATCH/vm"
	qemu-img create -q -f qcow2 quiet.qcow2 8M
	qemu_open "$TESTNAME-quiet" -drive file=quiet.qcow2,if=virtio
	poll 10 holds "$QEMU_PID" quiet.qcow2
	strace -f -o trace -e trace=openat,open,connect,flock,fcntl,socket "$VCTOP" --no-history --json -n 1 -d 0.2 >/dev/null
	run grep -E 'O_(RDWR|WRONLY|CREAT)|connect\(|flock\(|F_SETLK|F_OFD_SETLK' trace
	[ "$status" = 1 ] || { echo "$output"; return 1; }
	grep -q 'proc/'"$QEMU_PID"'/fd/[0-9]*"' trace
}

# What explain shows under a field: `= formula`, files, raw texts.
told() { # INSTANCE FIELD [OPTION]...
	"$VCTOP" explain -d 0.1 "${@:3}" "$1" | awk -v f="$2" '/^  [a-z]/ { on = $1 == f } on'
}
has() { # TEXT LINE...: each somewhere in it
	local text=$1 line
	shift
	for line; do
		[[ $text == *"$line"* ]] || { echo "no '$line' in: $text"; return 1; }
	done
}

@test "explain: docker's layers, each with its file and what stands there" {
	need_docker
	cd "$SCRATCH"
	local db=$DOCKER_ROOT/image/overlay2/layerdb/sha256 told sum=0 f
	told=$(told "$TESTNAME-writes" disk.image_bytes)
	# shellcheck disable=SC2013 # no spaces in them
	for f in $(grep -o "/[^ ]*/size\$" <<<"$told"); do
		[[ $f == "$db"/* ]]
		has "$told" "$(cat "$f") (images that use it: "
		sum=$((sum + $(cat "$f")))
	done
	equal sum "$sum" "$(docker image inspect -f '{{.Size}}' "$TESTNAME-one:1")"
	has "$told" "($sum)"
	# Each once, also where its last reading is the first.
	equal "layers, read once" "$(told "$TESTNAME-writes" disk.image_bytes --root / | grep -c "/size\$")" "$(grep -c "/size\$" <<<"$told")"
	has "$(told "$TESTNAME-writes" disk.writable_bytes)" \
		"$(docker inspect -f '{{.GraphDriver.Data.UpperDir}}' "$TESTNAME-writes")" "entries below it" mount-id
	has "$(told "$TESTNAME-writes" name)" config.v2.json "\"Name\":\"/$TESTNAME-writes\""
	has "$(told "$TESTNAME-writes" supervisor.daemon)" "--data-root $DOCKER_ROOT"
	has "$(told "$TESTNAME-writes" isolation.namespaces.pid)" "$(readlink "/proc/$(docker inspect -f '{{.State.Pid}}' "$TESTNAME-writes")/ns/pid")" /proc/1/ns/pid
}

@test "explain: podman's layers" {
	need_podman
	cd "$SCRATCH"
	local top
	top=$(podman image inspect -f '{{index .RootFS.Layers 0}}' "localhost/$TESTNAME-one:1")
	has "$(told "$TESTNAME-pod" disk.image_bytes)" overlay-layers/layers.json '"diff-size":' overlay-images/images.json '"big-data-sizes"'
	[ -n "$top" ]
	has "$(told "$TESTNAME-pod" disk.writable_bytes)" "$(podman inspect -f '{{.GraphDriver.Data.UpperDir}}' "$TESTNAME-pod")"
	has "$(told "$TESTNAME-pod" name)" containers.json "\"names\":[\"$TESTNAME-pod\"]"
}

@test "explain: a VM's disks by header field and blocks, whatever they are called" {
	need qemu-system-x86_64 qemu-img
	cd "$SCRATCH/vm"
	qemu-img create -q -f qcow2 told.qcow2 8M
	qemu-img create -q -f qcow2 -b told.qcow2 -F qcow2 $'told\e[31m.qcow2'
	qemu-img snapshot -c first $'told\e[31m.qcow2'
	qemu_open "$TESTNAME-told" -drive file=$'told\e[31m.qcow2',if=virtio
	poll 10 holds "$QEMU_PID" told.qcow2
	has "$(told "$TESTNAME-told" disk.virtual_bytes)" "/told?[31m.qcow2" "size, header bytes 24-31: 8388608"
	has "$(told "$TESTNAME-told" disk.snapshots)" "nb_snapshots, header bytes 60-63: 1"
	has "$(told "$TESTNAME-told" disk.chain)" "header bytes 8-19 say: told.qcow2" "say: none"
	has "$(told "$TESTNAME-told" disk.allocated_bytes)" "st_blocks $(stat -c %b told.qcow2) (* 512)"
	has "$(told "$TESTNAME-told" disk.detail)" "snapshot table at byte" ": first"
	has "$(told "$TESTNAME-told" memory.held_bytes)" "/proc/$QEMU_PID/smaps" "guest RAM: mappings 1"
}
