#!/usr/bin/env bats
# What colours reach the terminal, by what it says of itself: none, eight, 256, any; and none where nobody wants them.
# limit: 120

load lib

setup() { tui_setup colours; }
# open VARIABLE=VALUE... -- OPTION...: until both moments of the tree have come, after which nothing moves
open() {
	local vars=()
	while [ "$1" != -- ]; do
		vars+=("$1")
		shift
	done
	shift
	tmux -L "$SOCKET" -f /dev/null new-session -d -x 100 -y 30 \
		env -u NO_COLOR -u COLORTERM XDG_CONFIG_HOME="$PWD" LC_ALL=C.UTF-8 TZ=UTC "${vars[@]}" "$VCTOP" --root "$TREE" "$@"
	local i
	for ((i = 0; i < 300; i++)); do
		T capture-pane -p | grep -q PAUSED && break
		sleep 0.05
	done
	T capture-pane -p | grep -q 'CONTAINERS'
	T capture-pane -ep >out
}
coded() { grep -qE $'\033\\[([0-9;]*;)?'"$1" out; } # SGR that begins or goes on so
no_colours() {
	if coded '(3[0-7]|38;[25];[0-9;]+|9[0-7])m'; then cat -v out; return 1; fi
}

@test "a monochrome terminal: no colours; bold, reverse and underline tell the same" {
	open TERM=vt100 --
	no_colours
	coded 1m
	coded 4m
	coded 7m
}

@test "eight colours" {
	open TERM=xterm --
	coded 36m # containers, use
	coded 35m # VMs
	coded 33m # to take back
	if coded '38;'; then cat -v out; return 1; fi
}

@test "256 colours" {
	open TERM=xterm-256color --
	coded '38;5;32m'
	coded '38;5;133m'
	if coded '38;2;'; then cat -v out; return 1; fi
}

@test "any colour, where the terminal's description has them all" {
	command -v tic >/dev/null || skip "no tic to describe such a terminal with"
	{
		printf '%s\n' 'test-direct|any colour by its parts,'
		printf '\t%s\n' 'RGB, colors#0x1000000, pairs#0x7FFFF,' \
			'setaf=\E[%?%p1%{8}%<%t3%p1%d%e38\:2\:\:%p1%{65536}%/%d\:%p1%{256}%/%{255}%&%d\:%p1%{255}%&%d%;m,' \
			'setab=\E[%?%p1%{8}%<%t4%p1%d%e48\:2\:\:%p1%{65536}%/%d\:%p1%{256}%/%{255}%&%d\:%p1%{255}%&%d%;m,' \
			'use=xterm-256color,'
	} >direct.ti
	tic -x -o "$PWD/terminfo" direct.ti
	open TERM=test-direct TERMINFO="$PWD/terminfo" --
	coded '38;2;0;135;215m'
	coded '38;2;175;95;175m'
	if coded '38;5;'; then cat -v out; return 1; fi
	close_terminal
	printf 'theme = dark\n' >vctop.conf
	mkdir -p vctop && mv vctop.conf vctop/config
	open TERM=test-direct TERMINFO="$PWD/terminfo" --
	coded '38;2;95;175;255m'
}

@test "NO_COLOR, --no-color and the theme without any" {
	open TERM=xterm-256color NO_COLOR=1 --
	no_colours
	coded 1m
	close_terminal
	open TERM=xterm-256color -- --no-color
	no_colours
	close_terminal
	mkdir -p vctop && printf 'theme = mono\n' >vctop/config
	open TERM=xterm-256color --
	no_colours
	close_terminal
	rm -r vctop
	open TERM=xterm-256color NO_COLOR= -- # empty: as if it were not set
	coded '38;5;32m'
}
