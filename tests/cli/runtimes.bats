#!/usr/bin/env bats
# One fixture tree for each container runtime: who is found, by what name, in whom, and that nothing counts twice.
# The trees are written by tests/tools/make-runtime-fixtures, the goldens by `make bless`.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	vctop=${VCTOP:-build/vctop}
}

golden() { # NAME
	local bad=0 c v
	while read -r c v; do
		[ "$c" = "runtime-$1" ] || continue
		tests/tools/golden.sh check "$c" "$v" || bad=1
	done < <(tests/tools/golden.sh list)
	return $bad
}
rows() { # NAME FILTER
	"$vctop" --root "tests/fixtures/runtime-$1" --json | jq -e "$2" >/dev/null
}

@test "every runtime's tree gives its golden" {
	local d bad=0
	for d in tests/fixtures/runtime-*/; do
		d=${d%/}
		golden "${d#tests/fixtures/runtime-}" || bad=1
	done
	[ $bad = 0 ]
}

@test "no monitor, supervisor, pause container, pivot or VM is a container" {
	local d
	for d in tests/fixtures/runtime-*/; do
		"$vctop" --root "$d" --json | jq -e '[.instances[] | select(.kind == "container") | .cgroup // "" |
			select(test("conmon|/runtime$|/supervisor|lxc\\.monitor|lxc\\.pivot|machine-qemu|not-a-container"))] == []'
	done
	rows kubernetes-systemd '[.instances[].name] | sort == ["777777777777", "app", "cccccccccccc", "exited", "sidecar"]'
	rows cri-dockerd '[.instances[].name] | sort == ["app", "job"]'
	rows podman '[.instances[].name] | any(test("infra")) | not'
}

@test "limits and use are those of the outer group, where the processes sit deeper" {
	rows docker '.instances[] | select(.name == "with-systemd") | .cpu.used_cores == 0.25 and .cpu.allocated_at == "/limited.slice"'
	rows podman '.instances[] | select(.name == "web") | .cpu.allocated_cores == 0.5 and .memory.allocated_bytes == 268435456'
	rows crun '.instances[] | select(.name == "web") | .cgroup == "/system.slice/crun-web.scope" and .cpu.allocated_cores == 0.5'
}

@test "a pod's limit binds its containers, and the pod is named" {
	rows kubernetes-systemd '.instances[] | select(.name == "sidecar") | .memory.allocated_bytes == 209715200 and .memory.shared_cap
		and .labels.pod == "shop/web-1"'
	rows kubernetes-cgroupfs '.instances[] | select(.name == "app") | .cpu.allocated_cores == 0.5 and .cpu.shared_cap'
	# The cap is counted once.
	rows kubernetes-systemd '.totals.container.memory.allocated_bytes == 268435456 + 209715200'
}

@test "nested: the last match is the container, those before it its ancestors; each core and byte counts once" {
	# shellcheck disable=SC2016 # jq's own variables
	rows docker-nested '.instances | (map({(.id): .}) | add) as $all |
		map(select(.parent)) | length == 3 and all(.[]; $all[.parent] as $up | $up != null and (.cgroup | startswith($up.cgroup)))'
	# The sums are those of the two outermost: 0.75 and 0.5 cores; 192 and 128 MiB.
	rows docker-nested '.totals.container | .nested == 3 and .running == 5 and .cpu.used_cores == 1.25
		and .memory.held_bytes == (192 + 128) * 1048576 and .cpu.allocated_cores == 2 and .memory.allocated_bytes == 512 * 1048576'
}

@test "totals are the sums over instances that are in no other, for every tree" {
	local d bad=""
	for d in tests/fixtures/*/; do
		[ "$d" != tests/fixtures/hostile/ ] || continue
		"$vctop" --root "$d" --json | jq -e '(.instances | map(select(.kind == "container" and .parent == null and .state != "stopped"))) as $top |
			.totals.container | ((.cpu.used_cores // 0) - ([$top[].cpu.used_cores | . // 0] | add // 0) | fabs < 1e-9)
			and (.memory.used_bytes // 0) == ([$top[].memory.used_bytes | . // 0] | add // 0)' >/dev/null || bad="$bad $d"
	done
	[ -z "$bad" ] || { echo "$bad"; false; }
}

@test "ids are unique, also when somebody makes a group with another's id" {
	rows hostile '[.instances[].id] | length == (unique | length)'
	rows hostile '[.instances[] | select(.name == "real") | .cgroup] | length == 2'
}

@test "without a group of its own a container runs with its numbers absent, and why" {
	rows bubblewrap '[.instances[] | select(.runtime == "bubblewrap")] | length == 3 and all(.[]; .state == "running"
		and .cpu.used_cores == null and (.unavailable["memory.used_bytes"] | startswith("absent: bubblewrap makes no cgroup")))'
	rows bubblewrap '.instances[] | select(.name == "make") | .parent | startswith("docker:")'
	rows nspawn '.instances[] | select(.name == "kept") | .unavailable["cpu.used_cores"] | test("keep-unit")'
	rows runc '.instances[] | select(.name == "rootless") | .state == "running"'
	rows runc '.instances[] | select(.name == "reused-pid") | .state == "stopped"'
}

@test "--services adds the host's own groups; what is in a container stays there" {
	"$vctop" --root tests/fixtures/runtime-services --services --json >"$BATS_TEST_TMPDIR/s"
	tests/tools/validate-json <"$BATS_TEST_TMPDIR/s"
	jq -e '[.services[].cgroup] == (["/init.scope", "/system.slice", "/system.slice/ssh.service", "/user.slice",
		"/user.slice/user-1000.slice", "/user.slice/user-1000.slice/session-1.scope"])' "$BATS_TEST_TMPDIR/s"
	jq -e '.services[] | select(.name == "ssh.service") | .cpu.used_cores == 0.25 and .memory.used_bytes == 41943040 and .pids == 1
		and .memory.cache_bytes == 25165824 and .unavailable["memory.allocated_bytes"] == "unlimited: no memory cap at any level"' \
		"$BATS_TEST_TMPDIR/s"
	# All that a group can tell, as of an instance.
	jq -e '.instances[0] as $i | all(.services[]; . as $s | all("cpu", "memory", "io"; . as $g | ($s[$g] | keys) == ($i[$g] | keys)))' "$BATS_TEST_TMPDIR/s"
	rows services 'has("services") | not'
}
