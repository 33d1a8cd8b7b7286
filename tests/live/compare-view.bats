#!/usr/bin/env bats
# The dashboard's compare view on a real pair: started by a key, told what to do by keys, gone with the dashboard.
# limit: 240
# alone: yes

load lib

setup_file() {
	live_setup
	need_root
	need jq
	need tmux
	[ -x "$VCTOP_BUILD/vctop-workload" ] || skip "no vctop-workload was built"
}
teardown_file() { live_teardown; }
setup() {
	cd "$SCRATCH" || return 1
	SOCKET=vctop-compare-$$-$BATS_TEST_NUMBER
}
teardown() { tmux -L "$SOCKET" kill-server 2>/dev/null || :; }

screen() { tmux -L "$SOCKET" capture-pane -p; }
shows() { screen | grep -qF -- "$1"; }
pair_does() { # WORKLOAD
	"$VCTOP" sample list --json | jq -e --arg w "$1" '[.. | objects | select((.name? // "") | startswith("pair-")) | .workload == $w] | length == 2 and all' >/dev/null
}
no_pair() { ! "$VCTOP" sample list | grep -q '^pair-'; }

@test "the pair is started, loaded, freed and removed from the compare view" {
	tmux -L "$SOCKET" -f /dev/null new-session -d -x 132 -y 40 env -u COLUMNS -u LINES LC_ALL=C.UTF-8 "$VCTOP" --no-history
	poll 15 shows CONTAINERS
	tmux -L "$SOCKET" send-keys 6
	poll 15 shows 'Press x to start'
	tmux -L "$SOCKET" send-keys x
	poll 15 shows 'CONTAINER  pair-'
	poll 120 shows 'qemu-'
	poll 60 sh -c "! '$VCTOP' sample list | grep -q starting"
	if [ ! -w /dev/kvm ]; then shows 'EMULATED (TCG)'; fi
	tmux -L "$SOCKET" send-keys m
	poll 30 pair_does memory
	tmux -L "$SOCKET" send-keys f
	poll 30 pair_does free || pair_does idle
	tmux -L "$SOCKET" send-keys q
	poll 30 no_pair
}

@test "kill -9 of what starts the pair: the dashboard goes on, the terminal is given back, nothing is left" {
	tmux -L "$SOCKET" -f /dev/null new-session -d -x 100 -y 30 env LC_ALL=C.UTF-8 PS1='ready> ' bash --norc --noprofile -i
	poll 15 shows 'ready>'
	tmux -L "$SOCKET" send-keys "$VCTOP --no-history; echo ended=\$?" Enter
	poll 15 shows CONTAINERS
	local pid children
	pid=$(pgrep -P "$(tmux -L "$SOCKET" display-message -p '#{pane_pid}')" vctop)
	tmux -L "$SOCKET" send-keys x
	poll 15 pgrep -P "$pid"
	children=$(pgrep -P "$pid")
	for child in $children; do kill -9 "$child" 2>/dev/null || :; done
	poll 15 sh -c "! pgrep -P $pid"
	tmux -L "$SOCKET" send-keys '?'
	poll 15 shows HELP
	tmux -L "$SOCKET" send-keys q q
	poll 30 shows ended=0
	[ "$(tmux -L "$SOCKET" display-message -p '#{cursor_flag}#{alternate_on}')" = 10 ]
	poll 30 no_pair
}

@test "X while another holds the register: keys work all the same, and both end once they can" {
	local pid
	tmux -L "$SOCKET" -f /dev/null new-session -d -x 100 -y 30 env -u COLUMNS -u LINES LC_ALL=C.UTF-8 "$VCTOP" --no-history
	poll 15 shows CONTAINERS
	tmux -L "$SOCKET" send-keys x
	poll 30 shows pair-
	flock /run/vctop/lock sleep 6 3>&- &
	pid=$!
	remember_pid $pid
	tmux -L "$SOCKET" send-keys X '?'
	poll 3 shows HELP
	kill -0 $pid
	tmux -L "$SOCKET" send-keys q
	wait $pid || :
	poll 30 no_pair
	# Again, also for what is up whole.
	tmux -L "$SOCKET" send-keys x
	poll 60 sh -c "'$VCTOP' sample list | grep -c '^pair-.*running' | grep -qx 2"
	tmux -L "$SOCKET" send-keys X
	poll 30 no_pair
	tmux -L "$SOCKET" send-keys q
}
