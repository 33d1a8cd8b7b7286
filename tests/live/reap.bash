#!/bin/bash
# Removes what live tests wrote down and did not remove themselves:  reap.bash STATE-DIR SUITE|all
#
# The list of a suite, STATE-DIR/SUITE.list, has one line a thing, newest last:
#   pid PID START-TICKS   podman NAME   docker HOST NAME   cgroup PATH   container-id ID   mount PATH   path PATH   rmdir PATH
#   docker-home PATH LIST   podman-pod NAME   runc NAME   lxc LXCPATH NAME   buildah NAME   user NAME   link NAME   loop DEVICE
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

process_ended() { # PID: gone, or waiting to be collected
	local state
	state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)
	[ -z "$state" ] || [ "$state" = Z ] || [ "$state" = X ]
}

# Who is frozen does not die.
thaw() { # PART-OF-PATH
	find /sys/fs/cgroup -path "*$1*" -name freezer.state -exec sh -c 'echo THAWED >"$1"' _ {} \; 2>/dev/null
	find /sys/fs/cgroup -path "*$1*" -name cgroup.freeze -exec sh -c 'echo 0 >"$1"' _ {} \; 2>/dev/null
}

# A container that its daemon no longer removes: what runs in its groups, its shim, the groups.
reap_container() { # ID
	local i p
	thaw "$1"
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

# Nothing is removed through a mount that was left below it.
reap_tree() { # PATH
	awk -v p="$1/" 'index($5 "/", p) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r -n 1 umount -l 2>/dev/null
	rm -rf --one-file-system -- "$1"
}
# It was made by the tests; but somebody's dockerd may have taken it over since.
reap_docker_home() { # PATH LIST
	local p id
	for p in $(pgrep -x dockerd); do
		process_ended "$p" || tr '\0' ' ' <"/proc/$p/cmdline" | grep -- --data-root | grep -vq -- "--data-root $1 " || return 0
	done
	for id in "$1"/containers/*; do
		[ ! -e "$id" ] || grep -q "^container-id ${id##*/}$" "$2" || return 0
	done
	reap_tree "$1"
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
			process_ended "$2" && return 0
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
		thaw "/${2##*/}"
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
	path) reap_tree "$2" ;;
	docker-home) reap_docker_home "$2" "$3" ;;
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
here() { echo "$(readlink /proc/self/ns/pid)@$(cat /proc/sys/kernel/random/boot_id)"; } # where a pid means the same
owner() { echo "$1 $(start_ticks "$1") $(here)"; }                                       # PID
claim() { owner $$ >"$1/owner"; }                                                        # STATE-DIR
abandoned() { # PARENT: state directories of ours whose run has ended; of another boot or namespace nobody knows
	local dir pid ticks where
	for dir in "$1"/vctop-test.*; do
		if [ -L "$dir" ] || [ ! -O "$dir" ] || [ ! -e "$dir/owner" ]; then continue; fi
		read -r pid ticks where <"$dir/owner"
		if [[ ! $pid =~ ^[0-9]+$ ]] || [ "$where" != "$(here)" ]; then continue; fi
		if [ "$(start_ticks "$pid")" != "$ticks" ] || process_ended "$pid"; then echo "$dir"; fi
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
