#!/usr/bin/env bats
# What stands behind real containers and VMs: isolation as docker and podman inspect say it, dockerd killed and started
# again, bytes through a network namespace and a tap.
# alone: yes
# limit: 300

load lib

setup_file() {
	live_setup
	cd "$SCRATCH" || return 1
	need_root
	need jq awk busybox
	PODMAN=no DOCKER=no
	command -v podman runc >/dev/null && podman_setup && PODMAN=yes
	command -v docker dockerd >/dev/null && daemon_start && image_import && DOCKER=yes
	export PODMAN DOCKER
}
teardown_file() { live_teardown; }

# ---- a dockerd of our own, with its own data, that may be killed ----

daemon_start() { # OPTION...
	dockerd_launch "$SCRATCH/d" "$SCRATCH/d/root" "$@" || return 1
	echo "$DOCKERD_PID" >"$SCRATCH/d/ours"
}
daemon_pid() { cat "$SCRATCH/d/ours"; }
ended() { process_ended "$1"; }
daemon_end() { # SIGNAL
	kill "$1" "$(daemon_pid)"
	poll 30 ended "$(daemon_pid)"
}
image_import() {
	export DOCKER_IMAGE=$TESTNAME-busybox:1
	busybox_tar | docker import - "$DOCKER_IMAGE" >/dev/null
}

# shellcheck disable=SC2153 # set by lib
look() { "$VCTOP" --json -d 0.2 >"$SCRATCH/$1.json" && valid "$SCRATCH/$1.json"; }
of() { field "$SCRATCH/$1.json" "$2" "$3"; } # LOOK NAME PATH

# ---- isolation ----

caps_of() { # NAME...: the mask of these capabilities
	awk -v want=" $* " 'BEGIN {
		n = split("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE", name, " ")
		for (i = n; i >= 1; i--) bits = bits (index(want, " CAP_" name[i] " ") ? 1 : 0)
		while (length(bits) < 64) bits = "0" bits
		for (i = 1; i <= 64; i += 4) {
			v = 0
			for (j = 0; j < 4; j++) v = v * 2 + substr(bits, i + j, 1)
			printf "%x", v
		}
		print ""
	}'
}

# What the kernel says of the process, and what the runtime was asked for, against vctop.
same_as_kernel() { # LOOK NAME PID
	local t own
	equal "$2 capabilities" "$(of "$1" "$2" .isolation.capabilities)" "$(sed -n 's/^CapEff:\t//p' "/proc/$3/status")"
	case $(sed -n 's/^Seccomp:\t//p' "/proc/$3/status") in
	0) equal "$2 seccomp" "$(of "$1" "$2" .isolation.seccomp)" off ;;
	2) equal "$2 seccomp" "$(of "$1" "$2" .isolation.seccomp)" filter ;;
	esac
	# bash itself runs in the host's namespaces.
	for t in pid mnt net ipc uts user cgroup; do
		own=own
		[ "$(readlink "/proc/$3/ns/$t")" != "$(readlink "/proc/self/ns/$t")" ] || own=host
		equal "$2 namespace $t" "$(of "$1" "$2" ".isolation.namespaces.$t")" "$own"
	done
}

docker_matches() { # LOOK NAME: docker inspect's view
	local i=$SCRATCH/inspect.json
	docker inspect "$2" | jq '.[0]' >"$i"
	same_as_kernel "$1" "$2" "$(jq .State.Pid "$i")"
	equal "$2 privileged" "$(of "$1" "$2" .isolation.privileged)" "$(jq .HostConfig.Privileged "$i")"
	equal "$2 read-only" "$(of "$1" "$2" .isolation.read_only_root)" "$(jq .HostConfig.ReadonlyRootfs "$i")"
	equal "$2 pid" "$(of "$1" "$2" .isolation.namespaces.pid)" "$(jq -r 'if .HostConfig.PidMode == "host" then "host" else "own" end' "$i")"
	equal "$2 net" "$(of "$1" "$2" .isolation.namespaces.net)" "$(jq -r 'if .HostConfig.NetworkMode == "host" then "host" else "own" end' "$i")"
	equal "$2 kernel" "$(of "$1" "$2" .isolation.kernel)" shared
	equal "$2 daemon" "$(of "$1" "$2" .supervisor.daemon)" dockerd
	equal "$2 monitor" "$(of "$1" "$2" .supervisor.monitor)" containerd-shim
}

@test "docker: what it was started with is what vctop says" {
	[ "$DOCKER" = yes ] || skip "no docker here"
	local n=$TESTNAME-d c
	docker_run "$n-default" -- sleep 600
	docker_run "$n-drop" --cap-drop ALL -- sleep 600
	docker_run "$n-ro" --read-only -- sleep 600
	docker_run "$n-pid" --pid host -- sleep 600
	docker_run "$n-unconf" --security-opt seccomp=unconfined -- sleep 600
	docker_run "$n-nnp" --security-opt no-new-privileges -- sleep 600
	docker_run "$n-user" --user 1000 -- sleep 600
	docker_run "$n-sock" -v "$SCRATCH/d/docker.sock:/var/run/docker.sock" -- sleep 600
	docker_run "$n-mounts" -v /etc:/mnt/etc:ro -v /:/mnt/host -v /proc:/mnt/proc -v /sys:/mnt/sys -v /dev:/mnt/dev -- sleep 600
	remember docker "$DOCKER_HOST" "$n-net"
	docker run -d --name "$n-net" --network host "$DOCKER_IMAGE" sleep 600
	look docker
	for c in default drop ro pid unconf nnp user sock mounts net; do docker_matches docker "$n-$c"; done
	equal "no capabilities" "$(of docker "$n-drop" .isolation.capabilities)" 0000000000000000
	equal "no-new-privileges" "$(of docker "$n-nnp" .isolation.no_new_privs)" true
	equal "default's no-new-privileges" "$(of docker "$n-default" .isolation.no_new_privs)" false
	equal user "$(of docker "$n-user" '.isolation | .user, .uid' | tr '\n' ' ')" "user 1000 "
	equal user "$(of docker "$n-default" '.isolation | .user, .uid' | tr '\n' ' ')" "root 0 "
	equal socket "$(of docker "$n-sock" .isolation.host_mounts)" docker.sock
	equal "no mounts" "$(of docker "$n-default" .isolation.host_mounts)" null
	for c in / /proc /sys /dev '/etc (ro)'; do
		of docker "$n-mounts" '.isolation.host_mounts | split(", ")[]' | grep -Fxq "$c" || { echo "$c is not said"; false; }
	done
	equal "host's network" "$(of docker "$n-net" '.unavailable["net.rx_bytes_per_sec"]')" "absent: it uses the host's network"
	equal "no network" "$(of docker "$n-default" .net.rx_bytes_per_sec)" 0
}

@test "docker: privileged, or all that makes it so" {
	[ "$DOCKER" = yes ] || skip "no docker here"
	local n=$TESTNAME-d-priv
	# Where root itself lacks a capability, runc cannot give it: then everything else.
	docker_run "$n" --privileged -- sleep 600 || {
		docker rm -f "$n"
		docker_run "$n" --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
			--device-cgroup-rule 'a *:* rwm' -- sleep 600
	}
	# One condition less each.
	docker_run "$n-masked" --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --device-cgroup-rule 'a *:* rwm' -- sleep 600
	docker_run "$n-filtered" --cap-add ALL --cap-drop SYS_RESOURCE --security-opt systempaths=unconfined \
		--security-opt "seccomp=$(filter_of_one)" --device-cgroup-rule 'a *:* rwm' -- sleep 600
	docker_run "$n-devices" --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --security-opt systempaths=unconfined -- sleep 600
	look priv
	equal privileged "$(of priv "$n" .isolation.privileged)" true
	equal "masked paths" "$(of priv "$n-masked" .isolation.privileged)" false
	equal "filtered" "$(of priv "$n-filtered" .isolation.privileged)" false
	[ ! -e /sys/fs/cgroup/devices ] || equal "devices" "$(of priv "$n-devices" .isolation.privileged)" false
	of priv "$n" .isolation.summary | grep -q '^privileged; '
}
filter_of_one() {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["swapon"],"action":"SCMP_ACT_ERRNO"}]}' >"$SCRATCH/filter.json"
	echo "$SCRATCH/filter.json"
}

@test "podman: what it was started with is what vctop says" {
	[ "$PODMAN" = yes ] || skip "no podman here"
	local n=$TESTNAME-p c i=$SCRATCH/inspect-podman.json
	podman_run "$n-default" -- sleep 600
	podman_run "$n-priv" --privileged -- sleep 600
	podman_run "$n-drop" --cap-drop ALL -- sleep 600
	podman_run "$n-ro" --read-only -- sleep 600
	podman_run "$n-unconf" --security-opt seccomp=unconfined -- sleep 600
	podman_run "$n-pid" --pid host -- sleep 600
	podman_run "$n-map" --uidmap 0:100000:5000 --gidmap 0:100000:5000 -- sleep 600
	look podman
	for c in default priv drop ro unconf pid map; do
		podman inspect "$n-$c" | jq '.[0]' >"$i"
		same_as_kernel podman "$n-$c" "$(jq .State.Pid "$i")"
		equal "$c capabilities" "$(of podman "$n-$c" .isolation.capabilities)" "$(caps_of "$(jq -r '.EffectiveCaps // [] | join(" ")' "$i")")"
		equal "$c privileged" "$(of podman "$n-$c" .isolation.privileged)" "$(jq .HostConfig.Privileged "$i")"
		equal "$c read-only" "$(of podman "$n-$c" .isolation.read_only_root)" "$(jq .HostConfig.ReadonlyRootfs "$i")"
		equal "$c daemon" "$(of podman "$n-$c" .supervisor.daemon)" null
		equal "$c monitor" "$(of podman "$n-$c" '.supervisor | .monitor, .monitor_pid' | tr '\n' ' ')" "conmon $(jq .State.ConmonPid "$i") "
		equal "$c survives" "$(of podman "$n-$c" .supervisor.survives_daemon)" yes
	done
	equal user "$(of podman "$n-map" '.isolation | .user, .uid' | tr '\n' ' ')" "userns 100000 "
	# And it does: the container runs on without its conmon.
	local pid conmon
	pid=$(podman inspect -f '{{.State.Pid}}' "$n-default")
	conmon=$(podman inspect -f '{{.State.ConmonPid}}' "$n-default")
	# Without a conmon nobody removes its groups; worked off after podman's own removal.
	remember container-id "$(podman inspect -f '{{.Id}}' "$n-default")"
	remember podman "$n-default"
	remember_pid "$pid"
	kill -9 "$conmon"
	poll 5 ended "$conmon"
	sleep 0.5
	kill -0 "$pid"
	kill -9 "$pid"
}

@test "vctop's own sample: namespaces, few capabilities, read-only root" {
	local n=$TESTNAME-own pid
	"$VCTOP" sample start container --name "$n" --cpus 0.1 --memory 32m || skip "no sample container here"
	look own
	pid=$(of own "$n" .pid)
	same_as_kernel own "$n" "$pid"
	equal read-only "$(of own "$n" .isolation.read_only_root)" true
	equal privileged "$(of own "$n" .isolation.privileged)" false
	equal no_new_privs "$(of own "$n" .isolation.no_new_privs)" true
	equal daemon "$(of own "$n" .supervisor.daemon)" null
	"$VCTOP" sample stop "$n"
}

@test "without privilege, what may be read is said and the rest is not guessed" {
	[ "$DOCKER" = yes ] || skip "no docker here"
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	! grep -q ' /proc .* - proc .*hidepid=[^0]' /proc/self/mountinfo || skip "/proc hides other users' processes here"
	local n=$TESTNAME-d-plain id
	docker_run "$n" --cap-drop ALL -- sleep 600
	id=$(docker inspect -f '{{.Id}}' "$n")
	setpriv --reuid 65534 --regid 65534 --clear-groups "$VCTOP" --json -d 0.2 >"$SCRATCH/plain.json"
	valid "$SCRATCH/plain.json"
	jq -e --arg id "docker:$id" '.instances[] | select(.id == $id) | .isolation
		| .capabilities == "0000000000000000" and .seccomp == "filter" and .uid == 0 and .privileged == false
		and .namespaces.pid == "own" and .namespaces.net == "own" and .namespaces.mnt == "own" and .namespaces.user == "host"
		and .namespaces.ipc == null' "$SCRATCH/plain.json" || { jq '.instances[].isolation' "$SCRATCH/plain.json"; false; }
}

# ---- the death of dockerd ----

runs() { kill -0 "$1" 2>/dev/null; }
survives() { of "$1" "$2" .supervisor.survives_daemon; }
evidence() { of "$1" "$2" .supervisor.evidence; }

@test "dockerd killed: what was said comes true, with and without live-restore" {
	[ "$DOCKER" = yes ] || skip "no docker here"
	local n=$TESTNAME-d-crash pid
	docker ps -aq | xargs -r docker rm -f >/dev/null
	docker_run "$n" -- sleep 600
	pid=$(docker inspect -f '{{.State.Pid}}' "$n")
	look before
	equal survives "$(survives before "$n")" yes
	evidence before "$n" | grep -q "crash of dockerd leaves it running; dockerd's stop or next start ends it"
	jq -e --arg r "$SCRATCH/d/root" '.host.daemons[] | select(.root == $r) | .running and .instances == 1 and .survivors == 1' "$SCRATCH/before.json"
	"$VCTOP" doctor | grep "daemon: dockerd" | grep -F "$SCRATCH/d/root" | grep -q "1 hangs on it, 1 would survive"
	daemon_end -9
	sleep 1
	runs "$pid" # as was said
	look during
	equal "daemon runs" "$(of during "$n" .supervisor.daemon_running)" false
	evidence during "$n" | grep -q "dockerd is gone and it runs on"
	daemon_start
	poll 15 ended "$pid" # as was said

	# The same with live-restore, on the command line and in the file.
	daemon_end -TERM
	daemon_start --live-restore
	docker start "$n" >/dev/null
	pid=$(docker inspect -f '{{.State.Pid}}' "$n")
	remember_pid "$pid"
	look restore
	equal survives "$(survives restore "$n")" configured
	evidence restore "$n" | grep -q -e "--live-restore keeps it"
	daemon_end -9
	daemon_start --live-restore
	sleep 2
	runs "$pid"
	equal "still the same" "$(docker inspect -f '{{.State.Pid}}' "$n")" "$pid"
	daemon_end -TERM
	sleep 1
	runs "$pid"
	echo '{"live-restore": true}' >"$SCRATCH/d/daemon.json"
	daemon_start --config-file "$SCRATCH/d/daemon.json"
	look file
	equal survives "$(survives file "$n")" configured
	evidence file "$n" | grep -q "live-restore in $SCRATCH/d/daemon.json keeps it"
	daemon_end -TERM
	sleep 1
	runs "$pid"
	# Without it again, the start ends it.
	daemon_start
	poll 15 ended "$pid"
}

# ---- network and disk I/O ----

# Others may run this test beside us: a network of our own, as the names are.
net_of() { echo "10.$((64 + $$ % 128)).$(($$ / 128 % 250 + $1))"; } # NUMBER
send_udp() { # ADDRESS COUNT: datagrams of 1000 bytes
	local i
	for ((i = 0; i < $2; i++)); do head -c 1000 /dev/zero >"/dev/udp/$1/9" || true; done 2>/dev/null
}
net_total() { # LOOK NAME rx|tx: bytes in the window
	of "$1" "$2" ".net.$3_bytes_per_sec * $(tail -n 1 "$SCRATCH/$1.json" | jq .interval_sec) | round"
}

@test "network of a container: bytes through a veth pair" {
	[ "$PODMAN" = yes ] || skip "no podman here"
	need ip nsenter
	local n=$TESTNAME-p-net pid host=vh$$ inside=vc$$ tx rx net
	net=$(net_of 0)
	podman_run "$n" -- sleep 600
	pid=$(podman inspect -f '{{.State.Pid}}' "$n")
	ip link add "$host" type veth peer name "$inside" || skip "no veth here"
	remember link "$host"
	ip link set "$inside" netns "$pid"
	ip addr add "$net.1/30" dev "$host"
	ip link set "$host" up
	nsenter -t "$pid" -n ip addr add "$net.2/30" dev "$inside"
	nsenter -t "$pid" -n ip link set "$inside" up
	sleep 3 # the neighbours introduce themselves
	tx=$(cat "/sys/class/net/$host/statistics/tx_bytes") rx=$(cat "/sys/class/net/$host/statistics/rx_bytes")
	"$VCTOP" --json -d 6 >"$SCRATCH/net.json" 3>&- &
	local vctop=$!
	sleep 3 # its first reading is over, on a busy machine too
	send_udp "$net.2" 200
	nsenter -t "$pid" -n bash -c "for ((i = 0; i < 50; i++)); do head -c 1000 /dev/zero >/dev/udp/$net.1/9 || true; done" 2>/dev/null
	wait $vctop
	tx=$(($(cat "/sys/class/net/$host/statistics/tx_bytes") - tx)) rx=$(($(cat "/sys/class/net/$host/statistics/rx_bytes") - rx))
	# What the host's end sent the container received. Each datagram comes with 42 bytes of headers.
	within "received" "$(net_total net "$n" rx)" $((200 * 1000)) $((200 * 1042 + 60000))
	within "sent" "$(net_total net "$n" tx)" $((50 * 1000)) $((50 * 1042 + 60000))
	about "received, as the host's end counts" "$(net_total net "$n" rx)" "$tx" 20
	# Read at once, the two do not depend on how long the window was.
	about "received to sent" "$(of net "$n" '.net.rx_bytes_per_sec / .net.tx_bytes_per_sec')" "$(calc "$tx / $rx")" 0.1
	ip link del "$host"
}

@test "two containers in one network namespace are counted once" {
	[ "$PODMAN" = yes ] || skip "no podman here"
	local n=$TESTNAME-p-pod
	podman_run "$n-a" -- sleep 600
	remember podman "$n-b"
	podman --runtime runc run -d --name "$n-b" --network "container:$n-a" --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
		"$PODMAN_IMAGE" sleep 600
	look pod
	jq -e --arg a "$n-a" --arg b "$n-b" '[.instances[] | select(.name == $a or .name == $b)]
		| (map(select(.net.rx_bytes_per_sec == 0)) | length) == 1
		and (map(select(.unavailable["net.rx_bytes_per_sec"] // "" | startswith("absent: shares the network of"))) | length) == 1' "$SCRATCH/pod.json"
}

@test "network of a VM: bytes through its tap, from its side" {
	need ip qemu-system-x86_64
	[ -e /dev/net/tun ] || skip "no /dev/net/tun"
	local n=$TESTNAME-tap tap=vt$$ tx pid net
	net=$(net_of 1)
	ip tuntap add dev "$tap" mode tap || skip "no tap here"
	remember link "$tap"
	ip addr add "$net.1/30" dev "$tap"
	ip link set "$tap" up
	ip neigh add "$net.2" lladdr 02:00:00:00:00:02 dev "$tap"
	# A tap without a card behind it takes in every frame.
	qemu-system-x86_64 -nodefaults -accel tcg -m 64 -display none -name "$n" -netdev tap,id=n0,ifname=$tap,script=no,downscript=no \
		>/dev/null 2>&1 </dev/null 3>&- &
	pid=$!
	remember_pid $pid
	sleep 3
	tx=$(cat "/sys/class/net/$tap/statistics/tx_bytes")
	"$VCTOP" --json -d 6 >"$SCRATCH/tap.json" 3>&- &
	local vctop=$!
	sleep 3 # its first reading is over, on a busy machine too
	send_udp "$net.2" 100
	wait $vctop
	tx=$(($(cat "/sys/class/net/$tap/statistics/tx_bytes") - tx))
	within "received" "$(net_total tap "$n" rx)" $((100 * 1000)) $((100 * 1042 + 8000))
	about "received, as the tap counts" "$(net_total tap "$n" rx)" "$tx" 20
	equal "kernel" "$(of tap "$n" .isolation.kernel)" own
	of tap "$n" .isolation.guard | grep -q '^qemu-system-x86_64 as root; '
	of tap "$n" .isolation.summary | grep -q '^own kernel; guarded by qemu-system-x86_64 as root, no seccomp$'
	kill $pid
	ip link del "$tap"
}

# On a disk of its own: cgroup v1 has counted since Linux 6.10 only where a throttle rule is set.
@test "disk I/O of a container: direct writes and reads against what was asked for" {
	[ "$PODMAN" = yes ] || skip "no podman here"
	need losetup
	local n=$TESTNAME-p-io disk window
	truncate -s 64M "$SCRATCH/disk"
	disk=$(losetup -f --show "$SCRATCH/disk") || skip "no loop devices here"
	remember loop "$disk"
	podman_run "$n" --device "$disk" --device-write-bps "$disk:10gb" -- sleep 600
	podman exec "$n" dd if=/dev/zero of="$disk" bs=1M count=1 oflag=direct 2>/dev/null
	"$VCTOP" --json -d 6 >"$SCRATCH/io.json" 3>&- &
	local vctop=$!
	sleep 3 # its first reading is over, on a busy machine too
	podman exec "$n" dd if=/dev/zero of="$disk" bs=1M count=32 oflag=direct 2>/dev/null
	podman exec "$n" dd if="$disk" of=/dev/null bs=1M count=16 iflag=direct 2>/dev/null
	wait $vctop
	losetup -d "$disk"
	window=$(jq .interval_sec "$SCRATCH/io.json")
	about written "$(of io "$n" ".io.write_bytes_per_sec * $window")" $((32 << 20)) 20
	about read "$(of io "$n" ".io.read_bytes_per_sec * $window")" $((16 << 20)) 20
	about "written to read" "$(of io "$n" '.io.write_bytes_per_sec / .io.read_bytes_per_sec')" 2 0.1
}

@test "disk I/O that the kernel does not count is not called 0" {
	[ "$PODMAN" = yes ] || skip "no podman here"
	local n=$TESTNAME-p-nio
	podman_run "$n" -v "$SCRATCH:/io" -- sh -c 'while :; do dd if=/dev/zero of=/io/f bs=256k count=8 oflag=direct 2>/dev/null; sleep 0.2; done'
	"$VCTOP" --json -d 2 >"$SCRATCH/nio.json"
	podman --runtime runc rm -f -t 0 "$n" >/dev/null
	valid "$SCRATCH/nio.json"
	if [ "$(of nio "$n" .io.write_bytes_per_sec)" = null ]; then
		of nio "$n" '.unavailable["io.write_bytes_per_sec"]' | grep -q "this kernel counts only disks that have a throttle rule"
	else
		within written "$(of nio "$n" .io.write_bytes_per_sec)" 1000000 100000000
	fi
}
