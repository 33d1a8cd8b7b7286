#!/usr/bin/env bats
# What a frame of a fixture costs in instructions of our own: no more than 5 % above what was last committed.
# (tests/bench/instructions.sh write, after a change that is worth it.)
# limit: 240

@test "instructions of a frame: none grown by more than 5 %" {
	command -v valgrind callgrind_annotate >/dev/null || skip "valgrind is not installed"
	case $VCTOP in *address*) skip "sanitized" ;; esac
	cd "$VCTOP_SOURCE"
	run tests/bench/instructions.sh
	echo "$output"
	[ "$status" != 77 ] || skip "$output"
	[ "$status" = 0 ]
}
