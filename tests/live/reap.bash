#!/bin/bash
# Removes what live tests wrote down and did not remove themselves:  reap.bash STATE-DIR SUITE|all
#
# The list of a suite, STATE-DIR/SUITE.list, has one line a thing, newest last:
#   pid PID START-TICKS   podman NAME   docker HOST NAME   cgroup PATH   container-id ID   mount PATH   path PATH   rmdir PATH
#   podman-pod NAME   runc NAME   lxc LXCPATH NAME   buildah NAME   user NAME   link NAME   loop DEVICE
# A pid is killed only while its start time is the one written down: nobody else's process is ever touched.
set -u

start_ticks() { # PID
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086 # words
	set -- $stat
	echo "${20}"
}

state_of() { sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null; } # PID: R, S, Z ...

# A container that its daemon no longer removes: what runs in its groups, its shim, the groups.
reap_container() { # ID
	local i p
	find /sys/fs/cgroup -path "*$1*" -name freezer.state -exec sh -c 'echo THAWED >"$1"' _ {} \; 2>/dev/null
	find /sys/fs/cgroup -path "*$1*" -name cgroup.freeze -exec sh -c 'echo 0 >"$1"' _ {} \; 2>/dev/null
	for ((i = 0; i < 100; i++)); do
		for p in $(find /sys/fs/cgroup -path "*$1*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u) \
			$(pgrep -f "^[^ ]*containerd-shim[^ ]* .*-id $1( |$)"); do
			kill -9 "$p" 2>/dev/null
		done
		find /sys/fs/cgroup -depth -type d -path "*$1*" -exec rmdir {} + 2>/dev/null
		[ -n "$(find /sys/fs/cgroup -type d -path "*$1*" -print -quit 2>/dev/null)" ] || return 0
		sleep 0.1
	done
}

reap_one() { # WORD...
	local i
	case $1 in
	pid)
		[ -n "${3:-}" ] && [ "$(start_ticks "$2")" = "$3" ] || return 0
		kill "$2" 2>/dev/null
		kill -CONT "$2" 2>/dev/null
		for ((i = 0; i < 50; i++)); do
			[ "$(start_ticks "$2")" = "$3" ] || return 0
			[ "$(state_of "$2")" != Z ] || return 0
			sleep 0.1
		done
		kill -9 "$2" 2>/dev/null
		;;
	podman) podman --runtime runc rm -f -t 0 "$2" >/dev/null 2>&1 ;;
	podman-pod) podman --runtime runc pod rm -f -t 0 "$2" >/dev/null 2>&1 ;;
	podman-image) podman rmi -f "$2" >/dev/null 2>&1 ;;
	docker) timeout 20 docker -H "$2" rm -f "$3" >/dev/null 2>&1 ;;
	docker-image) timeout 20 docker -H "$2" rmi -f "$3" >/dev/null 2>&1 ;;
	runc) runc delete -f "$2" >/dev/null 2>&1 ;;
	lxc) lxc-stop -k -P "$2" -n "$3" >/dev/null 2>&1 ;;
	buildah) buildah rm "$2" >/dev/null 2>&1 ;;
	user) # one the tests made: all it runs is theirs
		for i in $(ps -u "$2" -o pid= 2>/dev/null); do kill -9 "$i" 2>/dev/null; done
		sleep 0.2
		userdel -rf "$2" >/dev/null 2>&1
		;;
	cgroup)
		for ((i = 0; i < 20; i++)); do
			[ -d "$2" ] || return 0
			find "$2" -depth -type d -exec rmdir {} + 2>/dev/null
			[ -d "$2" ] && sleep 0.05
		done
		;;
	container-id) [[ $2 =~ ^[0-9a-f]{64}$ ]] && reap_container "$2" ;;
	link) ip link del "$2" 2>/dev/null ;;
	loop) losetup -d "$2" 2>/dev/null ;;
	mount) umount "$2" 2>/dev/null ;;
	path)
		# Nothing is removed through a mount that was left below it.
		awk -v p="$2/" 'index($5 "/", p) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r -n 1 umount -l 2>/dev/null
		rm -rf --one-file-system -- "$2"
		;;
	rmdir) rmdir -- "$2" 2>/dev/null ;;
	esac
}

reap_list() { # FILE
	local line
	[ -e "$1" ] || return 0
	while read -r line; do
		# shellcheck disable=SC2086 # words
		reap_one $line
	done < <(tac "$1")
	rm -f "$1"
}

# Whose a state directory is.  A run that was killed leaves it behind, with all that is on its lists.
owner() { echo "$1 $(start_ticks "$1") $(readlink "/proc/$1/ns/pid" 2>/dev/null)"; } # PID
claim() { owner $$ >"$1/owner"; }                                                  # STATE-DIR
abandoned() { # PARENT: state directories of ours whose run has ended; where its pids mean nothing here, nobody knows
	local dir pid ticks space
	for dir in "$1"/vctop-test.*; do
		if [ -L "$dir" ] || [ ! -O "$dir" ] || [ ! -e "$dir/owner" ]; then continue; fi
		read -r pid ticks space <"$dir/owner"
		if [[ ! $pid =~ ^[0-9]+$ ]] || [ "$space" != "$(readlink /proc/self/ns/pid)" ]; then continue; fi
		if [ "$(owner "$pid")" != "$pid $ticks $space" ] || [ "$(state_of "$pid")" = Z ]; then echo "$dir"; fi
	done
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	if [ "$2" = all ]; then
		for list in "$1"/*.list; do reap_list "$list"; done
	else
		reap_list "$1/${2//\//_}.list"
	fi
	exit 0
fi
