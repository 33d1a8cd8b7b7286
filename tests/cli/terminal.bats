#!/usr/bin/env bats
# The dashboard and the terminal it lives in, where signals and hangups come in ways a test of the screen does not show.
# limit: 60

setup() {
	VCTOP=${VCTOP:-$BATS_TEST_DIRNAME/../../build/vctop}
	TREE=$BATS_TEST_DIRNAME/../fixtures/unified
	export TERM=xterm LC_ALL=C.UTF-8
}

teardown() {
	[ -z "${SOCKET:-}" ] || tmux -L "$SOCKET" kill-server 2>/dev/null || true
}

@test "a terminal that goes without SIGHUP ends the dashboard, not a loop" {
	# Not the controlling terminal, so the kernel sends nothing: as under some supervisors and editors.
	timeout 30 /usr/bin/python3 -I - "$VCTOP" "$TREE" <<'EOF'
import os, pty, subprocess, sys, time
master, slave = pty.openpty()
p = subprocess.Popen([sys.argv[1], "--root", sys.argv[2]], stdin=slave, stdout=slave, stderr=slave)
os.close(slave)
os.read(master, 65536)
time.sleep(0.5)
os.close(master)
try:
    p.wait(10)
except subprocess.TimeoutExpired:
    p.kill()
    sys.exit("it runs on")
EOF
}

# screen TEXT: waits until it is on the screen
screen() {
	for _ in $(seq 100); do
		tmux -L "$SOCKET" capture-pane -p | grep -qF -- "$1" && return 0
		sleep 0.1
	done
	tmux -L "$SOCKET" capture-pane -p
	return 1
}

@test "after kill -STOP, the shell's use of the screen, and fg the screen is whole again" {
	command -v tmux >/dev/null || skip "no tmux"
	SOCKET=vctop-test-$$-$BATS_TEST_NUMBER
	tmux -L "$SOCKET" -f /dev/null new-session -d -x 100 -y 30 "env PS1='shell> ' bash --norc --noprofile -i"
	screen 'shell>'
	tmux -L "$SOCKET" send-keys "'$VCTOP' --root '$TREE'" Enter
	screen 'CONTAINERS'
	tmux -L "$SOCKET" send-keys p # no tick repaints
	sleep 0.5
	tmux -L "$SOCKET" capture-pane -p >"$BATS_TEST_TMPDIR/before"
	kill -STOP "$(pgrep -P "$(tmux -L "$SOCKET" list-panes -F '#{pane_pid}')" vctop)"
	screen 'Stopped'
	tmux -L "$SOCKET" send-keys "echo rubbish" Enter
	screen 'rubbish'
	tmux -L "$SOCKET" send-keys "fg" Enter
	for _ in $(seq 50); do
		tmux -L "$SOCKET" capture-pane -p >"$BATS_TEST_TMPDIR/after"
		cmp -s "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" && break
		sleep 0.1
	done
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	tmux -L "$SOCKET" send-keys q
	screen 'shell>'
}
