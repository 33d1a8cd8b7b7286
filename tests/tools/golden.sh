#!/bin/sh
# What vctop makes of the fixture trees, beside what it made of them when somebody last looked:
#   golden.sh check [CASE VIEW]     compares; prints the difference
#   golden.sh bless                 rewrites tests/golden; review the diff
#   golden.sh list                  CASE VIEW, one a line
set -u
cd "$(dirname "$0")/../.." || exit 2
vctop=${VCTOP:-build/vctop}
export LC_ALL=C.UTF-8 TZ=UTC

# A runtime's tree is about who is what: the parts of the JSON that say so, and the table.
views_of() { # CASE
	case $1 in
	runtime-services) echo 'rows plain services own-60x15 own-80x24-2 own-200x50 own-250x70' ;;
	runtime-kubernetes-systemd) echo 'rows plain screen-100x30-2' ;;
	runtime-*) echo 'rows plain' ;;
	vmm-*) echo 'vms plain' ;;
	unified) echo 'json plain screen-80x24 screen-200x50 screen-60x15-2 screen-80x24-3 screen-200x50-3 screen-80x24-4
		screen-200x50-4 screen-120x40-jjjjj3 screen-80x24-5 screen-200x50-5 screen-80x24-6' ;;
	background) echo 'json plain screen-80x24 screen-200x50 screen-250x70-3 screen-120x40-5 explain' ;;
	hostile) echo 'json plain screen-80x24 screen-200x50 screen-80x24-2 screen-80x24-3 explain' ;;
	compare-*) echo 'table-80 table-200 markdown html compare' ;;
	*) echo 'json plain screen-80x24 screen-200x50' ;;
	esac
}
cases=$(cd tests/fixtures && for d in */ compare-*.json; do case $d in */) echo "${d%/}" ;; *) echo "${d%.json}" ;; esac; done)
stories="lifecycle daemon-down"

draw() { # CASE VIEW
	case $2 in
	# What vctop itself cost is the one thing that differs from run to run.
	json) "$vctop" --root "tests/fixtures/$1" --json | /usr/bin/python3 -I -c '
import json, sys
for line in sys.stdin:
    snapshot = json.loads(line)
    del snapshot["self"]
    print(json.dumps(snapshot, indent=1, ensure_ascii=False))' ;;
	rows) "$vctop" --root "tests/fixtures/$1" --json | jq -S '[.instances[] | {
		id, kind, runtime, name, image, state, parent, cgroup, labels,
		cpu: (.cpu | {allocated_cores, allocated_by, allocated_at, shared_cap, used_cores}),
		memory: (.memory | {allocated_bytes, allocated_by, allocated_at, shared_cap, used_bytes}),
		why: {cpu: .unavailable["cpu.used_cores"], memory: .unavailable["memory.used_bytes"],
			disk: .unavailable["disk.writable_bytes"], image: .unavailable.image}}],
		.totals.container, .notices' ;;
	vms) "$vctop" --root "tests/fixtures/$1" --json | jq -S '[.instances[] | {
		id, kind, runtime, name, image, state, pid, parent, uuid, cgroup, labels, started,
		cpu: (.cpu | {allocated_cores, allocated_by, used_cores, vcpus, guest_cores, overhead_cores, steal_cores}),
		memory: (.memory | {allocated_bytes, allocated_by, used_bytes, used_by, held_bytes, overhead_bytes}),
		why: {guest: .unavailable["cpu.guest_cores"], memory: .unavailable["memory.held_bytes"],
			allocated: .unavailable["memory.allocated_bytes"]}}], .totals, .notices' ;;
	services) "$vctop" --root "tests/fixtures/$1" --services --json | jq -S .services
		"$vctop" --root "tests/fixtures/$1" --services -b ;;
	explain) "$vctop" --root "tests/fixtures/$1" --json | jq -r '.instances[].id' | while IFS= read -r id; do
			"$vctop" explain --root "tests/fixtures/$1" "$id"
		done ;;
	plain) "$vctop" --root "tests/fixtures/$1" -b ;;
	# The commands of a story; which runtime podman is told to use depends on the host.
	dry-run) case $1 in lifecycle) "$vctop" lifecycle --dry-run ;; *) "$vctop" demo "$1" --dry-run ;; esac |
		sed '/^runtime = /d' ;;
	# screen-WxH or screen-WxH-KEYS, after these keys; own-...: with the host's own.
	screen-* | own-*)
		size=${2#*-} keys=
		case $size in *-*) keys=${size#*-} size=${size%%-*} ;; esac
		set -- "tests/fixtures/$1" "$2"
		case $2 in
		own-*) "$vctop" --root "$1" --services --screen "$size" --keys "$keys" ;;
		*) "$vctop" --root "$1" --screen "$size" --keys "$keys" ;;
		esac ;;
	table-*) COLUMNS=${2#table-} "$vctop" compare --from "tests/fixtures/$1.json" ;;
	markdown | html) "$vctop" compare --from "tests/fixtures/$1.json" "--$2" --anchors ;;
	compare) "$vctop" compare --from "tests/fixtures/$1.json" --json | jq . ;;
	esac
}

each() { # COMMAND: called with CASE VIEW
	for c in $cases; do
		for v in $(views_of "$c"); do "$1" "$c" "$v" || bad=1; done
	done
	for c in $stories; do "$1" "$c" dry-run || bad=1; done
}
check() {
	new=$(mktemp) || exit 2
	draw "$1" "$2" >"$new" || { rm -f "$new"; return 1; }
	diff -u "tests/golden/$1.$2" "$new"
	status=$?
	rm -f "$new"
	return $status
}
# shellcheck disable=SC2317 # called through each
bless() { draw "$1" "$2" >"tests/golden/$1.$2"; }

bad=0
case ${1:-} in
check) if [ $# = 3 ]; then check "$2" "$3" || bad=1; else each check; fi ;;
bless)
	mkdir -p tests/golden
	each bless
	;;
list) each echo ;;
*) exit 2 ;;
esac
exit $bad
