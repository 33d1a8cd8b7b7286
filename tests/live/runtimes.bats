#!/usr/bin/env bats
# Real containers of the runtimes that need no daemon: runc, LXC, systemd-nspawn, bubblewrap, Podman's pods, buildah, and
# rootless Podman.  Who they are, what they use, and what is not theirs.
# limit: 240

load lib

setup_file() {
	live_setup
	need_root
	need jq busybox
	cd "$SCRATCH" || return 1
	chmod 755 .
	busybox_tar >image.tar
	mkdir rootfs && tar -C rootfs -xf image.tar && mkdir -p rootfs/{run,usr,sbin,var} && echo ID=test >rootfs/etc/os-release
	# A device file of its own: LXC and nspawn want one to begin with.
	[ -e rootfs/dev/null ] || mknod -m 666 rootfs/dev/null c 1 3 || :
}
teardown_file() { live_teardown; }
setup() { cd "$SCRATCH" || return 1; }

look() { # FILE: one snapshot over half a second
	"$VCTOP" --json -d 0.5 >"$1" 2>stderr || { cat stderr; return 1; }
	valid "$1" >/dev/null || valid "$1"
}
# The bundle of a container with these jq changes:  bundle DIR FILTER
bundle() {
	mkdir -p "$1"
	(cd "$1" && rm -f config.json && runc spec)
	jq ".process.terminal = false | .process.rlimits = [] | .root.path = \"$SCRATCH/rootfs\" | .root.readonly = true
		| .linux.namespaces |= map(select(.type != \"network\")) | $2" "$1/config.json" >"$1/new"
	mv "$1/new" "$1/config.json"
	# What this process may not have, a container cannot be given.
	local have
	have=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
	[ $((0x$have >> 24 & 1)) = 1 ] || sed -i 's/"CAP_SYS_RESOURCE",\?//' "$1/config.json"
}
run_runc() { # NAME
	remember runc "$1"
	runc run -d --bundle "$SCRATCH/$1" "$1" >"$SCRATCH/$1.log" 2>&1 </dev/null 3>&- || { cat "$SCRATCH/$1.log"; return 1; }
}

@test "runc: a group whose name says nothing, by its state file; limits and use as the kernel counts them" {
	need runc
	local n=$TESTNAME-runc
	bundle "$n" ".process.args = [\"sh\", \"-c\", \"while :; do :; done\"] | .linux.cgroupsPath = \"/$n\"
		| .linux.resources.cpu = {quota: 20000, period: 100000} | .linux.resources.memory = {limit: 50331648}"
	run_runc "$n"
	look json
	equal id "$(field json "$n" .id)" "runc:$n"
	equal state "$(field json "$n" .state)" running
	equal cgroup "$(field json "$n" .cgroup)" "/$n"
	equal cores "$(field json "$n" .cpu.allocated_cores)" 0.2
	equal bytes "$(field json "$n" .memory.allocated_bytes)" 50331648
	within used "$(field json "$n" .cpu.used_cores)" 0.15 0.25
	equal pid "$(field json "$n" .pid)" "$(jq .init_process_pid "/run/runc/$n/state.json")"
	runc kill "$n" KILL
	poll 5 sh -c "runc state $n | grep -q stopped"
	look json
	equal "state when killed" "$(field json "$n" .state)" stopped
	runc delete "$n"
	look json
	equal "when deleted" "$(field json "$n" .id)" ""
}

@test "runc: a path that is not the same for every v1 controller" {
	need runc
	local n=$TESTNAME-rel
	# Without cgroupsPath its groups are made below the caller's, in each hierarchy below another.
	bundle "$n" '.process.args = ["sleep", "300"] | del(.linux.cgroupsPath) | .linux.resources.cpu = {quota: 30000, period: 100000}'
	run_runc "$n"
	look json
	equal state "$(field json "$n" .state)" running
	equal cores "$(field json "$n" .cpu.allocated_cores)" 0.3
	within used "$(field json "$n" .cpu.used_cores)" 0 0.1
	within memory "$(field json "$n" .memory.held_bytes)" 1 10000000
}

@test "a group that has a container's parent or look, but nobody's files, is none" {
	local n=$TESTNAME-bare mount
	mount=$(awk '$0 ~ " - cgroup .*memory" { print $5; exit }' /proc/self/mountinfo)
	mount=${mount:-$(awk '$0 ~ " - cgroup2 " { print $5; exit }' /proc/self/mountinfo)}
	remember cgroup "$mount/$n"
	mkdir "$mount/$n"
	look json
	equal rows "$(jq --arg n "$n" '[.instances[] | select(.cgroup // "" | contains($n))] | length' json)" 0
}

@test "LXC: payload is the container, monitor is not; a stopped one is listed from its config" {
	need lxc-start
	local n=$TESTNAME-lxc p=/var/lib/lxc pid d
	remember path "$p/$n"
	mkdir -p "$p/$n"
	printf 'lxc.uts.name = %s\nlxc.rootfs.path = dir:%s/rootfs\nlxc.net.0.type = none\nlxc.apparmor.profile = unconfined\nlxc.autodev = 0\nlxc.tty.max = 0\n' \
		"$n" "$SCRATCH" >"$p/$n/config"
	for d in /sys/fs/cgroup/ /sys/fs/cgroup/*/; do # LXC leaves this one in each hierarchy
		[ -e "${d}lxc.pivot" ] || remember cgroup "${d}lxc.pivot"
	done
	look json
	equal "before" "$(field json "$n" '.id + " " + .state')" "lxc:$n stopped"
	equal image "$(field json "$n" .unavailable.image)" "absent: its config does not name a template: it was not made by lxc-create"
	remember lxc "$p" "$n"
	lxc-start -P "$p" -n "$n" -d -o "$SCRATCH/lxc.log" -- /bin/sleep 300 </dev/null 3>&- || { tail -n 5 lxc.log; skip "lxc-start does not work here"; }
	pid=$(lxc-info -P "$p" -n "$n" -p -H)
	look json
	equal "running" "$(field json "$n" '.id + " " + .state')" "lxc:$n running"
	equal "pid" "$(field json "$n" .pid)" "$pid"
	field json "$n" .cgroup | grep -q "lxc.payload.$n\$"
	equal "memory" "$(field json "$n" '.memory.held_bytes > 0')" true
	equal "one row" "$(jq --arg n "$n" '[.instances[] | select((.cgroup // "") + .name | contains($n))] | length' json)" 1
	lxc-stop -k -P "$p" -n "$n"
	look json
	equal "after" "$(field json "$n" .state)" stopped
}

@test "LXC: what lxc-create made it from" {
	need lxc-create
	remember path "/var/lib/lxc/$TESTNAME-made"
	lxc-create -t busybox -n "$TESTNAME-made" >lxc-create.log 2>&1 || skip "lxc-create does not work here"
	look json
	equal image "$(field json "$TESTNAME-made" .image)" busybox
	"$VCTOP" explain -d 0.1 "$TESTNAME-made" | grep -q '# Template used to create this container: .*/lxc-busybox'
}

@test "containerd alone, with a state directory that only its configuration names" {
	need containerd ctr
	local n=$TESTNAME-ctr d=$SCRATCH/containerd
	mkdir -p "$d"
	printf 'version = 2\nroot = "%s/root"\nstate = "%s/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "%s/sock"\n' \
		"$d" "$d" "$d" >"$d/config.toml"
	containerd -c "$d/config.toml" >"$d/log" 2>&1 </dev/null 3>&- &
	remember_pid $!
	poll 20 ctr -a "$d/sock" version >/dev/null 2>&1 || skip "containerd does not start here"
	# Without a registry: a root file system of our own, which has no image.
	ctr -a "$d/sock" run -d --null-io --rootfs "$SCRATCH/rootfs" "$n" /bin/sleep 300 >"$d/run.log" 2>&1 3>&- || skip "ctr cannot run here: $(tail -n 1 "$d/run.log")"
	remember_pid "$(cat "$d/state/io.containerd.runtime.v2.task/default/$n/init.pid")"
	look json
	equal id "$(field json "$n" .id)" "containerd:default/$n"
	equal daemon "$(field json "$n" '.supervisor | .daemon + " " + (.daemon_running | tostring)')" "containerd true"
	equal image "$(field json "$n" .unavailable.image)" "absent: only containerd's database knows it, which is not read"
	ctr -a "$d/sock" task kill -s 9 "$n"
	poll 10 sh -c "ctr -a '$d/sock' task rm '$n' >/dev/null 2>&1"
}

@test "systemd-nspawn in another's unit: found by its process, without numbers" {
	need systemd-nspawn
	local n=$TESTNAME-nsp d
	cp -a rootfs nspawn-root
	mkdir -p nspawn-root/usr/lib
	echo 'PRETTY_NAME="Test OS 1"' >nspawn-root/usr/lib/os-release
	ln -sf /usr/lib/os-release nspawn-root/etc/os-release
	# On a hybrid host it makes groups at the root of cgroup2; nobody removes them.
	for d in payload supervisor; do
		[ -e /sys/fs/cgroup/unified/$d ] || remember cgroup /sys/fs/cgroup/unified/$d
	done
	systemd-nspawn --register=no --keep-unit -q -D "$SCRATCH/nspawn-root" -M "$n" /bin/sleep 300 >nspawn.log 2>&1 </dev/null 3>&- &
	remember_pid $!
	poll 10 grep -qs . "/proc/$!/task/$!/children" || skip "systemd-nspawn does not work here: $(tail -n 1 nspawn.log)"
	sleep 0.5
	kill -0 $! || skip "systemd-nspawn does not work here: $(tail -n 1 nspawn.log)"
	look json
	equal row "$(field json "$n" '.id + " " + .state')" "nspawn:$n running"
	equal image "$(field json "$n" .image)" "Test OS 1"
	equal pid "$(field json "$n" .pid)" "$(tr -d ' ' <"/proc/$!/task/$!/children")"
	if [ "$(field json "$n" .cgroup)" = null ]; then
		field json "$n" '.unavailable["cpu.used_cores"]' | grep -q 'absent: it shares'
	fi
}

@test "bubblewrap: by its namespaces, with and without one for processes; gone when its process is" {
	need bwrap
	local name pid
	bwrap --bind "$SCRATCH/rootfs" / --unshare-pid sleep 297 >/dev/null 2>bwrap.log </dev/null 3>&- &
	pid=$!
	remember_pid $pid
	bwrap --bind "$SCRATCH/rootfs" / sleep 298 >/dev/null 2>>bwrap.log </dev/null 3>&- &
	remember_pid $!
	poll 10 pgrep -f '^sleep 297' >/dev/null && poll 10 pgrep -f '^sleep 298' >/dev/null ||
		skip "bubblewrap does not work here: $(tail -n 1 bwrap.log)"
	look json
	for name in $pid $!; do
		jq -e --arg p "bubblewrap:$name." '[.instances[] | select(.id | startswith($p))] | length == 1
			and all(.[]; .state == "running" and .name == "sleep" and .cgroup == null
			and (.unavailable["memory.used_bytes"] | startswith("absent: bubblewrap")))' json
	done
	kill -9 $pid
	poll 10 process_ended $pid
	look json
	jq -e --arg p "bubblewrap:$pid." '[.instances[] | select(.id | startswith($p))] == []' json
}

@test "podman: a pod's containers are shown with their pod, its infra container is not" {
	podman_setup
	local pod=$TESTNAME-pod id
	remember podman-pod "$pod"
	printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >containers.conf
	export CONTAINERS_CONF=$SCRATCH/containers.conf
	id=$(podman --runtime runc pod create --name "$pod" --share ipc --infra-image "$PODMAN_IMAGE" --infra-command "sleep 300" 2>pod.err) ||
		skip "no pod here: $(tail -n 1 pod.err)"
	podman --runtime runc run -d --pod "$pod" --name "$TESTNAME-in-pod" --network none --ulimit nofile=1024:1024 \
		--ulimit nproc=1024:1024 "$PODMAN_IMAGE" sleep 300 >pod.err 2>&1 || skip "no container in a pod here: $(tail -n 1 pod.err)"
	look json
	equal state "$(field json "$TESTNAME-in-pod" .state)" running
	equal pod "$(field json "$TESTNAME-in-pod" .labels.pod)" "${id:0:12}"
	equal "infra" "$(jq --arg n "${id:0:12}-infra" '[.instances[] | select(.name == $n)] | length' json)" 0
}

@test "buildah: a working container, and the step that runs in it" {
	need buildah runc
	local n=$TESTNAME-work
	remember buildah "$n"
	buildah from --name "$n" --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 scratch >/dev/null
	buildah copy -q "$n" "$SCRATCH/rootfs" / >/dev/null
	look json
	equal row "$(field json "$n" '.runtime + " " + .state')" "buildah stopped"
	buildah run --isolation oci --runtime runc --network none "$n" -- sleep 299 >buildah.log 2>&1 </dev/null 3>&- &
	remember_pid $!
	poll 15 eval 'grep -qs buildah-buildah /run/runc/buildah-buildah*/state.json' ||
		skip "no step runs here: $(tail -n 1 buildah.log)"
	sleep 1
	look json
	jq -e '[.instances[] | select(.runtime == "buildah" and .state == "running" and .memory.held_bytes > 0)] | length >= 1' json
	equal "as runc's" "$(jq '[.instances[] | select(.id | startswith("runc:buildah"))] | length' json)" 0
}

@test "rootless podman: seen, named and running; on cgroup v1 without numbers, and why" {
	need podman runc useradd newuidmap
	local u=vctopt$$ n=$TESTNAME-rootless uid
	remember user "$u"
	useradd -m "$u"
	uid=$(id -u "$u")
	remember path "/tmp/containers-user-$uid"
	remember path "/tmp/podman-run-$uid"
	remember path "/run/user/$uid"
	[ -d /run/user ] || remember rmdir /run/user
	mkdir -p "/run/user/$uid"
	chown "$u" "/run/user/$uid"
	cat >rootless <<-SCRIPT
		cd; export XDG_RUNTIME_DIR=/run/user/$uid
		podman import -q - test:1 <$SCRATCH/image.tar >/dev/null || exit 1
		exec podman --runtime runc run -d --name $n --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 test:1 sleep 300
	SCRIPT
	chmod 644 rootless image.tar
	su -s /bin/bash "$u" -c "bash $SCRATCH/rootless" >rootless.log 2>&1 </dev/null 3>&- || skip "no rootless podman here: $(tail -n 1 rootless.log)"
	look json
	equal row "$(field json "$n" '.runtime + " " + .state + " " + .image')" "podman running localhost/test:1"
	if [ "$(field json "$n" .cgroup)" = null ]; then
		equal cores "$(field json "$n" .cpu.used_cores)" null
		field json "$n" '.unavailable["cpu.used_cores"]' | grep -q 'rootless on cgroup v1'
	fi
	# Another user, who may read neither the store nor the namespaces, sees it by its monitor.
	setpriv --reuid 65534 --regid 65534 --clear-groups test -e /proc/1 || return 0 # hidepid: nobody sees anybody
	cp "$VCTOP" vctop-user && chmod 755 vctop-user
	(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups "$SCRATCH/vctop-user" --json -d 0.3) >json 2>stderr
	equal "seen by nobody" "$(field json "$n" .state)" running || { cat stderr; jq -c .notices json; return 1; }
}

@test "without a cgroup file system: running by the state file's pid and start time, without numbers" {
	need runc unshare
	local n=$TESTNAME-nocg
	bundle "$n" ".process.args = [\"sleep\", \"300\"] | .linux.cgroupsPath = \"/$n\""
	run_runc "$n"
	unshare -m --propagation private sh -c 'umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup
		exec "$1" --no-history --json -n 1 -d 0.2' sh "$VCTOP" >json || skip "a mount namespace without cgroups cannot be made here"
	[ "$(jq -r .host.cgroup_layout json)" = none ] || skip "the cgroups cannot be unmounted here"
	valid json
	equal row "$(field json "$n" '.state + " " + (.pid | tostring)')" "running $(jq .init_process_pid "/run/runc/$n/state.json")"
	equal why "$(field json "$n" '.unavailable["cpu.used_cores"]')" "absent: no cgroup file system is mounted"
	equal notice "$(jq -r '.notices[] | select(.what == "cgroups") | .change' json)" "mount -t cgroup2 none /sys/fs/cgroup"
	# A pid file that tells of another process: not running, and not without numbers.
	jq '.init_process_start += 1' "/run/runc/$n/state.json" >changed && cat changed >"/run/runc/$n/state.json"
	unshare -m --propagation private sh -c 'umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup
		exec "$1" --no-history --json -n 1 -d 0.2' sh "$VCTOP" >json
	equal "another's pid" "$(field json "$n" .state)" stopped
	jq '.init_process_start -= 1' "/run/runc/$n/state.json" >changed && cat changed >"/run/runc/$n/state.json"
}

@test "a /proc that hides others' processes is said in JSON and by doctor" {
	need setpriv unshare
	local hide
	cp "$VCTOP" vctop && chmod 755 vctop
	for hide in 1 2; do
		unshare -m --propagation private sh -c 'mount -t proc -o hidepid=$2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups \
			"$1" --no-history --json -n 1 -d 0.1' sh "$SCRATCH/vctop" $hide >json 2>stderr || skip "$(cat stderr)"
		jq -e '.notices[] | select(.what == "/proc") | .why | contains("hidepid")' json
	done
	unshare -m --propagation private sh -c 'mount -t proc -o hidepid=2 proc /proc && setpriv --reuid 65534 --regid 65534 --clear-groups "$1" doctor' \
		sh "$SCRATCH/vctop" | grep hidepid
	"$VCTOP" --no-history --json -n 1 -d 0.1 >json
	[ -z "$(jq '.notices[] | select(.what == "/proc")' json)" ]
}
