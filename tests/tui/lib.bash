#!/bin/bash
# shellcheck disable=SC2034 # its users read TREE
# What tests of the dashboard in tmux share: a terminal of their own, and waiting for what it shows.

tui_setup() { # NAME: of the tmux server
	command -v tmux >/dev/null || skip "tmux is not installed"
	VCTOP=${VCTOP:-$BATS_TEST_DIRNAME/../../build/vctop}
	TREE=$(cd "$BATS_TEST_DIRNAME/../fixtures/unified" && pwd)
	SOCKET=vctop-$1-$$-$BATS_TEST_NUMBER
	cd "$BATS_TEST_TMPDIR" || return 1
}
teardown() { tmux -L "$SOCKET" kill-server 2>/dev/null || :; }

# The server goes on for a moment after it was told to end: a session begun there meanwhile ends with it.
close_terminal() {
	T kill-server
	SOCKET=$SOCKET-next
}

T() { tmux -L "$SOCKET" "$@"; }
screen() { T capture-pane -p; }
# Until a text is on the screen, or no more: 15 s at the most.
shows() { # TEXT
	local i
	for ((i = 0; i < 300; i++)); do
		if screen | grep -qF -- "$1"; then return 0; fi
		sleep 0.05
	done
	echo "never showed '$1':"
	screen
	return 1
}
lacks() { # TEXT
	local i
	for ((i = 0; i < 300; i++)); do
		screen | grep -qF -- "$1" || return 0
		sleep 0.05
	done
	echo "still shows '$1':"
	screen
	return 1
}
