#!/bin/sh
# Installs what is missing: tests/tools/deps.sh GROUP...   (build, test, demo, bench, lint)
#
# Says what it is about to install before it does, and touches neither network nor package lists when nothing is
# missing.  An entry is PACKAGE or PACKAGE|PROBE; the probe says when something else already fills the place:
# a command ("docker.io|dockerd": docker-ce is as good), or "pc:MODULE" for a pkg-config module.
# shellcheck disable=SC2317 # the lists are called by a computed name
set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export DEBIAN_FRONTEND=noninteractive

say() { printf '  DEPS     %s\n' "$*"; }

apt_list() {
	case $1 in
	build) echo 'gcc|cc make pkg-config|pkg-config libc6-dev libncurses-dev|pc:ncursesw libjansson-dev|pc:jansson
		libcgroup-dev|pc:libcgroup libexpat1-dev|pc:expat
		libsqlite3-dev|pc:sqlite3 libzstd-dev|pc:libzstd libbpf-dev|pc:libbpf' ;;
	test) echo 'libcmocka-dev|pc:cmocka bats|bats tmux|tmux jq|jq strace|strace busybox-static podman|podman runc|runc
		docker.io|dockerd docker-registry|docker-registry qemu-system-x86|qemu-system-x86_64 qemu-utils|qemu-img cpio|cpio python3-jsonschema procps|ps
		util-linux|setpriv buildah|buildah lxc|lxc-start systemd-container|systemd-nspawn bubblewrap|bwrap uidmap|newuidmap sqlite3|sqlite3 zstd|zstd lz4|lz4 xz-utils|xz'
		[ "$(uname -m)" != x86_64 ] || echo 'user-mode-linux|linux.uml' ;;
	demo) echo 'qemu-system-x86|qemu-system-x86_64' ;;
	bench) echo 'htop atop btop glances' ;;
	lint) echo 'clang-format|clang-format clang-tidy|clang-tidy cppcheck|cppcheck shellcheck|shellcheck mandoc|mandoc' ;;
	esac
}

dnf_list() {
	case $1 in
	build) echo 'gcc|cc make pkgconf-pkg-config|pkg-config ncurses-devel|pc:ncursesw jansson-devel|pc:jansson
		libcgroup-devel|pc:libcgroup sqlite-devel|pc:sqlite3 libbpf-devel|pc:libbpf
		libzstd-devel|pc:libzstd glibc-static expat-devel|pc:expat' ;;
	test) echo 'libcmocka-devel|pc:cmocka bats|bats tmux|tmux jq|jq strace|strace busybox|busybox podman|podman runc|runc
		moby-engine|dockerd qemu-system-x86-core|qemu-system-x86_64 qemu-img|qemu-img cpio|cpio python3-jsonschema procps-ng|ps libasan libubsan
		buildah|buildah lxc|lxc-start systemd-container|systemd-nspawn bubblewrap|bwrap shadow-utils|newuidmap sqlite|sqlite3 zstd|zstd lz4|lz4 xz|xz' ;;
	demo) echo 'qemu-system-x86-core|qemu-system-x86_64' ;;
	bench) echo 'htop atop btop glances' ;;
	lint) echo 'clang-tools-extra|clang-tidy cppcheck|cppcheck ShellCheck|shellcheck mandoc|mandoc' ;;
	esac
}

pacman_list() {
	case $1 in
	build) echo 'gcc|cc make pkgconf|pkg-config ncurses jansson libcgroup|pc:libcgroup
		expat|pc:expat sqlite|pc:sqlite3 zstd|pc:libzstd libbpf|pc:libbpf' ;;
	test) echo 'cmocka bash-bats|bats tmux jq strace procps-ng|ps busybox|busybox podman runc|runc docker|dockerd
		qemu-system-x86|qemu-system-x86_64 qemu-img|qemu-img cpio python-jsonschema
		buildah|buildah lxc|lxc-start bubblewrap|bwrap' ;;
	demo) echo 'qemu-system-x86|qemu-system-x86_64' ;;
	bench) echo 'htop atop btop glances' ;;
	lint) echo 'clang|clang-tidy cppcheck shellcheck mandoc' ;;
	esac
}

# Without a package manager we know: the probes alone say what is missing.
other_list() { apt_list "$1" | tr -s '[:space:]' '\n' | grep '|'; }

probe() { # PROBE
	case $1 in
	pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

installed() { # PACKAGE
	case $manager in
	apt) [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
	dnf) rpm -q --whatprovides "$1" >/dev/null 2>&1 ;;
	pacman) pacman -Q "$1" >/dev/null 2>&1 ;;
	*) return 1 ;;
	esac
}

missing() { # GROUP...: packages not there, one a line
	for group; do
		for entry in $("${manager}_list" "$group"); do
			package=${entry%%|*}
			case $entry in *'|'*) probe "${entry#*|}" && continue ;; esac
			installed "$package" || echo "$package"
		done
	done | sort -u
}

fetch() { # PACKAGE...
	case $manager in
	apt) $sudo apt-get install -y -q --no-install-recommends "$@" ;;
	dnf) $sudo dnf install -y -q "$@" ;;
	pacman) $sudo pacman -S --needed --noconfirm "$@" ;;
	esac
}

refresh() {
	case $manager in
	apt) $sudo apt-get update -q ;;
	dnf) $sudo dnf makecache -q ;;
	pacman) $sudo pacman -Sy ;;
	esac
}

manager=other
for m in apt-get:apt dnf:dnf pacman:pacman; do
	if command -v "${m%%:*}" >/dev/null 2>&1; then
		manager=${m#*:}
		break
	fi
done

want=$(missing "$@")
[ -n "$want" ] || exit 0
# shellcheck disable=SC2086 # a list of words
set -- $want
if [ "$manager" = other ]; then
	say "no apt, dnf or pacman here; install by hand what these Debian packages hold: $*"
	exit 0
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null 2>&1 || ! { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
		say "missing: $*"
		say "neither root nor sudo: nothing is installed; going on with what is here"
		exit 0
	fi
	sudo="sudo DEBIAN_FRONTEND=noninteractive"
fi

say "installing with $manager: $*"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# The first try may find package lists that are too old or absent: refresh them and try once more.
if { [ "$manager" = apt ] && [ -z "$(find /var/lib/apt/lists -name '*Packages*' 2>/dev/null | head -n 1)" ]; } ||
	! fetch "$@" >"$log" 2>&1 </dev/null; then
	refresh >>"$log" 2>&1 </dev/null
	if ! fetch "$@" >>"$log" 2>&1 </dev/null; then
		# One unknown name spoils the whole request: take them one by one.
		for package; do
			fetch "$package" >>"$log" 2>&1 </dev/null || failed="${failed:-} $package"
		done
		if [ -n "${failed:-}" ]; then
			tail -n 5 "$log" >&2
			say "could not install:$failed"
			say "going on; what needs them will say so"
		fi
	fi
fi
exit 0
