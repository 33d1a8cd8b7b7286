#!/bin/sh
# The table of layers in src/README.md, enforced:  tests/lint/layers.sh [SOURCE-ROOT]
# A file of src/LAYER/ or include/vctop/LAYER/ may include its own layer and those named here.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2

may() { # LAYER: the layers it may include besides itself
	case $1 in
	base) echo "" ;;
	model) echo "base" ;;
	source) echo "base model" ;;
	derive) echo "base model" ;;
	view) echo "base model" ;;
	lab) echo "base model source derive" ;;
	app) echo "base model source derive view lab" ;;
	esac
}

bad=0
complain() {
	echo "$*" >&2
	bad=1
}

for layer in base model source derive view lab app; do
	allowed=" $layer $(may $layer) "
	for file in $(find "src/$layer" "include/vctop/$layer" -name '*.[ch]' 2>/dev/null | sort); do
		# Public headers by name; private ones ("lab/x.h", "x.h" beside the file, "view/tui/x.h" from src/).
		# shellcheck disable=SC2013 # header names have no spaces
		for inc in $(sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$file"); do
			case $inc in
			vctop/*)
				other=${inc#vctop/}
				other=${other%%/*}
				;;
			../* | */../*)
				complain "$file: \"$inc\": includes are written from src/ or include/, without .."
				continue
				;;
			*/*) other=${inc%%/*} ;;
			*)
				[ -e "$(dirname "$file")/$inc" ] || complain "$file: \"$inc\": not beside the file"
				continue
				;;
			esac
			case $allowed in
			*" $other "*) ;;
			*) complain "$file: \"$inc\": $layer may not include $other" ;;
			esac
			# A private header belongs to its layer alone.
			case $inc in
			vctop/*) ;;
			"$layer"/*) ;;
			*) complain "$file: \"$inc\": a private header of another layer" ;;
			esac
		done
	done
done

code() { # FILE: without comments and strings, so that words in them do not count
	sed -e 's|//.*||' -e 's|/\*.*\*/||g' -e 's|"[^"]*"||g' -e 's|^[ \t]*/\*.*||' -e 's|^[ \t]*\*.*||' "$1"
}

for file in $(find src include -name '*.[ch]' | sort); do
	case $file in
	src/view/tui/term.c) ;;
	*) grep -Eq '#[ \t]*include[ \t]*[<"](n?cursesw?/)?(curses|ncurses|term|panel)\.h' "$file" &&
		complain "$file: curses outside src/view/tui/term.c" ;;
	esac
	case $file in
	src/source/rootfs.c | src/lab/* | src/app/*) continue ;;
	src/source/beneath.c) continue ;; # how rootfs opens below a captured tree
	src/source/recording/* | src/source/guest/*) continue ;; # files that the user names, our own state; sockets
	src/source/disk_usage.c) continue ;; # walks a tree by directory fds, from one that rootfs opened
	src/base/* | src/model/* | src/source/* | src/derive/* | src/view/*) ;;
	*) continue ;;
	esac
	hit=$(code "$file" | grep -nE '(^|[^_a-zA-Z0-9>.])(open|openat|fopen|opendir|popen|creat|freopen|scandir|nftw|fts_open)[ \t]*\(' | head -n 1)
	[ -z "$hit" ] || complain "$file:${hit%%:*}: opens a file itself; the only way in is src/source/rootfs.c"
done

# Pure layers: no I/O, no clock.
for file in $(find src/model src/derive -name '*.c' 2>/dev/null | sort); do
	hit=$(code "$file" | grep -nE '(^|[^_a-zA-Z0-9>.])(clock_gettime|gettimeofday|time|clock_[a-z]+_usec|read|write|printf|fprintf|puts|fputs)[ \t]*\(' | head -n 1)
	[ -z "$hit" ] || complain "$file:${hit%%:*}: model and derive do no I/O and read no clock"
done
exit $bad
