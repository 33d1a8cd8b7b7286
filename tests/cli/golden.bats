#!/usr/bin/env bats
# Fixture trees of every cgroup layout, and a hostile one, against goldens of every view.  `make bless` rewrites them.

setup() { cd "$BATS_TEST_DIRNAME/../.." || return 1; }

each() { # CASE: all views, so that one difference does not hide another
	local bad=0 v
	while read -r v; do
		tests/tools/golden.sh check "$1" "$v" || bad=1
	done < <(tests/tools/golden.sh list | sed -n "s/^$1 //p")
	return $bad
}

@test "golden: unified" {
	each unified
}
@test "golden: hybrid" {
	each hybrid
}
@test "golden: legacy" {
	each legacy
}
@test "golden: hostile" {
	each hostile
}
@test "golden: what explain says of each instance" {
	tests/tools/golden.sh check background explain
	tests/tools/golden.sh check hostile explain
}

@test "golden: background" {
	each background
}

@test "the JSON of every fixture follows the schema" {
	local d
	for d in tests/fixtures/*/; do
		"${VCTOP:-build/vctop}" --root "$d" --json | tests/tools/validate-json
	done
}

@test "unified, hybrid and legacy hosts with the same instances give the same numbers" {
	local a
	for a in unified hybrid legacy; do
		"${VCTOP:-build/vctop}" --root "tests/fixtures/$a" --json |
			jq -c '[.instances[] | select(.runtime == "docker" or .kind == "vm" or .name == "db")
				| {name, state, a: .cpu.allocated_cores, u: .cpu.used_cores, t: .cpu.throttled_pct,
					m: .memory.allocated_bytes, mu: .memory.used_bytes, h: .memory.held_bytes, p: .memory.peak_bytes,
					o: .memory.oom_kills, x: .memory.events_max, r: .memory.refault_bytes_per_sec, v: .cpu.vcpus, g: .cpu.guest_cores, s: .cpu.steal_cores, tasks: .pids}] | sort_by(.name)' \
				>"$BATS_TEST_TMPDIR/$a"
	done
	# What only cgroup2 counts: pressure on both that have it, memory.events on one.
	for a in unified:0.5,23,0 hybrid:0.5,null,null legacy:null,null,null; do
		[ "$("${VCTOP:-build/vctop}" --root "tests/fixtures/${a%:*}" --json |
			jq -c '.instances[] | select(.name == "db") | .memory | [.pressure_full_pct, .events_high, .events_oom]')" = "[${a#*:}]" ]
	done
	cd "$BATS_TEST_TMPDIR"
	cmp unified hybrid
	cmp unified legacy
	# By hand: see tests/tools/make-fixtures.
	jq -e '.[] | select(.name == "web") | .a == 0.5 and .u == 0.45 and .t == 50 and .m == 268435456 and .mu == 104857600' unified
	jq -e '.[] | select(.name == "vm1") | .a == 2 and .g == 0.8 and .u == 0.85 and .s == 0.1 and .h == 3221225472' unified
	jq -e '.[] | select(.name == "db") | .x == 46 and .r == 50 * 4096' unified
	jq -e '.[] | select(.name == "batch") | .a == null and .u == 2 and .o == 1' unified
}

@test "a table and a screen never hold a control character, whatever the tree says" {
	local v
	for v in plain screen-80x24 screen-200x50 explain; do
		if LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xaa-\xae]' "tests/golden/hostile.$v"; then
			return 1
		fi
	done
}

@test "the first moment alone has no rates, and says so" {
	"${VCTOP:-build/vctop}" --root tests/fixtures/unified/0 --json >"$BATS_TEST_TMPDIR/one"
	tests/tools/validate-json <"$BATS_TEST_TMPDIR/one"
	jq -e '.interval_sec == null and ([.instances[].cpu.used_cores] | all(. == null))' "$BATS_TEST_TMPDIR/one"
	jq -r '.instances[] | select(.name == "web") | .unavailable["cpu.used_cores"]' "$BATS_TEST_TMPDIR/one" | grep '^first: '
}

@test "what is there at the first moment only has gone from the second" {
	[ "$("${VCTOP:-build/vctop}" --root tests/fixtures/unified --json | jq '[.instances[] | select(.name == "gone")] | length')" = 0 ]
}
