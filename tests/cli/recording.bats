#!/usr/bin/env bats
# vctop record and replay: what was seen live comes back in every view; files cut, damaged and hostile.
# limit: 240

setup() {
	VCTOP=${VCTOP:-$BATS_TEST_DIRNAME/../../build/vctop}
	VCTOP_SOURCE=${VCTOP_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export STATE_DIRECTORY=$BATS_TEST_TMPDIR/state
	cd "$BATS_TEST_TMPDIR" || return 1
}
line() { # SECOND [EXTRA]: one recorded line, at 10:00:SECOND
	printf '{"schema":"vctop.snapshot/1","time":"2026-11-23T10:%02d:%02d.000Z","interval_sec":1,"host":{"hostname":"lab7"},' \
		$(($1 / 60)) $(($1 % 60))
	printf '"instances":[{"id":"podman:1","kind":"container","runtime":"podman","name":"web-%d","state":"running",' "$1"
	printf '"cpu":{"allocated_cores":2,"used_cores":0.%02d},"memory":{"allocated_bytes":1000,"used_bytes":%d}%s}]}\n' \
		$(($1 % 100)) "$1" "${2:-}"
}
lines() { for i in $(seq "$1" "$2"); do line "$i"; done; }
# The last line of standard error is TEXT, and there is one.
says() { # TEXT COMMAND...
	local text=$1
	shift
	"$@" >out 2>err || true
	[ "$(wc -l <err)" = 1 ] || { echo "not one line:"; cat err; return 1; }
	grep -qF -- "$text" err || { cat err; return 1; }
}
plain() { # FILE...: nothing in it that a terminal obeys
	if LC_ALL=C grep -l "$(printf '\033')" "$@"; then return 1; fi
}

# Line by line the same; numbers to nine digits, for sums are made anew of numbers printed with twelve.
same_lines() { # FILE FILE
	jq -en --slurpfile a "$1" --slurpfile b "$2" '
		def differ($p; $x; $y):
			if ($x | type) != ($y | type) then {$p, $x, $y}
			elif ($x | type) == "number" then
				if ($x - $y | fabs) <= 1e-9 * ([1, ($x | fabs)] | max) then empty else {$p, $x, $y} end
			elif ($x | type) == "object" and ($x | keys) == ($y | keys) then
				$x | keys[] as $k | differ($p + "." + $k; $x[$k]; $y[$k])
			elif ($x | type) == "array" and ($x | length) == ($y | length) then
				range($x | length) as $i | differ($p + "[]"; $x[$i]; $y[$i])
			elif $x == $y then empty
			else {$p, $x, $y} end;
		[differ(""; $a; $b)] | if . == [] then true else (.[:5] | debug | false) end' 2>&1
}

@test "a live recording replays as it was seen, line by line" {
	"$VCTOP" record live.rec -d 0.1 -n 15
	zstdcat live.rec >live.json
	[ "$(jq -r .schema live.json | uniq -c | xargs)" = "15 vctop.snapshot/1" ]
	"$VCTOP" replay live.rec --json >again.json
	[ "$(wc -l <again.json)" = 15 ]
	same_lines live.json again.json
	"$VCTOP_SOURCE/tests/tools/validate-json" <again.json
}

@test "idle for less than a day is idle? to people, idle and provisional to scripts" {
	line 1 ',"verdict":{"state":"idle","provisional":true,"rule":"idle","reason":"hardly ran"}' >one.json
	[ "$("$VCTOP" replay one.json --json | jq -c '.instances[0].verdict | [.state, .provisional]')" = '["idle",true]' ]
	"$VCTOP" replay one.json -b | grep '^web-1 ' | grep -qF ' idle? '
	"$VCTOP" replay one.json -b -f 'idle?' | grep -q '^web-1 '
	"$VCTOP" replay one.json --screen 80x24 | grep -F web-1 | grep -qF 'idle?'
	sed 's/"provisional":true/"provisional":false/' one.json >sure.json
	if "$VCTOP" replay sure.json -b | grep -F 'idle?'; then return 1; fi
	[ "$("$VCTOP" replay sure.json -b -f idle | grep -c '^web-1 ')" = 1 ]
}

@test "every fixture comes back as it was printed" {
	local t n=0
	for t in "$VCTOP_SOURCE"/tests/fixtures/*/; do
		case $t in */hostile/ | */faults/) continue ;; esac # numbers out of range are left out on the way back
		"$VCTOP" --json --services --root "$t" >once.json 2>/dev/null || continue
		"$VCTOP" replay once.json --json >again.json
		same_lines once.json again.json >differs || { echo "$t"; head -c 1000 differs; return 1; }
		n=$((n + 1))
	done
	echo "$n fixtures"
	[ $n -ge 4 ]
}

@test "services are recorded when asked for, and replay shows them as text" {
	"$VCTOP" --json --services --root "$VCTOP_SOURCE/tests/fixtures/runtime-services" >s.json
	"$VCTOP" -b --services --root "$VCTOP_SOURCE/tests/fixtures/runtime-services" | sed -n "/^THE HOST/,/^$/p" >live
	"$VCTOP" replay s.json -b | sed -n "/^THE HOST/,/^$/p" >replayed
	grep -q ssh.service live
	cmp live replayed
	"$VCTOP" replay s.json --screen 80x24 >/dev/null
	"$VCTOP" record s.rec --services -d 0.1 -n 2
	[ "$(zstdcat s.rec | jq -c 'has("services")' | xargs)" = "true true" ]
	"$VCTOP" record none.rec -d 0.1 -n 1
	[ "$("$VCTOP" replay none.rec --json | jq 'has("services")')" = false ]
	if "$VCTOP" replay none.rec -b | grep -F "HOST'S OWN"; then return 1; fi
}

@test "judged alike: a recording, its lines, its replay" {
	"$VCTOP" record live.rec -d 0.1 -n 5
	zstdcat live.rec | "$VCTOP" judge - >a
	"$VCTOP" replay live.rec --json | "$VCTOP" judge - >b
	same_lines a b
}

@test "a killed recorder leaves what it had; recording goes on in the same file" {
	"$VCTOP" record r.rec -d 0.05 3>&- &
	pid=$!
	for i in $(seq 100); do [ -s r.rec ] && break; sleep 0.05; done
	sleep 1
	kill -9 $pid
	wait $pid 2>/dev/null || true
	n=$("$VCTOP" replay r.rec --json 2>/dev/null | wc -l)
	[ "$n" -ge 1 ]
	"$VCTOP" record r.rec -d 0.05 -n 3
	[ "$(zstdcat r.rec | jq -c .time | wc -l)" = $((n + 3)) ]
	"$VCTOP" record r.rec -d 0.05 3>&- & # ended in good order nothing is lost
	pid=$!
	for i in $(seq 200); do [ "$(zstdcat r.rec 2>/dev/null | wc -l)" -gt $((n + 3)) ] && break; sleep 0.05; done
	m=$(zstdcat r.rec 2>/dev/null | wc -l)
	sleep 1
	kill $pid
	wait $pid
	[ "$(zstdcat r.rec | wc -l)" -gt "$m" ]
}

@test "it waits for nobody: a frame a minute is on the disk within ten seconds" {
	"$VCTOP" record slow.rec -d 0.2 -n 2
	[ "$(zstdcat slow.rec | wc -l)" = 2 ]
	"$VCTOP" record slow.rec -d 4 3>&- &
	pid=$!
	sleep 9 # readings after 4 and 8 s; the second waits to be written until 14
	for i in $(seq 80); do [ "$(zstdcat slow.rec | wc -l)" = 4 ] && break; sleep 0.1; done
	n=$(zstdcat slow.rec | wc -l)
	kill $pid
	wait $pid
	[ "$n" -ge 4 ]
}

@test "where to begin, how many, and text views" {
	lines 0 90 >plain.json
	zstd -q plain.json -o one.zst
	for f in plain.json one.zst; do
		[ "$("$VCTOP" replay $f --json --at 10:00:30 -n 2 | jq -r '.instances[0].name' | xargs)" = "web-30 web-31" ]
		[ "$("$VCTOP" replay $f --json --at 2026-11-23T10:01 -n 1 | jq -r .time)" = 2026-11-23T10:01:00.000Z ]
		[ "$("$VCTOP" replay $f --json --at 2026-11-23 -n 1 | jq -r .time)" = 2026-11-23T10:00:00.000Z ]
		[ "$("$VCTOP" replay $f --json --at 2027 | jq -r .time)" = 2026-11-23T10:01:30.000Z ]
		[ "$("$VCTOP" replay $f --json | wc -l)" = 91 ]
		"$VCTOP" replay $f -b --at 10:00:42 -n 1 | grep -q web-42
		"$VCTOP" replay $f --screen 100x24 --at 10:00:42 >screen
		grep -q 'lab7' screen
		grep -q 'web-42' screen
		grep -q 'REPLAY x1   2026-11-23 10:00:42' screen
	done
	start=$(date +%s%N)
	"$VCTOP" replay one.zst --json --speed 20 -n 21 >/dev/null # 20 s of it in one
	took=$((($(date +%s%N) - start) / 1000000))
	[ $took -ge 900 ]
}

@test "a signal ends it after a whole line; whoever does not read is waited for, but not for ever" {
	local status started
	line 1 | jq -c '.instances = [range(3000) as $i | .instances[0] | .id += "-\($i)"]' >one
	cat one one one >big.json
	mkfifo pipe
	for reads in yes no; do
		"$VCTOP" replay big.json --json >pipe 2>err 3>&- &
		exec 5<pipe
		head -c 100000 <&5 >got
		started=$SECONDS
		kill -TERM $!
		if [ $reads = yes ]; then cat <&5 >>got; fi
		status=0
		wait $! || status=$?
		exec 5<&-
		[ $status = 143 ]
		[ ! -s err ]
		[ $((SECONDS - started)) -le 20 ]
		[ $reads = no ] || [ "$(jq -c '.instances | length' got)" = 3000 ]
	done
	# A second signal does not wait.
	env --default-signal=INT "$VCTOP" replay big.json --json >pipe 2>err 3>&- &
	exec 5<pipe
	head -c 1000 <&5 >got
	kill -TERM $!
	sleep 0.2
	kill -INT $!
	status=0
	wait $! || status=$?
	exec 5<&-
	[ $status = 130 ] # the first would have ended it by 143
}

@test "times and options that make no sense" {
	lines 0 3 >a.json
	for at in "" 10 25:00 10:61 1:00 yesterday 2026-13 2026-11-23T10:00:00+99:99; do
		says "--at" "$VCTOP" replay a.json --json --at "$at"
		[ ! -s out ]
	done
	says "--speed" "$VCTOP" replay a.json --speed 0
	says "--speed" "$VCTOP" replay a.json --speed -1
	says "which file" "$VCTOP" replay
	says "one file" "$VCTOP" replay a.json a.json
	says "replay" "$VCTOP" replay a.json --root /proc
	says "vctop replay" "$VCTOP" --json --at 10:00
	says "which file" "$VCTOP" record
	says "-n" "$VCTOP" record x.rec -n 0
	[ ! -e x.rec ]
}

@test "files that are none" {
	says "no recording" "$VCTOP" replay /etc/passwd --json
	says "no plain file" "$VCTOP" replay / --json
	says "No such file" "$VCTOP" replay nowhere --json
	mkfifo pipe
	says "no plain file" timeout 5 "$VCTOP" replay pipe --json
	: >empty
	says "no recording" "$VCTOP" replay empty --json
	echo precious >mine
	says "not touched" "$VCTOP" record mine -n 1
	[ "$(cat mine)" = precious ]
	lines 0 3 >a.json
	says "not touched" "$VCTOP" record a.json -n 1
	lines 0 3 | cmp - a.json
	says "No such file" "$VCTOP" record no/such/dir/x -n 1
}

@test "cut off, it replays to its last whole line and says so" {
	lines 0 999 >a.json
	zstd -q a.json -o a.zst
	head -c $(($(stat -c %s a.zst) - 30)) a.zst >cut.zst
	says "cut off" "$VCTOP" replay cut.zst --json
	n=$(wc -l <out)
	[ "$n" -gt 100 ]
	[ "$n" -lt 1000 ]
	head -c 5000 a.json >cut.json
	says "cut off" "$VCTOP" replay cut.json --json
	[ "$(wc -l <out)" = "$(wc -l <cut.json)" ]
}

@test "hostile lines cost themselves only" {
	{
		echo garbage
		line 1
		printf '\000\001\002\n'
		head -c 3000000 /dev/zero | tr '\000' '['
		echo
		line 2 ',"labels":{"x":"\u001b[2J\u202eevil"},"image":"a\u001b]0;owned\u0007"'
		echo '{"schema":"vctop.snapshot/1","time":"2026-11-23T10:00:03Z","instances":"many"}'
		echo '{"schema":"vctop.snapshot/1","time":"2026-11-23T10:00:03Z","instances":[{"id":"a","kind":"toaster"}]}'
		echo '{"schema":"vctop.snapshot/1","time":"2026-11-23T10:00:04Z"'
		line 5
	} >evil.json
	"$VCTOP" replay evil.json --json >out 2>err
	[ "$(wc -l <err)" = 1 ]
	jq -r '.instances[].name' out | grep -qx web-5
	plain out
	"$VCTOP" replay evil.json --screen 80x24 >screen 2>/dev/null
	"$VCTOP" replay evil.json -b >table 2>/dev/null
	plain screen table
}

@test "eight hours of it, at full speed, without growing" {
	# 28,800 moments, of which the time differs; what zstd makes of that is small.
	line 0 >one
	awk -v l="$(cat one)" 'BEGIN { for (i = 0; i < 28800; i++) {
		t = sprintf("T%02d:%02d:%02d.000Z", i / 3600, i / 60 % 60, i % 60); s = l; sub(/T10:00:00.000Z/, t, s); print s } }' |
		zstd -q >day.zst
	"$VCTOP" replay day.zst --json >out 2>err 3>&- &
	pid=$!
	for i in $(seq 200); do
		[ "$(wc -l <out)" -gt 500 ] && break
		sleep 0.02
	done
	rss() { awk '/VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null || true; }
	early=$(rss)
	last=$early
	while now=$(rss) && [ -n "$now" ]; do
		last=$now
		sleep 0.05
	done
	wait $pid
	[ "$(wc -l <out)" = 28800 ]
	tail -n 1 out | jq -r .time | grep -q 'T07:59:59'
	echo "RSS: $early KiB early, ${last:-?} KiB late"
	case $VCTOP in *address*) skip "sanitized memory grows" ;; esac
	[ "${last:-0}" -le $((early + 512)) ]
}
