#!/usr/bin/env bats
# What a run of the tests leaves when it is killed, the next one removes; and nothing of a run that goes on.

load lib

setup() {
	RUNS=$BATS_TEST_TMPDIR
	cd "$RUNS" || return 1
	mkdir "$RUNS"/vctop-test.{dead,runs,apart,nobody}
	sleep 300 3>&- &
	RUNNING=$!
	sleep 300 3>&- &
	GONE=$!
	owner $GONE >"$RUNS/vctop-test.dead/owner"
	kill $GONE
	wait $GONE || :
	owner $RUNNING >"$RUNS/vctop-test.runs/owner"
	echo "$GONE 1 pid:[1]@1" >"$RUNS/vctop-test.apart/owner"
}
teardown() { kill "$RUNNING"; }

@test "a run that was killed is told from one that goes on, from another namespace's and from nobody's" {
	equal abandoned "$(abandoned "$RUNS")" "$RUNS/vctop-test.dead"
	# The same number, another process.
	echo "$RUNNING 1 $(here)" >"$RUNS/vctop-test.runs/owner"
	equal abandoned "$(abandoned "$RUNS" | xargs)" "$RUNS/vctop-test.dead $RUNS/vctop-test.runs"
	# It has ended, and nobody has asked how.
	bash -c 'sleep 0.2 & echo $!; exec 3>&- >/dev/null; exec sleep 300' >child &
	local parent=$! child
	poll 10 test -s child
	child=$(cat child)
	owner "$child" >"$RUNS/vctop-test.nobody/owner"
	poll 10 process_ended "$child"
	equal "with the dead" "$(abandoned "$RUNS" | grep -c nobody)" 1
	kill $parent
	rm "$RUNS/vctop-test.nobody/owner"
	ln -s vctop-test.dead "$RUNS/vctop-test.link"
	equal abandoned "$(abandoned "$RUNS" | wc -l)" 2
}

@test "the directory of docker goes, but not what somebody has in it" {
	local id list=$RUNS/list
	id=$(printf '%064x' 7)
	mkdir -p "$RUNS/home/containers/$id"
	echo "docker-home $RUNS/home $list" >"$list"
	bash -c '. "$VCTOP_SOURCE/tests/live/reap.bash"; reap_list "$1"' - "$list"
	[ -d "$RUNS/home/containers/$id" ]
	printf '%s\n' "docker-home $RUNS/home $list" "container-id $id" >"$list"
	bash -c '. "$VCTOP_SOURCE/tests/live/reap.bash"; reap_list "$1"' - "$list"
	[ ! -e "$RUNS/home" ]
}

@test "what is on its lists is removed" {
	need_root
	local group
	group=$(cgroup_of $$ pids)/vctop-reap-$$
	mkdir "$group" "$group/below" || skip "no group can be made here"
	mkdir -p "$RUNS/scratch/deep"
	printf 'path %s\ncgroup %s\n' "$RUNS/scratch" "$group" >"$RUNS/vctop-test.dead/live_x.list"
	bash "$VCTOP_SOURCE/tests/live/reap.bash" "$RUNS/vctop-test.dead" all
	[ ! -e "$group" ]
	[ ! -e "$RUNS/scratch" ]
	[ -e "$RUNS/vctop-test.runs/owner" ]
}
