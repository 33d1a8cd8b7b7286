#!/usr/bin/env bats
# Every kind of file of a host, one at a time, gone / empty / cut: one field or one row is lost, never the sample.
# limit: 300

setup() {
	VCTOP=${VCTOP:-$BATS_TEST_DIRNAME/../../build/vctop}
	case $VCTOP in /*) ;; *) VCTOP=$PWD/$VCTOP ;; esac
	VALIDATE=$BATS_TEST_DIRNAME/../tools/validate-json
}

# each_file FIXTURE HOW: HOW is a function that harms one file
each_file() {
	local file rows n tree=$BATS_TEST_TMPDIR/tree keep=$BATS_TEST_TMPDIR/keep
	cp -a "$BATS_TEST_DIRNAME/../fixtures/$1" "$tree"
	rows=$("$VCTOP" --root "$tree" --json | grep -o '"kind":' | wc -l)
	: >"$BATS_TEST_TMPDIR/out"
	while read -r file; do
		cp -a "$file" "$keep"
		"$2" "$file"
		if ! "$VCTOP" --root "$tree" --json >"$BATS_TEST_TMPDIR/one" 2>"$BATS_TEST_TMPDIR/err"; then
			echo "$2 ${file#"$tree"}: status $?: $(cat "$BATS_TEST_TMPDIR/err")"
			return 1
		fi
		if [ -s "$BATS_TEST_TMPDIR/err" ]; then
			echo "$2 ${file#"$tree"}: said $(cat "$BATS_TEST_TMPDIR/err")"
			return 1
		fi
		cat "$BATS_TEST_TMPDIR/one" >>"$BATS_TEST_TMPDIR/out"
		rm -f "$file"
		mv "$keep" "$file"
		n=$(grep -o '"kind":' "$BATS_TEST_TMPDIR/one" | wc -l)
		case $file in
		*/proc/self/mountinfo | */etc/passwd) continue ;; # without it no group, no user is known
		esac
		if [ "$n" -lt $((rows - 1)) ]; then
			echo "$2 ${file#"$tree"}: $n rows instead of $rows"
			return 1
		fi
	done < <(files "$tree")
	"$VALIDATE" <"$BATS_TEST_TMPDIR/out"
}
# One of each name below /proc, /sys, /run, ...: others of that name are read by the same code.
files() { # TREE
	find "$1/1" -type f -not -name .clock -printf '%P\n' | sort | awk -F / '!seen[$1, $NF]++' | sed "s|^|$1/1/|"
}
gone() { rm "$1"; }
empty() { : >"$1"; }
cut_short() { truncate -s $(($(stat -c %s "$1") / 2)) "$1"; }

@test "each file gone" {
	each_file unified gone
}
@test "each file empty" {
	each_file unified empty
}
@test "each file cut in half" {
	each_file hybrid cut_short
}
