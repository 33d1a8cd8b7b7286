#!/usr/bin/env bats
# A recording in the dashboard: pause, step, speed, going to a time, in every pane; and history on its way through it.
# asan: yes
# limit: 180

load lib

setup() {
	tui_setup replay
	# Two minutes from 10:00:00, three hours of nothing, and another minute.
	for i in $(seq 0 119) $(seq 10800 10859); do
		printf '{"schema":"vctop.snapshot/1","time":"2026-11-23T%02d:%02d:%02d.000Z","interval_sec":1,"host":{"hostname":"lab7"},' \
			$((10 + i / 3600)) $((i / 60 % 60)) $((i % 60))
		printf '"instances":[{"id":"podman:1","kind":"container","runtime":"podman","name":"at-%d","state":"running",' "$i"
		printf '"cpu":{"allocated_cores":2,"used_cores":0.5},"memory":{"allocated_bytes":1000,"used_bytes":%d}}]}\n' "$i"
	done >lines.json
	zstd -q lines.json -o day.rec
}
open() { # ARGUMENT...
	tmux -L "$SOCKET" -f /dev/null new-session -d -x 110 -y 24 env -u NO_COLOR LC_ALL=C.UTF-8 TZ=UTC \
		STATE_DIRECTORY="$PWD/state" PS1='ready> ' bash --norc --noprofile -i
	shows 'ready>'
	T send-keys "$VCTOP $*; echo ended=\$?" Enter
}

@test "it plays, pauses, and steps both ways" {
	open replay day.rec
	shows 'REPLAY x1   2026-11-23 10:00:0'
	shows 'at-2'
	T send-keys p
	shows PAUSED
	before=$(screen | grep -o 'at-[0-9]*' | head -n 1)
	sleep 1.5
	[ "$(screen | grep -o 'at-[0-9]*' | head -n 1)" = "$before" ]
	n=${before#at-}
	T send-keys .
	shows "at-$((n + 1))"
	T send-keys . . .
	shows "at-$((n + 4))"
	T send-keys , ,
	shows "at-$((n + 2))"
	T send-keys p
	shows "at-$((n + 4))"
	T send-keys q
	shows ended=0
}

@test "to a time: of day, of the calendar, past either end, and none at all" {
	open replay day.rec
	shows 'REPLAY'
	T send-keys p @
	shows 'Go to'
	T send-keys 10:01:30 Enter
	shows 'at-90'
	T send-keys @ 2026-11-23T13 Enter
	shows 'at-10800'
	T send-keys @ 09:00 Enter
	shows 'at-0 '
	T send-keys ,
	shows 'nothing recorded beyond'
	T send-keys @ 23:00 Enter
	shows 'at-10859'
	T send-keys .
	shows 'nothing recorded beyond'
	T send-keys @ noon Enter
	shows 'no time'
	shows 'at-10859'
	T send-keys @ 10:01 Escape
	T send-keys @ 10:01 BSpace 0 Enter
	shows 'at-0 '
	T send-keys q
	shows ended=0
}

@test "fast, slow, and over the gap" {
	open replay day.rec --speed 8 --at 10:01:00
	shows 'REPLAY x8'
	T send-keys '>' '>' '>'
	shows 'REPLAY x64'
	shows 'nothing was recorded for 2h58m'
	shows 'at-10859'
	shows 'nothing recorded beyond'
	shows PAUSED
	T send-keys '<' '<' '<' '<' '<' '<' '<'
	shows 'REPLAY x0.5'
	T send-keys q
	shows ended=0
}

@test "in the other panes: step, go to, filter, sort; keys of a host do nothing" {
	open replay day.rec
	shows 'at-'
	T send-keys p Enter
	shows "given   "
	T send-keys @ 10:00:50 Enter
	shows 'at-50'
	T send-keys .
	shows 'at-51'
	T send-keys ,
	shows 'at-50'
	T send-keys Escape x X
	shows 'at-50'
	T send-keys "\\"
	T send-keys nothing-like-it Enter
	shows 'No container matches'
	T send-keys . . Escape
	shows 'at-52'
	T send-keys '?' NPage
	shows 'go to a time'
	T send-keys Escape q
	shows ended=0
}

@test "plain lines play too; a cut-off file says so" {
	open replay lines.json
	shows 'at-3'
	T send-keys q
	shows ended=0
	T send-keys clear Enter
	head -c 30000 lines.json >cut.json
	T send-keys "$VCTOP replay cut.json" Enter
	shows 'cut off'
	T send-keys q
}

poll_lock() { # the first has the writer's lock
	local i
	for ((i = 0; i < 100; i++)); do
		[ -e state/history.lock ] && ! flock -n state/history.lock true && return 0
		sleep 0.1
	done
	return 1
}

@test "a second dashboard only reads, and says so; the first saves" {
	open -d 0.2
	shows 'CONTAINERS'
	poll_lock
	# Slow, so that the message, which stays for a few readings, is there to be seen.
	T new-window "env LC_ALL=C.UTF-8 STATE_DIRECTORY=$PWD/state $VCTOP -d 30"
	shows 'another vctop saves here'
	T send-keys -t :1 q
	T select-window -t :0
	T send-keys q
	shows ended=0
	[ -s state/history.db ]
}

# A reading each 10 s; twenty containers that stay, and one that is another every 15 s, so that the graphs of two hundred are soon full.
sixteen_hours() {
	awk 'BEGIN {
		for (s = 0; s <= 57600; s += 10) {
			printf "{\"schema\":\"vctop.snapshot/1\",\"time\":\"2026-11-23T%02d:%02d:%02d.000Z\",\"interval_sec\":10,", s / 3600, s / 60 % 60, s % 60
			printf "\"host\":{\"hostname\":\"lab8\"},\"instances\":["
			for (i = 0; i <= 20; i++) {
				n = i < 20 ? i : 20 + int(s / 15)
				printf "%s{\"id\":\"podman:%d\",\"kind\":\"container\",\"runtime\":\"podman\",\"name\":\"ct-%d\",\"state\":\"running\",", i ? "," : "", n, n
				printf "\"cpu\":{\"allocated_cores\":2,\"used_cores\":%.3f},\"memory\":{\"allocated_bytes\":100000,\"used_bytes\":%d}}", (s + n) % 1999 / 1000, (s * 7 + n) % 100000
			}
			print "]}"
		}
	}' | zstd -q -o long.rec
}
rss() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$(pgrep -P "$(T display-message -p '#{pane_pid}')" | head -n 1)/status"; }

@test "sixteen hours at full speed: the second eight take no more memory" {
	case $VCTOP in *address*) skip "a sanitizer keeps what was freed" ;; esac
	sixteen_hours
	open replay long.rec --speed max
	shows 'REPLAY'
	for ((i = 0; i < 1500; i++)); do
		hour=$(screen | grep -o '2026-11-23 [0-9:]*' | tail -n 1)
		if [[ $hour > '2026-11-23 08:0' ]]; then break; fi
		sleep 0.02
	done
	half=$(rss)
	for ((i = 0; i < 3; i++)); do shows '2026-11-23 16:00:00' && break; done
	end=$(rss)
	echo "RSS: $half KiB after $hour, $end KiB at the end"
	[ "$end" -le $((half + half / 33)) ]
	T send-keys q
	shows ended=0
}
