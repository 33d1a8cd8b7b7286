#!/usr/bin/env bats
# Bad input: one line on standard error, nothing on standard output, status 1 or 2, nothing half-made.

setup() {
	VCTOP=${VCTOP:-$BATS_TEST_DIRNAME/../../build/vctop}
	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
}
# refuses STATUS TEXT ARGUMENT...: TEXT is in the one line it prints
refuses() {
	local want=$1 text=$2 status=0
	shift 2
	timeout 20 "$VCTOP" "$@" >"$OUT" 2>"$ERR" </dev/null || status=$?
	[ "$status" = "$want" ] || { echo "vctop $*: status $status, not $want"; cat "$ERR"; return 1; }
	[ ! -s "$OUT" ] || { echo "vctop $*: printed"; head -c 300 "$OUT"; return 1; }
	[ "$(wc -l <"$ERR")" = 1 ] || { echo "vctop $*: not one line:"; cat "$ERR"; return 1; }
	grep -q '^vctop: ' "$ERR" || { cat "$ERR"; return 1; }
	grep -qF -- "$text" "$ERR" || { echo "vctop $*: no '$text' in:"; cat "$ERR"; return 1; }
}

@test "unknown options and commands" {
	refuses 2 nonsense --nonsense
	refuses 2 nonsense nonsense
	refuses 2 "" -Z
	refuses 2 "" --json extra-word
	refuses 2 "explain: a command comes first" --root / explain web
}

@test "an unknown letter among others is named" {
	refuses 2 "vctop: -Z:" -Zb
	refuses 2 "vctop: -Z:" --json -bZ
	refuses 2 "vctop: explain: -Z:" explain -Zb
	refuses 2 "-Z:" sample list -Zb
	refuses 2 "vctop: -d: needs" -bd
	refuses 2 "vctop: --delay: needs" --delay
}

@test "an option without effect is refused, not ignored" {
	for o in "-f x" "-s name" -r --running "--columns name" -b "--screen 80x24"; do
		# shellcheck disable=SC2086 # an option and its value
		refuses 2 "" --json $o
	done
	refuses 2 "" -b --screen 80x24
	refuses 2 "" --columns name
	refuses 2 "" --keys x
}

@test "--running leaves stopped instances out of the screen too" {
	local tree=$BATS_TEST_DIRNAME/../fixtures/unified
	"$VCTOP" --root "$tree" --screen 120x40 | grep 'stopped, disk'
	if "$VCTOP" --root "$tree" --screen 120x40 --running | grep 'stopped, disk'; then return 1; fi
	if "$VCTOP" --root "$tree" --screen 120x40 --running --keys s | grep 'stopped, disk'; then return 1; fi
}

@test "numbers that are none" {
	for n in 0 -1 x 1.5 99999999999999999999 ""; do refuses 2 "" --json -n "$n"; done
	for d in -1 x "" nan inf 1e9 0x10 1,5; do refuses 2 "" --json -d "$d"; done
}

@test "unknown fields" {
	refuses 2 no-such -b --columns name,no-such
	refuses 2 no-such -b -s no-such
	refuses 2 "" -b --columns ""
}

@test "bad screen sizes" {
	for s in x 80 80x 0x0 x24 80x-1 99999999x2 80x24x3; do refuses 2 "" --screen "$s"; done
}

@test "trees that cannot be read" {
	refuses 1 /no/such/dir --json --root /no/such/dir
	refuses 1 "$BATS_TEST_TMPDIR" --json --root "$BATS_TEST_TMPDIR"
	refuses 1 /etc/passwd --json --root /etc/passwd
	refuses 1 "" -b --root ""
}

@test "samples: bad sizes, kinds, names" {
	[ "$(id -u)" = 0 ] || skip "the register needs root"
	refuses 2 "" sample
	refuses 2 "" sample start
	refuses 2 "" sample start teapot
	refuses 2 "" sample start container --memory 64x
	refuses 2 "" sample start container --memory -5m
	refuses 2 "" sample start container --cpus nan
	refuses 2 "" sample start container --cpus 0
	refuses 2 "" sample start container --cpus 100000
	refuses 2 "" sample start container --workload nap
	refuses 2 "" sample load some-name nap
	refuses 2 "" sample load some-name
	refuses 2 "" sample start container --backend abacus
	refuses 2 "" sample start container --name ../../etc
	refuses 2 "" sample start container --name "A B"
	refuses 1 no-such-sample sample stop no-such-sample
	[ ! -e /run/vctop/samples/../../etc.json ]
}

@test "the dashboard without a terminal says so" {
	refuses 1 "" 
}

@test "help and version go to standard output, status 0" {
	"$VCTOP" --help | grep -q '^usage: vctop'
	"$VCTOP" --version | grep -q '^vctop '
	[ "$("$VCTOP" fields | wc -l)" -gt 50 ]
	for c in sample doctor fields; do "$VCTOP" "$c" --help | grep -q usage; done
}

@test "a closed pipe ends quietly" {
	bash -o pipefail -c '"$0" --json -n 100 -d 0.05 2>"$1" | head -n 1 >"$2"' "$VCTOP" "$ERR" "$OUT"
	[ ! -s "$ERR" ]
	[ "$(wc -l <"$OUT")" = 1 ]
	bash -o pipefail -c '"$0" -b -n 100 -d 0.05 2>"$1" | head -n 1 >"$2"' "$VCTOP" "$ERR" "$OUT"
	[ ! -s "$ERR" ]
}

@test "a full disk is an error" {
	[ -e /dev/full ] || skip "no /dev/full"
	local status=0
	"$VCTOP" --json -n 1 -d 0.05 >/dev/full 2>"$ERR" || status=$?
	[ "$status" = 1 ]
	[ "$(wc -l <"$ERR")" = 1 ]
	for c in --help --version fields "fields --help" doctor "doctor --json"; do
		status=0
		# shellcheck disable=SC2086 # a command and its option
		"$VCTOP" $c >/dev/full 2>"$ERR" || status=$?
		[ "$status" = 1 ] || { echo "$c: status $status"; return 1; }
		grep -q '^vctop: standard output: ' "$ERR"
	done
}

@test "JSON follows the schema on whatever host this is" {
	"$VCTOP" --json -n 3 -d 0.05 | "$BATS_TEST_DIRNAME/../tools/validate-json"
}

@test "numbers do not follow the locale" {
	LC_ALL=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8 "$VCTOP" --json -n 1 -d 0.05 | "$BATS_TEST_DIRNAME/../tools/validate-json"
}
