#!/usr/bin/env bats
# Stories without their deeds: --dry-run tells the commands and does nothing; bad use.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	VCTOP=${VCTOP:-build/vctop}
}
refuses() { # TEXT ARGUMENT...: one line that has TEXT, status 2
	local text=$1
	shift
	run "$VCTOP" "$@"
	if [ "$status" != 2 ] || [ "${#lines[@]}" != 1 ]; then echo "$status: $output"; return 1; fi
	case $output in "vctop: "*"$text"*) ;; *) echo "$output"; return 1 ;; esac
}

@test "golden: the commands of lifecycle and daemon-down" {
	tests/tools/golden.sh check lifecycle dry-run
	tests/tools/golden.sh check daemon-down dry-run
}

@test "a dry run makes nothing, and needs no root and no engine" {
	local story
	for story in lifecycle "demo daemon-down" "demo waste --memory 1G"; do
		# shellcheck disable=SC2086 # words
		PATH=/nonexistent "$VCTOP" $story --dry-run >"$BATS_TEST_TMPDIR/out" || return 1
		[ ! -e /var/tmp/vctop-lifecycle-1 ] && [ ! -e /var/tmp/vctop-daemon-down-1 ]
		# 80 columns, but for words that are longer.
		awk 'length($0) > 80 && !/[^ ]{60}|\.process\./ { print; bad = 1 } END { exit bad }' "$BATS_TEST_TMPDIR/out"
		[ "$(grep -c '^   \$ ' "$BATS_TEST_TMPDIR/out")" -ge 8 ]
		! grep -q $'\033' "$BATS_TEST_TMPDIR/out"
	done
}

@test "what a dry run tells is shell" {
	local story
	for story in lifecycle "demo daemon-down" "demo waste --memory 1G"; do
		# shellcheck disable=SC2086 # words
		"$VCTOP" $story --dry-run | sed -n '/^   \$ /,/^$/p' | grep -v '^ *[!0-9]' | sed 's/^   \$ //' >"$BATS_TEST_TMPDIR/script"
		sed -i '/^     [a-z]/d' "$BATS_TEST_TMPDIR/script"
		bash -n "$BATS_TEST_TMPDIR/script" || { cat "$BATS_TEST_TMPDIR/script"; return 1; }
	done
}

@test "bad use of stories" {
	refuses "which?" demo
	refuses "no such story" demo nonsense
	refuses "one story" demo waste daemon-down
	refuses "--nonsense" demo waste --nonsense
	refuses "only for waste" demo daemon-down --memory 1G
	refuses "a size" demo waste --memory x
	refuses "needs a value" demo waste --memory
	refuses "takes no arguments" lifecycle x
	refuses "not with" lifecycle --json --dry-run
	refuses "a size" sample start vm --bytes 0
	refuses "more than --memory" sample start container --memory 64M --bytes 65M
}

@test "four teams that would not fit are refused" {
	local all
	all=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
	run "$VCTOP" demo waste --memory "$((all + 1))k" --dry-run
	[ "$status" = 1 ]
	[[ $output == *"would bring this host to its limits"* ]]
	run "$VCTOP" demo waste --memory 100M --dry-run
	[ "$status" = 1 ]
	[[ $output == *"at least 128M each"* ]]
}
