#!/usr/bin/env bats
# The dashboard in a real terminal: tmux at two sizes, through resize, filter, help, quit and signals.
# asan: yes
# limit: 180

load lib

setup() { tui_setup test; }
# open COLUMNS ROWS ARGUMENT...: in a shell, so that what is left on the terminal afterwards can be seen
open() {
	local columns=$1 rows=$2
	shift 2
	tmux -L "$SOCKET" -f /dev/null new-session -d -x "$columns" -y "$rows" env -u NO_COLOR LC_ALL=C.UTF-8 TZ=UTC PS1='ready> ' bash --norc --noprofile -i
	T set-option -g window-size manual 2>/dev/null || :
	T resize-window -x "$columns" -y "$rows" 2>/dev/null || :
	shows 'ready>'
	T send-keys "$VCTOP $*; echo ended=\$?" Enter
}
pid_of() { # of vctop: the child of the pane's shell
	pgrep -P "$(T display-message -p '#{pane_pid}')" | head -n 1
}
# The terminal is as it was: echo on, cursor shown, the shell's own screen.
restored() {
	shows "ended=$1"
	plain_again
}
plain_again() {
	local i
	for ((i = 0; i < 300; i++)); do
		[ -n "$(pid_of)" ] || break
		sleep 0.05
	done
	# What is typed is not what is waited for.
	T send-keys "stty -a | grep -c ' echo '; echo ba''ck" Enter
	shows back
	screen | grep -qx 1 || { screen; return 1; }
	[ "$(T display-message -p '#{cursor_flag}#{alternate_on}')" = 10 ]
}

both_lists() {
	shows CONTAINERS
	shows VMs
	shows web
	shows vm1
}

@test "80x24: both lists, and q gives the terminal back" {
	open 80 24 --root "$TREE"
	both_lists
	# Nothing is wider than the screen, nothing scrolled away.
	screen | head -n 1 | grep -q vctop
	T send-keys q
	restored 0
}

@test "200x50: lists side by side" {
	open 200 50 --root "$TREE"
	both_lists
	screen | grep CONTAINERS | grep -q 'VMs'
	T send-keys q
	restored 0
}

@test "resize: wide to narrow to tiny and back" {
	open 200 50 --root "$TREE"
	both_lists
	T resize-window -x 80 -y 24
	shows CONTAINERS
	local i
	for ((i = 0; i < 100; i++)); do
		screen | grep CONTAINERS | grep -q VMs || break
		sleep 0.05
	done
	if screen | grep CONTAINERS | grep -q VMs; then screen; return 1; fi
	T resize-window -x 20 -y 5
	sleep 0.3
	[ -n "$(pid_of)" ]
	T resize-window -x 1 -y 1
	sleep 0.3
	[ -n "$(pid_of)" ]
	T resize-window -x 200 -y 50
	both_lists
	T send-keys q
	restored 0
}

@test "filter: typed, shown, cleared" {
	open 100 30 --root "$TREE"
	both_lists
	T send-keys "\\"
	T send-keys web
	T send-keys Enter
	lacks batch
	shows web
	T send-keys "\\"
	T send-keys Escape
	T send-keys q
	restored 0
}

@test "help opens and closes; detail of one instance" {
	open 100 40 --root "$TREE"
	both_lists
	T send-keys '?'
	shows filter
	lacks postgres
	T send-keys Escape
	shows CONTAINERS
	T send-keys Enter
	shows 'CPU given'
	T send-keys Enter
	shows "/proc/PID/stat field 22"
	T send-keys Escape
	shows 'CPU given'
	T send-keys Escape
	shows CONTAINERS
	T send-keys q
	restored 0
}

@test "every key at every size: nothing breaks" {
	open 80 24 --root "$TREE"
	both_lists
	local k size
	for size in "80 24" "40 10" "200 50"; do
		T resize-window -x "${size% *}" -y "${size#* }"
		for k in j k Down Up PPage NPage Home End Tab s S r '<' '>' Enter Escape '?' Escape p p + - a c i h H Escape Escape; do
			T send-keys "$k"
		done
	done
	T resize-window -x 100 -y 30
	shows CONTAINERS
	[ -n "$(pid_of)" ]
	T send-keys q
	shows ended=0
}

@test "SIGTERM and SIGINT give the terminal back" {
	local s
	for s in TERM INT; do
		open 80 24 --root "$TREE"
		both_lists
		kill -$s "$(pid_of)"
		lacks CONTAINERS # a shell that sees its child die of SIGINT runs nothing more of the line
		plain_again
		close_terminal
	done
}

ended() { # with whatever status; a sanitizer's report may come before
	local i
	for ((i = 0; i < 300; i++)); do
		if screen | grep -q 'ended=[0-9]'; then return 0; fi
		sleep 0.05
	done
	screen
	return 1
}

@test "a crash gives the terminal back" {
	local s
	for s in SEGV ABRT BUS; do
		open 80 24 --root "$TREE"
		both_lists
		kill -$s "$(pid_of)"
		ended
		plain_again
		close_terminal
	done
}

@test "suspend and resume: SIGTSTP by key and by signal" {
	open 80 24 --root "$TREE"
	both_lists
	T send-keys C-z
	shows Stopped
	[ "$(T display-message -p '#{cursor_flag}#{alternate_on}')" = 10 ]
	T send-keys 'clear; fg' Enter
	both_lists
	local pid
	pid=$(pid_of)
	kill -TSTP "$pid"
	shows Stopped
	T send-keys fg Enter
	both_lists
	T send-keys q
	lacks CONTAINERS
	plain_again
}

@test "the live host, five seconds, no colour" {
	open 120 40 --no-history --no-color -d 0.5
	shows CONTAINERS
	sleep 2
	[ -n "$(pid_of)" ]
	T send-keys q
	restored 0
}

@test "a terminal nobody knows: one line, status 1" {
	open 80 24 --version
	shows ended=0
	T send-keys "TERM=no-such-terminal $VCTOP; echo after=\$?" Enter
	shows after=1
}
