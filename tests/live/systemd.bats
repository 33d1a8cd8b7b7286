#!/usr/bin/env bats
# vctop-watch.service under a real systemd: booted by systemd-nspawn from this host's own /usr, so nothing is fetched.
# limit: 180
# alone: yes

load lib

setup_file() {
	local d
	live_setup
	need_root
	need systemd-nspawn nsenter jq sqlite3 qemu-system-x86_64 make
	if [ ! -x /usr/lib/systemd/systemd ] || [ ! -L /bin ]; then skip "no systemd in a merged /usr to boot"; fi
	ROOT=$SCRATCH/root
	export ROOT
	for d in etc usr var tmp run root proc sys dev; do mkdir -p "$ROOT/$d"; done
	for d in bin sbin lib lib64; do [ ! -L "/$d" ] || ln -s "usr/$d" "$ROOT/$d"; done
	echo 'ID=test' >"$ROOT/etc/os-release"
	: >"$ROOT/etc/machine-id"
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$VCTOP_SOURCE" install DESTDIR="$ROOT" PREFIX=/opt/vctop \
		UNITDIR=/etc/systemd/system >"$SCRATCH/install.log"
	# A VM of another user inside: to read all of it takes the unit's two capabilities.
	printf '[Service]\nUser=65534\nExecStart=/usr/bin/qemu-system-x86_64 %s\n' \
		"-accel tcg -display none -serial none -net none -S -name $TESTNAME-vm -m 64" >"$ROOT/etc/systemd/system/vm.service"
	systemd-nspawn --register=no --keep-unit -q -M "$TESTNAME" -D "$ROOT" --bind-ro=/usr --console=pipe --boot \
		systemd.firstboot=off systemd.mask=console-getty.service >"$SCRATCH/boot.log" 2>&1 </dev/null 3>&- &
	remember_pid $!
	echo $! >"$SCRATCH/nspawn.pid"
	poll 30 booted || skip "systemd-nspawn does not boot here: $(tail -n 1 "$SCRATCH/boot.log")"
	enter systemctl start vm
	sleep 1
	touch "$SCRATCH/before"
	enter systemctl start vctop-watch
}
teardown_file() { live_teardown; }
setup() {
	cd "$SCRATCH" || return 1
	DB=$ROOT/var/lib/vctop/history.db
}

enter() { nsenter -t "$(pgrep -o -P "$(cat "$SCRATCH/nspawn.pid")")" -a -- "$@"; }
booted() { [[ $(enter systemctl is-system-running 2>/dev/null) =~ running|degraded ]]; }
shows() { enter systemctl show -p "$1" --value vctop-watch; }
shows_is() { equal "$1" "$(shows "$1")" "$2"; }
seen() { sqlite3 -readonly "$DB" "select max(last_seen) from instance where name = '$TESTNAME-vm'"; }
is_seen() { [ -n "$(seen)" ]; }
# It looks every ten seconds; a reload saves.
later_than() { # TIME
	enter systemctl reload vctop-watch
	[[ $(seen) > $1 ]]
}
sound() { equal integrity "$(sqlite3 -readonly "$DB" 'pragma integrity_check')" ok; }

@test "it starts, and history grows" {
	shows_is ActiveState active
	poll 15 later_than ""
	first=$(seen)
	poll 20 later_than "$first"
	equal mode "$(stat -c %a "$ROOT/var/lib/vctop" "$DB" | xargs)" "700 600"
}

@test "its sandbox hides nothing: the same is seen in it as without" {
	mkdir -p "$ROOT/etc/systemd/system/look.service.d"
	sed -e 's|^ExecStart=.*|ExecStart=/opt/vctop/bin/vctop --json --no-history|' -e '/^Restart/d' \
		"$ROOT/etc/systemd/system/vctop-watch.service" >"$ROOT/etc/systemd/system/look.service"
	printf '[Service]\nType=oneshot\nStateDirectory=\nStandardOutput=file:/var/look.json\n' \
		>"$ROOT/etc/systemd/system/look.service.d/test.conf"
	enter systemctl daemon-reload
	enter systemctl start look
	enter /opt/vctop/bin/vctop --json --no-history >plain.json
	for f in "$ROOT/var/look.json" plain.json; do
		jq -S '[.notices, .host.cgroup_layout, .host.storage, .host.cpu.capacity_cores,
			(.instances[] | {id, state, name, allocated: .memory.allocated_bytes, isolation, unavailable})]' "$f" >"${f##*/}.facts"
	done
	rm "$ROOT/var/look.json"
	jq -e --arg n "$TESTNAME-vm" '.instances[] | select(.name == $n) | .memory.held_bytes != null' plain.json
	cmp look.json.facts plain.json.facts || diff look.json.facts plain.json.facts
}

@test "restarted, killed and started again it goes on where it was" {
	first=$(seen)
	enter systemctl restart vctop-watch
	shows_is ActiveState active
	[[ ! $(seen) < $first ]]
	enter kill -9 "$(shows MainPID)"
	poll 5 shows_is SubState auto-restart
	sound
	enter systemctl restart vctop-watch
	poll 15 later_than "$first"
	sound
}

@test "it is small, and held to few open files" {
	pid=$(shows MainPID)
	status=$(enter cat "/proc/$pid/status")
	echo "# $(grep -E 'VmHWM|VmRSS' <<<"$status" | xargs)" >&3
	within VmHWM "$(awk '/VmHWM/ { print $2 }' <<<"$status")" 1000 16000
	equal capabilities "$(awk '/CapEff/ { print $2 }' <<<"$status")" 0000000000080004 # PTRACE, DAC_READ_SEARCH
	equal "open files" "$(enter cat "/proc/$pid/limits" | awk '/open files/ { print $4 }')" 4096
	within "seconds of CPU" "$(enter cat "/proc/$pid/stat" | awk '{ print ($14 + $15) / 100 }')" 0 2
}

@test "stopped it leaves no trouble, and files in its own directory alone" {
	enter systemctl stop vctop-watch
	shows_is ActiveState inactive
	shows_is Result success
	sound
	is_seen
	equal "words of vctop" "$(enter journalctl -q --no-pager -o cat _COMM=vctop)" ""
	find "$ROOT" -xdev -newer "$SCRATCH/before" -type f ! -path '*/var/log/*' ! -path '*/var/lib/vctop/*' \
		! -path '*/etc/systemd/system/look.service*' >elsewhere
	cat elsewhere
	[ ! -s elsewhere ]
}
