#!/usr/bin/env bats
# Samples of podman and docker beside what else is theirs: other people's images, commands, stores and samples.
# limit: 240
# shellcheck disable=SC2094 # a screen is waited for while it is written

load lib

setup_file() {
	live_setup
	need_root
	need podman runc jq script
	[ -x "$VCTOP_BUILD/vctop-workload" ] || skip "no vctop-workload was built"
	start first || skip "no podman sample here: $(tail -n 1 "$SCRATCH/err")"
	stop first
}
teardown_file() {
	stop ours || :
	stop first || :
	live_teardown
}
setup() { cd "$SCRATCH" || return 1; }
teardown() { stop ours || :; }

start() { "$VCTOP" sample start container --backend "${2:-podman}" --name "$TESTNAME-$1" >"$SCRATCH/out" 2>"$SCRATCH/err"; }
stop() { "$VCTOP" sample stop "$TESTNAME-$1" >/dev/null 2>&1; }
runs() { "$VCTOP" sample list | grep -q "^$TESTNAME-$1 .*running"; }
left() { # NAME: of podman's too
	left_of_sample "$TESTNAME-$1"
	podman ps -a --external --format '{{.Names}}' | grep -x "vctop-$TESTNAME-$1" || :
}
killed_while_slow() { # a start of ours, while a script waits before it becomes podman
	local pid
	mkdir -p slow
	printf '#!/bin/bash\n[ "$1" != run ] && [ "$3" != run ] || sleep 2\nexec %s "$@"\n' "$(command -v podman)" >slow/podman
	chmod 755 slow/podman
	PATH=$SCRATCH/slow:$PATH "$VCTOP" sample start container --backend podman --name "$TESTNAME-ours" >out 2>err 3>&- &
	pid=$!
	poll 15 eval "pgrep -f 'slow/podman.* run .*$TESTNAME-ours' >/dev/null"
	kill -9 $pid
	wait $pid || :
}
elsewhere() { # COMMAND...: where podman has another store
	printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/store"\nrunroot = "%s/store-run"\n' "$SCRATCH" "$SCRATCH" >storage.conf
	CONTAINERS_STORAGE_CONF="$SCRATCH/storage.conf" "$@"
}

@test "an image that somebody committed from a sample stays when that goes" {
	local image=localhost/$TESTNAME-commit:1 nameless
	remember podman-image "$image"
	start ours
	podman commit -q "vctop-$TESTNAME-ours" "$image" >/dev/null
	nameless=$(podman commit -q "vctop-$TESTNAME-ours")
	remember podman-image "$nameless"
	stop ours
	podman image exists "$image"
	podman image exists "$nameless"
	equal left "$(left ours)" ""
	podman rmi -f "$image" "$nameless" >/dev/null
}

@test "who reads a sample's log does not keep it from ending" {
	local pid from=$SECONDS
	start ours
	podman logs -f "vctop-$TESTNAME-ours" >log 2>&1 </dev/null 3>&- &
	pid=$!
	remember_pid $pid
	sleep 0.5
	"$VCTOP" sample stop "$TESTNAME-ours"
	within seconds $((SECONDS - from)) 0 9
	kill $pid 2>/dev/null || :
	equal left "$(left ours)" ""
}

@test "kill -9 while a slow podman, a script, starts a sample: the next command waits for it and leaves nothing" {
	killed_while_slow
	"$VCTOP" sample list >/dev/null
	equal left "$(left ours)" ""
	sleep 3
	equal "left later" "$(left ours)" ""
}

@test "who has another store does not forget what a killed vctop had only begun" {
	killed_while_slow
	elsewhere "$VCTOP" sample list >/dev/null
	[ -e "/run/vctop/samples/$TESTNAME-ours.json" ]
	"$VCTOP" sample list >/dev/null
	equal left "$(left ours)" ""
}

@test "another store is asked: the sample is not called stopped while it runs" {
	local entry=/run/vctop/samples/$TESTNAME-ours.json
	start ours
	run elsewhere "$VCTOP" sample stop "$TESTNAME-ours"
	equal status "$status" 1
	[[ $output == *"another store or host"* ]]
	# Where it is not known which was meant: the process says that it was not this one.
	jq -c 'del(.place)' "$entry" >entry
	cat entry >"$entry"
	run elsewhere "$VCTOP" sample stop "$TESTNAME-ours"
	equal status "$status" 1
	[[ $output == *"runs on"* ]]
	[ -n "$(podman ps -q --filter "name=vctop-$TESTNAME-ours")" ]
	# It was to end: whoever cleans up next, with the right store, does it.
	"$VCTOP" sample list >listed
	equal left "$(left ours)" ""
}

@test "a podman that fails keeps the dashboard from nothing; the sample goes when it works again" {
	mkdir -p broken
	printf '#!/bin/sh\necho "it does not work today" >&2\nexit 125\n' >broken/podman
	chmod 755 broken/podman
	start ours
	podman kill "vctop-$TESTNAME-ours" >/dev/null
	(poll 30 grep -aqs every screen; printf q; sleep 1) |
		PATH=$SCRATCH/broken:$PATH TERM=xterm script -qec "'$VCTOP' --no-history -d 0.5" /dev/null >screen || {
		tail -c 400 screen | cat -v
		return 1
	}
	"$VCTOP" sample list >/dev/null
	equal left "$(left ours)" ""
}

@test "an entry that cannot be read: the container it was for goes too" {
	start ours
	: >"/run/vctop/samples/$TESTNAME-ours.json"
	"$VCTOP" sample list >/dev/null
	equal left "$(left ours)" ""
}

@test "two vctops with a register each: neither ends the other's sample of the same name" {
	docker_setup
	local pair
	# In one engine, and in one tree of cgroups.
	for pair in docker builtin; do
		start ours $pair
		run unshare -m sh -c "mount -t tmpfs none /run && '$VCTOP' sample start container --backend $pair --name $TESTNAME-ours"
		equal "$pair: status" "$status" 1
		runs ours
		"$VCTOP" sample stop "$TESTNAME-ours"
		equal "$pair: left" "$(left ours)" ""
	done
	equal containers "$(docker ps -aq)" ""
}
