#!/usr/bin/env bats
# History between runs: who writes, who reads, what happens to damaged, newer and forbidden files; `vctop watch`.
# limit: 180

setup() {
	VCTOP=${VCTOP:-$BATS_TEST_DIRNAME/../../build/vctop}
	VCTOP_SOURCE=${VCTOP_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export STATE_DIRECTORY=$BATS_TEST_TMPDIR/state
	DB=$STATE_DIRECTORY/history.db
	PIDS=()
	cd "$BATS_TEST_TMPDIR" || return 1
}
teardown() {
	for p in "${PIDS[@]}"; do kill -9 "$p" 2>/dev/null || true; done
}
watch() { # in the background, its pid in $WATCH, ready for signals
	"$VCTOP" watch -d 0.2 2>watch.err 3>&- &
	WATCH=$!
	PIDS+=("$WATCH")
	poll ready
}
# Signals are its own: blocked while it works, and waited for (the kernel shows them as not blocked then) in between.
ready() {
	grep -q '^SigBlk:.*[1-9a-f]' "/proc/$WATCH/status" || grep -q sigtimedwait "/proc/$WATCH/wchan"
}
poll() { # COMMAND...: within ten seconds
	for _ in $(seq 200); do
		"$@" && return 0
		sleep 0.05
	done
	echo "in vain: $*"
	return 1
}
rows_after_hup() { # before the first reading there are none
	kill -HUP "$WATCH"
	[ "$(sqlite3 -readonly "$DB" 'select count(*) from instance')" -gt 0 ]
}
is_saved() { sqlite3 -readonly "$DB" 'PRAGMA user_version' 2>/dev/null | grep -q '^[1-9]'; }
none_aside() {
	local f
	for f in "$STATE_DIRECTORY"/*corrupt*; do [ ! -e "$f" ] || { echo "$f"; return 1; }; done
}
lacks() { # PATTERN FILE [FURTHER-PATTERN]
	local found
	found=$(grep -- "$1" "$2" | grep -E "${3:-.}") || return 0
	echo "$found"
	return 1
}
sound() { [ "$(sqlite3 "$DB" 'PRAGMA integrity_check')" = ok ]; }

@test "watch: one file, ours alone, saved on SIGHUP and SIGTERM" {
	watch
	poll is_saved
	[ "$(stat -c %a "$STATE_DIRECTORY")" = 700 ]
	[ "$(stat -c %a "$DB")" = 600 ]
	want=$("$VCTOP" --json --no-history | jq '[.instances[]] | length')
	[ "$want" = 0 ] || poll rows_after_hup
	kill "$WATCH"
	wait "$WATCH"
	[ ! -s watch.err ]
	sound
	# columns a person can read
	sqlite3 "$DB" 'select kind, name, runtime, verdict, last_seen from instance' >rows # to the end: cut short, it leaves files
	[ "$want" = 0 ] || grep -Eq '^(container|vm)\|' rows
	# nothing but the file and two locks stays
	[ "$(cd "$STATE_DIRECTORY" && echo *)" = "history.db history.lock watch.lock" ]
}

@test "watch: one at a time" {
	watch
	poll is_saved
	run "$VCTOP" watch
	[ "$status" = 1 ]
	[[ $output = "vctop: watch: "*"watched by another"* ]]
	kill "$WATCH"
	wait "$WATCH"
	watch
	poll is_saved
	kill -0 "$WATCH"
}

@test "readers beside the writer, and none of them writes" {
	need_strace
	watch
	poll is_saved
	for i in 1 2 3 4 5 6; do "$VCTOP" --json -d 0.1 >"out.$i" 2>"err.$i" & done
	wait %2 %3 %4 %5 %6 %7 2>/dev/null || true
	for i in 1 2 3 4 5 6; do [ "$(wc -l <"out.$i")" = 1 ] && [ ! -s "err.$i" ]; done
	kill "$WATCH"
	wait "$WATCH"
	find "$STATE_DIRECTORY" -printf '%p %T@ %C@ %s\n' | sort >before
	strace -f -o trace -e trace=openat,unlink,unlinkat,rename,renameat2,mkdir,fchmod "$VCTOP" --json -d 0.1 >/dev/null
	find "$STATE_DIRECTORY" -printf '%p %T@ %C@ %s\n' | sort >after
	cmp before after
	grep -q history.db trace
	lacks "$STATE_DIRECTORY" trace 'O_RDWR|O_WRONLY|O_CREAT|unlink|rename|mkdir'
}
need_strace() {
	command -v strace >/dev/null || skip "strace is not installed"
	strace -o /dev/null true 2>/dev/null || skip "tracing is forbidden here"
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # it cannot be traced itself
}

@test "--no-history and --root touch nothing, nor do one-shot commands make anything" {
	need_strace
	for args in "--json --no-history" "-b --no-history" "--json --root $BATS_TEST_TMPDIR/tree" "--json" "fields" "doctor --json"; do
		mkdir -p tree/proc
		printf 'cpu  1 0 1 1 0 0 0 0 0 0\n' >tree/proc/stat
		# shellcheck disable=SC2086 # a list of words
		strace -f -o trace -e trace=file "$VCTOP" $args -d 0.1 >/dev/null 2>&1 || true
		[ ! -e "$STATE_DIRECTORY" ]
		case $args in *--no-history | *--root*) lacks "$STATE_DIRECTORY" trace ;; esac
	done
	# the dashboard too
	command -v script >/dev/null || skip "script is not installed"
	(sleep 1; printf q; sleep 1) | TERM=xterm strace -f -o trace -e trace=file \
		script -qec "'$VCTOP' --no-history -d 0.1" /dev/null >/dev/null
	grep -q execve trace
	[ ! -e "$STATE_DIRECTORY" ]
	lacks "$STATE_DIRECTORY" trace
}

@test "the dashboard saves when it ends" {
	command -v script >/dev/null || skip "script is not installed"
	# Once there was a reading: its interval is on the screen.
	# shellcheck disable=SC2094
	(poll grep -aqs every screen; printf q; sleep 1) | TERM=xterm script -qec "'$VCTOP' -d 0.1" /dev/null >screen || {
		echo "status $?"
		tail -c 600 screen | cat -v
		return 1
	}
	is_saved
	sound
}

@test "killed at any time: sound, and the next one goes on" {
	for i in $(seq 15); do
		watch
		poll is_saved
		for _ in 1 2 3 4 5 6; do kill -HUP "$WATCH"; sleep 0.0$((RANDOM % 9)); done
		kill -9 "$WATCH"
		wait "$WATCH" 2>/dev/null || true
		"$VCTOP" --json -d 0.05 2>err >/dev/null
		[ ! -s err ] || { cat err; return 1; }
	done
	sound
	[ ! -s watch.err ]
	none_aside
}

@test "a damaged file is kept under another name, told once" {
	mkdir -m 700 "$STATE_DIRECTORY"
	printf 'this is no database, and somebody may want it back' >"$DB"
	"$VCTOP" --json -d 0.1 >out 2>err
	[ "$(wc -l <out)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	grep -q 'is damaged' err
	cmp "$DB" <(printf 'this is no database, and somebody may want it back')
	watch
	poll is_saved
	kill "$WATCH"
	wait "$WATCH"
	[ "$(wc -l <watch.err)" = 1 ]
	grep -q 'kept as history.db.corrupt-' watch.err
	cmp "$STATE_DIRECTORY"/history.db.corrupt-* <(printf 'this is no database, and somebody may want it back')
	sound
}

@test "damaged under the writer's hands: what it knows goes into a new file" {
	watch
	poll is_saved
	sleep 0.5
	dd if=/dev/urandom of="$DB" bs=4096 count=4 conv=notrunc 2>/dev/null
	: >"$DB-wal"
	kill -HUP "$WATCH"
	sleep 0.7
	kill "$WATCH"
	wait "$WATCH"
	# A writer that has every page in memory may not notice; then the next one does.
	if ! sqlite3 "$DB" 'PRAGMA integrity_check' 2>/dev/null | grep -qx ok; then
		watch
		poll is_saved
		kill "$WATCH"
		wait "$WATCH"
		grep -q 'kept as history.db.corrupt-' watch.err
	fi
	sqlite3 "$DB" 'PRAGMA integrity_check' | grep -qx ok
	is_saved
}

@test "a newer version is left alone" {
	watch
	poll is_saved
	kill "$WATCH"
	wait "$WATCH"
	sqlite3 "$DB" 'PRAGMA user_version=99'
	sum=$(sha256sum <"$DB")
	"$VCTOP" --json -d 0.1 >out 2>err
	[ "$(wc -l <out)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	grep -q 'newer vctop' err
	run "$VCTOP" watch
	[ "$status" = 1 ]
	[[ $output = *"newer vctop"* ]]
	[ "$(sha256sum <"$DB")" = "$sum" ]
	none_aside
}

@test "links, other people's directories, places that cannot be" {
	mkdir elsewhere
	ln -s "$PWD/elsewhere" "$STATE_DIRECTORY"
	"$VCTOP" --json -d 0.1 >out 2>err
	grep -q 'symbolic link' err
	run "$VCTOP" watch
	[ "$status" = 1 ]
	[[ $output = *"symbolic link"* ]]
	[ -z "$(ls elsewhere)" ]
	rm "$STATE_DIRECTORY"
	STATE_DIRECTORY=/proc/nowhere run "$VCTOP" watch
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	STATE_DIRECTORY=/proc/nowhere "$VCTOP" --json -d 0.1 >out 2>err
	[ "$(wc -l <out)" = 1 ]
	[ ! -s err ]
	if [ "$(id -u)" = 0 ]; then
		mkdir "$STATE_DIRECTORY"
		chown 65534 "$STATE_DIRECTORY"
		run "$VCTOP" watch
		[ "$status" = 1 ]
		[[ $output = *"another user"* ]]
	fi
}

@test "a read-only file system, a full one" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	watch
	poll is_saved
	kill "$WATCH"
	wait "$WATCH"
	export VCTOP
	# read-only: read all the same; the dashboard and watch say why they do not save
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -ec '
		mount --bind "$STATE_DIRECTORY" "$STATE_DIRECTORY"
		mount -o remount,bind,ro "$STATE_DIRECTORY"
		"$VCTOP" --json -d 0.1 >out 2>err
		test ! -s err
		"$VCTOP" watch 2>err && exit 1
		test "$(wc -l <err)" = 1
		grep -q "Read-only file system" err'
	# full: said once, saved again when there is room
	# shellcheck disable=SC2016
	unshare -m bash -ec '
		mount -t tmpfs -o size=400k,mode=700 none "$STATE_DIRECTORY"
		"$VCTOP" watch -d 0.2 2>full.err &
		pid=$!
		for i in $(seq 100); do [ -s "$STATE_DIRECTORY/history.db" ] && break; sleep 0.1; done
		sleep 0.5
		dd if=/dev/zero of="$STATE_DIRECTORY/filler" bs=4k 2>/dev/null || true
		for i in 1 2 3; do kill -HUP $pid; sleep 0.4; done
		rm "$STATE_DIRECTORY/filler"
		kill -HUP $pid
		sleep 0.4
		kill $pid
		wait $pid
		sqlite3 "$STATE_DIRECTORY/history.db" "PRAGMA integrity_check" | grep -qx ok
		# once each time it becomes full: not a line a save
		test "$(wc -l <full.err)" -le 3'
}

@test "small: under 10 MiB, and hardly any CPU" {
	case $VCTOP in *address*) skip "sanitized" ;; esac
	watch
	poll is_saved
	sleep 3
	rss=$(awk '/VmRSS/ { print $2 }' "/proc/$WATCH/status")
	ticks=$(awk '{ print $14 + $15 }' "/proc/$WATCH/stat")
	echo "watch: RSS $rss KiB, $ticks ticks of CPU in about 16 readings"
	[ "$rss" -lt 10240 ]
}

@test "the unit file is sound" {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
	sed "s|@BINDIR@|$(dirname "$(realpath "$VCTOP")")|" "$VCTOP_SOURCE/src/doc/vctop-watch.service.in" >vctop-watch.service
	systemd-analyze verify --man=no ./vctop-watch.service >out 2>&1 || { cat out; return 1; }
	lacks vctop-watch out
}
