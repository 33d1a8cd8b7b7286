#!/bin/bash
# Runs the tests and adds them up:  tests/run.sh [all|quick|unit|asan|cli|tui|live] [PATTERN]
#
# A suite is one program that speaks TAP: a cmocka binary or a bats file.  Suites run side by side, as many as there are
# CPUs; one whose file says "# alone: yes" runs by itself at the end, because it measures.  "# asan: yes" in a bats file
# runs it a second time with the sanitized vctop.  "# limit: SECONDS" sets its time limit (default 180; twice that when sanitized).
# V=1 shows all output.  Logs stay in build/tests/log.  Ends with "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/.." || exit 2
what=${1:-all}
pattern=${2:-}
jobs=${JOBS:-$(nproc)}
plain=$PWD/build
asan=$PWD/build/address-undefined
log=$PWD/build/tests/log
rm -rf "$log"
mkdir -p "$log" || exit 2

# One look at everything, whoever runs it: no colours, no locale, nobody's settings.
export LC_ALL=C.UTF-8 TZ=UTC NO_COLOR=1 COLUMNS=80 LINES=24
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR CDPATH GREP_OPTIONS VCTOP_DEBUG
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:exitcode=99
export VCTOP_SOURCE=$PWD VCTOP_BUILD=$plain
# Whatever a test runs keeps no history of this host.
export STATE_DIRECTORY=$PWD/build/tests/state
rm -rf "$STATE_DIRECTORY"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

names=() limits=() alones=() commands=()
add() { # NAME LIMIT ALONE COMMAND
	[[ $1 == *"$pattern"* ]] || return 0
	local limit=$2
	[[ $1 != asan/* ]] || limit=$((limit * 2)) # sanitized programs are slow, on a busy machine very
	names+=("$1") limits+=("$limit") alones+=("$3") commands+=("$4")
}
note() { # FILE KEY DEFAULT: the value of "# KEY: value" in a bats file
	local v
	v=$(sed -n "s/^# $2: *//p" "$1" | head -n 1)
	echo "${v:-$3}"
}
add_unit() { # PREFIX DIR
	local f
	for f in "$2"/tests/unit/test_*; do
		[[ -x $f && $f != *.d ]] && add "$1unit/${f##*/}" 180 no "$f"
	done
}
add_fuzz() { # PREFIX DIR: each replays its corpus
	local f
	for f in "$2"/tests/fuzz/fuzz_*; do
		[[ -x $f && $f != *.d ]] && add "$1fuzz/${f##*/fuzz_}" 180 no "$f"
	done
}
sudo=""
add_bats() { # PREFIX VCTOP KIND all|asan
	local f
	for f in tests/"$3"/*.bats; do
		[ -e "$f" ] || continue
		[ "$4" = asan ] && [ "$(note "$f" asan no)" != yes ] && continue
		f_name=${f#tests/}
		add "$1${f_name%.bats}" "$(note "$f" limit 180)" "$(note "$f" alone no)" \
			"$([ "$3" = live ] && echo "$sudo") env VCTOP=$2 VCTOP_SUITE=$1${f_name%.bats} bats --tap $f"
	done
}

# Live tests want root; through sudo when that needs no questions.
if [ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null; then
	sudo="sudo -n --preserve-env=STATE_DIRECTORY,LC_ALL,TZ,NO_COLOR,ASAN_OPTIONS,UBSAN_OPTIONS,VCTOP_SOURCE,VCTOP_BUILD,PATH,VCTOP_TEST_STATE,STATE_DIRECTORY"
fi

# The long ones first, so that the last to end is a short one.
case $what in
all | live) add_bats "" "$plain/vctop" live all ;;
esac
case $what in
all | asan) add_bats "asan/" "$asan/vctop" live asan ;;
esac
case $what in
all | quick | tui) add_bats "" "$plain/vctop" tui all ;;
esac
case $what in
all | quick | cli) add_bats "" "$plain/vctop" cli all ;;
esac
case $what in
all | asan)
	add_bats "asan/" "$asan/vctop" tui asan
	add_bats "asan/" "$asan/vctop" cli all
	add_unit "asan/" "$asan"
	add_fuzz "asan/" "$asan"
	;;
esac
case $what in
all | quick | unit) add_unit "" "$plain" ;;
esac
if [ ${#names[@]} = 0 ]; then
	echo "no test suite matches '$what $pattern'" >&2
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi

# What live suites start, they write down here first; whatever is left when one ends is removed.
VCTOP_TEST_STATE=$(mktemp -d "${TMPDIR:-/tmp}/vctop-test.XXXXXX") || exit 2
# shellcheck source=tests/live/reap.bash
. tests/live/reap.bash
claim "$VCTOP_TEST_STATE"
export VCTOP_TEST_STATE
export STATE_DIRECTORY=$VCTOP_TEST_STATE/history # never this machine's own
sweep() { # STATE-DIR
	$sudo bash tests/live/reap.bash "$1" all
	$sudo rm -rf "$1"
}
finish() {
	local p
	for p in $(jobs -p); do kill "$p" 2>/dev/null; done
	wait
	sweep "$VCTOP_TEST_STATE"
}
trap 'exit 130' INT TERM HUP
trap finish EXIT
abandoned "${TMPDIR:-/tmp}" | while read -r dir; do sweep "$dir" </dev/null; done

passed=0 failed=0 skipped=0
reasons() { # OUTPUT TAIL: the failing tests of a suite with what they printed; for a crash the end of the output
	# cmocka prints the reason before the "not ok", bats after it.
	awk '/^ok/ { kept = ""; show = 0; next }
		/^not ok/ { if (/# [sS][kK][iI][pP]/) { kept = ""; show = 0; next } printf "%s", kept; kept = ""; show = 1 }
		show { print; next }
		{ kept = kept $0 "\n" }' <<<"$1" | head -n 80
	[ -z "$2" ] || tail -n 40 <<<"$1"
}
report() { # INDEX STATUS SECONDS: count one suite's TAP and print its line
	local name=${names[$1]} file out p f s planned tail="" line
	file=$log/${name//\//_}.tap
	out=$(tr -d '\r' <"$file" | tr -d '\000')
	s=$(grep -ciE '^(not )?ok [0-9]+.*# skip' <<<"$out")
	p=$(grep -E '^ok [0-9]+' <<<"$out" | grep -civE '# skip')
	f=$(grep -E '^not ok [0-9]+' <<<"$out" | grep -civE '# skip')
	planned=$(sed -n 's/^[ \t]*1\.\.\([0-9]*\).*/\1/p' <<<"$out" | head -n 1)
	if [ "$2" = 124 ] || [ "$2" = 137 ]; then
		tail=" TIMED OUT after ${limits[$1]} s"
		f=$((f + 1))
	elif [ -z "$planned" ] || [ $((p + f + s)) -lt "$planned" ]; then
		tail=" ENDED EARLY (status $2): $((p + f + s)) of ${planned:-?} tests ran"
		f=$((f + 1))
	elif [ "$2" != 0 ] && [ "$f" = 0 ]; then
		tail=" status $2 though every test passed"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	line=$(printf '  %-8s %-38s %3d passed' "$([ "$f" = 0 ] && echo TEST || echo FAILED)" "$name" "$p")
	[ "$f" = 0 ] || line+=", $f failed"
	[ "$s" = 0 ] || line+=", $s skipped"
	line+=$(printf ' %6ss%s' "$3" "$tail")
	echo "$line"
	if [ "${V:-0}" = 1 ]; then
		printf '%s\n' "$out"
	else
		grep -iE '^(not )?ok [0-9]+.*# skip' <<<"$out" | sed -E 's/^(not )?ok [0-9]+ -? ?/           skipped: /'
	fi
	[ "$f" = 0 ] || { echo "$line" && reasons "$out" "$tail"; } >>"$log/failures"
}
run_one() { # INDEX: in a subshell
	local file=$log/${names[$1]//\//_}.tap start=$SECONDS status
	# shellcheck disable=SC2086 # a command line
	timeout --kill-after=15 "${limits[$1]}" ${commands[$1]} >"$file" 2>&1 </dev/null &
	# Should run.sh be killed alone, it goes on: then it must end before its lists are worked off.
	echo "pid $! $(start_ticks $!)" >"$VCTOP_TEST_STATE/0run-$1.list"
	# shellcheck disable=SC2064 # now: it leads a group of its own, which no Ctrl-C reaches
	trap "kill $! 2>/dev/null" TERM
	wait $!
	status=$?
	rm -f "$VCTOP_TEST_STATE/0run-$1.list"
	case ${names[$1]} in
	*live/*) $sudo bash tests/live/reap.bash "$VCTOP_TEST_STATE" "${names[$1]}" >>"$file" 2>&1 ;;
	esac
	echo "$status $((SECONDS - start))" >"$file.done"
}
pool() { # INDEX...: at most $jobs at once, reported in order of ending
	local queue=("$@") running=() i still
	while [ ${#queue[@]} -gt 0 ] || [ ${#running[@]} -gt 0 ]; do
		while [ ${#queue[@]} -gt 0 ] && [ ${#running[@]} -lt "$jobs" ]; do
			run_one "${queue[0]}" &
			running+=("${queue[0]}")
			queue=("${queue[@]:1}")
		done
		wait -n 2>/dev/null
		still=()
		for i in "${running[@]}"; do
			if [ -e "$log/${names[$i]//\//_}.tap.done" ]; then
				# shellcheck disable=SC2046 # two words
				report "$i" $(cat "$log/${names[$i]//\//_}.tap.done")
			else
				still+=("$i")
			fi
		done
		running=(${still[@]+"${still[@]}"})
	done
}

shared=() alone=()
for i in "${!names[@]}"; do
	if [ "${alones[$i]}" = yes ]; then alone+=("$i"); else shared+=("$i"); fi
done
[ ${#shared[@]} = 0 ] || pool "${shared[@]}"
jobs=1
[ ${#alone[@]} = 0 ] || pool "${alone[@]}"

trap - EXIT
finish
# At the end, where a log that is cut in the middle still has them.
[ ! -e "$log/failures" ] || cat "$log/failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
