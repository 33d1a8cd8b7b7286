#!/usr/bin/env bats
# The views in a real terminal: one key each, mouse, pasted text, the last hour, what is kept of what a person chose.
# asan: yes
# limit: 180

load lib

setup() { tui_setup views; }
open() { # COLUMNS ROWS ARGUMENT...
	local columns=$1 rows=$2
	shift 2
	tmux -L "$SOCKET" -f /dev/null new-session -d -x "$columns" -y "$rows" env -u NO_COLOR -u XDG_CONFIG_HOME HOME="$PWD" TERM=tmux-256color \
		LC_ALL=C.UTF-8 TZ=UTC PS1='ready> ' bash --norc --noprofile -i
	T set-option -g window-size manual 2>/dev/null || :
	T set-option -s set-clipboard on
	shows 'ready>'
	T send-keys "$VCTOP $*; echo ended=\$?" Enter
}
mouse() { # BUTTON COLUMN ROW, from 1: pressed and let go, as the terminal that tmux-256color describes says it
	local b
	for b in "$1" 3; do
		T send-keys -H 1b 5b 4d "$(printf %x $((32 + b)))" "$(printf %x $((32 + $2)))" "$(printf %x $((32 + $3)))"
	done
}

@test "one key for each view, and back" {
	open 120 36 --root "$TREE"
	shows batch
	T send-keys 2
	shows 'machine.slice (2)'
	T send-keys 4
	shows 'TO TAKE BACK'
	shows 'podman update'
	T send-keys Enter
	shows 'CPU, cores'
	T send-keys Escape
	shows 'TO TAKE BACK'
	T send-keys 5
	shows 'it is       metal'
	T send-keys 6
	shows 'Press x to start the pair'
	T send-keys 1
	shows CONTAINERS
	T send-keys q
	shows ended=0
}

@test "the mouse: a row, again to open it, a key of the footer, the wheel" {
	open 120 36 --root "$TREE"
	shows PAUSED # both moments have come: rows stay where they are
	local y
	y=$(screen | grep -n '^web' | cut -d: -f1)
	mouse 0 3 "$y"
	mouse 0 3 "$y"
	shows 'instance  web'
	mouse 65 3 10
	mouse 64 3 10
	T send-keys -H 1b 5b 4d 20 23 2e 1b 5b 4d 20 23 2e 1b 5b 4d 23 23 2e # twice pressed, once let go
	local i # on a busy machine an escape sequence may arrive in parts, which makes it keys
	for ((i = 0; i < 5; i++)); do
		if screen | grep -q CONTAINERS; then break; fi
		mouse 0 2 36
		sleep 1
	done
	shows CONTAINERS
	T send-keys q
	shows ended=0
}

@test "without the mouse no report is asked for, and at the end none is left" {
	open 100 24 --root "$TREE"
	shows batch
	[ "$(T display-message -p '#{mouse_any_flag}')" = 1 ]
	T send-keys q
	shows ended=0
	[ "$(T display-message -p '#{mouse_any_flag}')" = 0 ]
	T send-keys "clear; $VCTOP --no-mouse --root $TREE" Enter
	shows batch
	[ "$(T display-message -p '#{mouse_any_flag}')" = 0 ]
}

@test "what is pasted is never keys" {
	open 100 24 --root "$TREE"
	shows batch
	T set-buffer 'q
x
X/zzz'
	T paste-buffer -p
	sleep 0.5
	shows CONTAINERS
	if screen | grep -q zzz; then screen; return 1; fi
	T send-keys "\\"
	T set-buffer 'we
b'
	T paste-buffer -p
	shows 'Filter web'
	T send-keys Enter
	shows '1 match'
	T send-keys q
	shows ended=0
}

@test "the last hour: back, on, and to now" {
	open 120 36 --no-history -d 0.3
	shows 'of it for the last 2s'
	T send-keys , ,
	shows ' AGO'
	T send-keys 5
	shows 'host'
	shows ' AGO'
	T send-keys Escape
	local i
	for ((i = 0; i < 100; i++)); do
		screen | grep -qF ' AGO' || break
		sleep 0.05
	done
	if screen | grep -qF ' AGO'; then return 1; fi
	T send-keys '['
	shows ' AGO'
	T send-keys q
	shows ended=0
}

@test "columns, theme and graphs are there the next time; the rest of the file stays" {
	mkdir -p .config/vctop
	printf '# mine\nprice-core-hour = 0.03\ncolumns = nonsense\n' >.config/vctop/config
	open 120 36 --root "$TREE"
	shows batch
	T send-keys C
	shows 'COLUMNS TO SHOW'
	T send-keys g j j Enter G Enter
	T send-keys Escape T
	shows 'theme: dark'
	T send-keys B q
	shows ended=0
	grep -qx '# mine' .config/vctop/config
	grep -qx 'price-core-hour = 0.03' .config/vctop/config
	grep -qx 'columns = runtime,cold' .config/vctop/config
	grep -qx 'graph = blocks' .config/vctop/config
	grep -qx 'theme = dark' .config/vctop/config
	[ "$(grep -c columns .config/vctop/config)" = 1 ]
	T send-keys "clear; $VCTOP --root $TREE" Enter
	shows COLD
	if screen | grep -q GIVEN; then screen; return 1; fi
}

@test "y copies the name by the terminal" {
	open 100 24 --root "$TREE"
	shows batch
	T send-keys y
	shows 'copied: batch'
	[ "$(T show-buffer)" = batch ]
	T send-keys q
	shows ended=0
}

@test "resize storm in every view" {
	open 120 36 --root "$TREE"
	shows batch
	local v s
	for v in 1 2 3 4 5 6 '?'; do
		T send-keys "$v"
		for s in '60 15' '250 70' '1 1' '40 10' '200 9'; do T resize-window -x "${s% *}" -y "${s#* }"; done
		T send-keys Escape
	done
	T resize-window -x 100 -y 30
	T send-keys 1
	shows CONTAINERS
	T send-keys q
	shows ended=0
}
