#!/bin/bash
# Runs a command where there is nothing to see but what it starts:  alone.sh COMMAND...
# Process, mount and cgroup namespaces of its own; root.  $GROUPS_AT lists the directories (one a hierarchy) below which
# it may make cgroups.  What it leaves is removed.
set -u
if [ "${1:-}" != --inside ]; then
	[ "$(id -u)" = 0 ] || { echo "alone.sh: needs root to make cgroups" >&2; exit 1; }
	name=vctop-alone-$$
	roots=()
	# shellcheck disable=SC2013 # no spaces in them
	for m in $(awk '/ - cgroup2? / && $6 ~ "rw" { print $5 }' /proc/self/mountinfo | sort -u); do
		mkdir "$m/$name" 2>/dev/null && roots+=("$m/$name")
	done
	[ ${#roots[@]} -gt 0 ] || { echo "alone.sh: no cgroup can be made here" >&2; exit 1; }
	clean() {
		for _ in 1 2 3 4 5; do
			for r in "${roots[@]}"; do [ ! -d "$r" ] || find "$r" -depth -type d -exec rmdir {} + 2>/dev/null; done
			[ -d "${roots[0]}" ] || return
			sleep 0.5
		done
	}
	trap clean EXIT
	trap 'exit 130' INT TERM
	(
		for r in "${roots[@]}"; do
			up=${r%/*}
			for f in cpuset.cpus cpuset.mems; do [ ! -e "$r/$f" ] || [ -s "$r/$f" ] || cat "$up/$f" >"$r/$f"; done
			[ ! -e "$r/cgroup.clone_children" ] || echo 1 >"$r/cgroup.clone_children"
			echo "$BASHPID" >"$r/cgroup.procs"
		done
		exec unshare --pid --mount --cgroup --fork --mount-proc --kill-child "$0" --inside "${roots[*]}" "$@"
	)
	exit
fi
mount --make-rprivate /
GROUPS_AT=
for r in $2; do
	dir=${r%/*}
	mount --bind "$r" "$dir" || exit 1
	GROUPS_AT="$GROUPS_AT $dir"
	[ "$dir" = /sys/fs/cgroup ] || continue
	# Who has controllers for others has no processes itself.
	mkdir "$dir/self"
	while read -r p; do echo "$p" >"$dir/self/cgroup.procs" 2>/dev/null; done < <(cat "$dir/cgroup.procs")
	for c in $(<"$dir/cgroup.controllers"); do echo "+$c" >"$dir/cgroup.subtree_control"; done
done
for d in /run /var/lib; do mount -t tmpfs none $d; done
export GROUPS_AT
shift 2
"$@"
