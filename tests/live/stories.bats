#!/usr/bin/env bats
# The stories for a class, from end to end on real engines; ended in the middle, by whatever means, nothing is left.
# limit: 300

load lib

setup_file() {
	live_setup
	need_root
	need jq awk tar
	[ -x "$VCTOP_BUILD/vctop-workload" ] || skip "no vctop-workload was built"
}
teardown_file() {
	"$VCTOP" sample list >/dev/null 2>&1 || : # removes what killed ones left
	live_teardown
}
setup() { cd "$SCRATCH" || return 1; }

# ---- what is left ----

name_of() { sed -n 's|.*everything is below /var/tmp/vctop-\([a-z0-9-]*\),.*|\1|p' "$1" | head -n 1; } # OUTPUT
# Whatever carries the name of a story: directories, cgroups, mounts, processes, the register.
left_of() { # NAME
	{
		ls -d "/var/tmp/vctop-$1" "/run/vctop/st-$1" "/run/vctop/samples/$1.json" 2>/dev/null
		find /sys/fs/cgroup -type d -path "*/vctop/st-$1*"
		grep -F -e "vctop-$1/" -e "st-$1/" /proc/self/mountinfo
		pgrep -a -f -- "(vctop-|st-)$1/"
		# What runtimes keep in places of their own, for containers of ours.
		grep -l -r -s -F -e "vctop-$1/" /run/runc /run/crun
	} 2>/dev/null | head -n 5
}
nothing_left() { # NAME
	[ -n "$1" ] || { echo "it told no name"; return 1; }
	equal "left of $1" "$(left_of "$1")" ""
}
shims() { find /run/containerd/s -type s 2>/dev/null | wc -l; }
told() { grep -q -- "$2" "$1" 2>/dev/null; } # OUTPUT PATTERN
has_engines() { command -v docker dockerd podman runc >/dev/null; }
ended() { ! kill -0 "$1" 2>/dev/null; }
# A story in the background, until it has told PATTERN; STORY is its pid.
story_until() { # PATTERN ARGUMENT...
	local pattern=$1
	shift
	rm -f out
	"$VCTOP" "$@" >out 2>err </dev/null 3>&- &
	STORY=$!
	remember_pid "$STORY"
	poll 60 told out "$pattern" || { tail -n 20 out err; return 1; }
}

# ---- from end to end ----

cells() { awk -F '  +' -v r="$2" '$1 == r { $1 = ""; print substr($0, 2); exit }' "$1"; } # OUTPUT ROW

@test "daemon-down: what vctop said came true for dockerd, live-restore and podman" {
	has_engines || skip "docker, podman or runc is not installed"
	local before
	before=$(shims)
	"$VCTOP" demo daemon-down >out 2>err || { tail -n 20 out err; return 1; }
	if told out "left out"; then cat out; return 1; fi
	equal said "$(cells out 'vctop said: survives?')" "yes configured yes"
	equal survived "$(cells out 'containers that ran on')" "2 of 2 2 of 2 2 of 2"
	equal answers "$(cells out 'command line answers')" "no no yes"
	equal kept "$(cells out 'same after restart')" "0 of 2 2 of 2 nothing to"
	told out "web: running, and manageable again"
	nothing_left "$(name_of out)"
	[ "$(shims)" -le "$before" ] || { echo "shims' sockets: $before, then $(shims)"; false; }
}

@test "lifecycle: every builder's image goes through the registry and runs under the others" {
	has_engines || skip "docker, podman or runc is not installed"
	need buildah
	"$VCTOP" lifecycle --json >json 2>err || { cat err; return 1; }
	equal left "$(find /var/tmp /run/vctop -maxdepth 1 -name '*lifecycle-*' 2>/dev/null)" ""
	"$VCTOP_SOURCE/tests/tools/validate-json" "$VCTOP_SOURCE/src/doc/vctop.lifecycle-1.schema.json" <json
	jq -e '.builders | map(.skipped) == [null, null, null]' json
	jq -e '.builders[] | .steps | to_entries | all(.value.sec > 0 and .value.bytes >= 0)' json
	# Two layers, as the Dockerfile copies two files; the first holds the program.
	jq -e --argjson program "$(stat -c %s "$VCTOP_BUILD/vctop-workload")" '.builders[].layers | map(select(.empty | not))
		| length == 2 and .[0].unpacked_bytes >= $program and .[0].unpacked_bytes < $program + 10240
		and .[0].shipped_bytes < $program and .[1].shipped_bytes < 1000' json
	# What was pushed first took at least what is shipped.
	jq -e '.builders[0] | .steps.push.bytes >= (.layers | map(.shipped_bytes // 0) | add)' json
	jq -e '[.runs[] | select(.runtime != "crun") | .runs] | length == 9 and all' json
	jq -e '[.runs[] | select(.runs | not) | .why != null] | all' json
	if command -v docker-registry registry >/dev/null; then jq -e .has_registry json; fi
}

@test "lifecycle without a registry and docker: an OCI layout directory" {
	has_engines || skip "docker, podman or runc is not installed"
	mkdir -p bin
	local c
	for c in podman buildah runc crun tar mkdir install rm conmon; do
		[ -z "$(command -v $c)" ] || ln -sf "$(command -v $c)" "bin/$c"
	done
	need buildah
	PATH=$SCRATCH/bin "$VCTOP" lifecycle >out 2>err || { tail -n 30 out err; return 1; }
	told out "! docker: left out: dockerd: not found on PATH"
	told out "^One program and a text through an OCI layout directory"
	told out "^podman  *[0-9.]*K  *[0-9.]*K  COPY /init"
	told out "^buildah  *[0-9.]*K  *[0-9.]*K  COPY /init"
	equal "podman's" "$(cells out 'image of podman' | cut -d ' ' -f 1-3)" "yes - yes"
	equal "buildah's" "$(cells out 'image of buildah' | cut -d ' ' -f 1-3)" "yes - yes"
	nothing_left "$(name_of out)"
}

@test "daemon-down without docker tells why and goes on with podman" {
	has_engines || skip "docker, podman or runc is not installed"
	mkdir -p bin
	local c
	for c in podman runc tar mkdir install conmon; do ln -sf "$(command -v $c)" "bin/$c"; done
	PATH=$SCRATCH/bin "$VCTOP" demo daemon-down >out 2>err || { tail -n 20 out err; return 1; }
	told out "! dockerd: left out: dockerd: not found on PATH"
	equal killed "$(cells out killed)" "left out left out conmon"
	equal survived "$(cells out 'containers that ran on')" "- - 2 of 2"
	nothing_left "$(name_of out)"
	# Neither: nothing to tell is a failure.
	rm bin/podman
	local status=0
	PATH=$SCRATCH/bin "$VCTOP" demo daemon-down >out 2>err || status=$?
	equal status "$status" 1
	nothing_left "$(name_of out)"
}

bytes() { numfmt --from=iec "${1%B}"; } # 1.8G, 0B

@test "waste: VMs leave nothing for one more team, containers nearly all" {
	qemu_setup
	need numfmt
	"$VCTOP" demo waste --memory 640M >out 2>err || { tail -n 20 out err; return 1; }
	local held next used
	next=$(awk '/^one more team could get/ { print $7 }' out)
	equal "next, VMs" "$(awk '/^one more team could get/ { print $6 }' out)" 0B
	within "next, containers" "$(bytes "$next")" $((540 << 20)) $((640 << 20))
	# The containers use what the work needs, the VMs' guests more.
	used=$(awk '/^used/ { print $3 }' out)
	within "used by containers" "$(bytes "$used")" $((64 << 20)) $((80 << 20))
	held=$(awk '$1 == "held" && $2 != "by" { print $2 }' out)
	[ "$(bytes "$held")" -gt $((2 * $(bytes "$used"))) ] || { cat out; return 1; }
	local team
	grep -o 'team-[0-9-]*\(vm\|container\)' out | sort -u >teams
	equal teams "$(wc -l <teams)" 8
	while read -r team; do
		if "$VCTOP" sample list | grep "^$team "; then return 1; fi
		equal "cgroups of $team" "$(find /sys/fs/cgroup -type d -name "*-$team")" ""
	done <teams
}

# ---- ended in the middle ----

@test "interrupted at several moments: it says so, and nothing is left" {
	has_engines || skip "docker, podman or runc is not installed"
	local moment status
	for moment in "docker run" "docker ps" "4. start dockerd"; do
		story_until "$moment" demo daemon-down
		kill -INT "$STORY"
		status=0
		wait "$STORY" || status=$?
		equal "status after '$moment'" "$status" 130
		equal says "$(cat err)" "vctop: demo: interrupted"
		nothing_left "$(name_of out)"
	done
	story_until "podman push" lifecycle
	kill -TERM "$STORY"
	wait "$STORY" && return 1
	equal says "$(cat err)" "vctop: lifecycle: interrupted"
	nothing_left "$(name_of out)"
}

@test "killed with -9 at several moments: the next command removes all of it" {
	has_engines || skip "docker, podman or runc is not installed"
	local moment before
	before=$(shims)
	for moment in "mkdir" "dockerd --iptables" "docker ps" "podman run -d --name db"; do
		story_until "$moment" demo daemon-down
		kill -9 "$STORY"
		wait "$STORY" || :
		# Others' samples are theirs.
		if [ "$("$VCTOP" sample list | wc -l)" -le 1 ]; then "$VCTOP" sample stop --all; fi
		nothing_left "$(name_of out)"
	done
	story_until "--layers" lifecycle
	kill -9 "$STORY"
	wait "$STORY" || :
	"$VCTOP" sample list >/dev/null
	nothing_left "$(name_of out)"
	[ "$(shims)" -le "$before" ] || { echo "shims' sockets: $before, then $(shims)"; false; }
}

@test "listed while it is told; sample stop ends it" {
	has_engines || skip "docker, podman or runc is not installed"
	local name
	story_until "2. kill dockerd" demo daemon-down # its containers are there
	name=$(name_of out)
	"$VCTOP" sample list | grep -q "^$name  *story  *-  *-  *running"
	"$VCTOP" --json -d 0.5 >json
	valid json
	within "containers marked as its parts" "$(jq --arg n "$name" '[.instances[] | select(.sample == $n)] | length' json)" 1 4
	"$VCTOP" sample stop "$name"
	wait "$STORY" && return 1
	grep -q "stopped by another vctop" err || { tail -n 20 out err; return 1; }
	nothing_left "$name"
}
