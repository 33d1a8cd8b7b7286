#!/bin/sh
# The pictures in screenshots/, drawn by the program from a recording of a real host:
#   screenshots.sh make       writes the SVGs, and the PNGs where something can turn the one into the other
#   screenshots.sh check      compares the SVGs with what the program draws now
set -u
cd "$(dirname "$0")/../.." || exit 2
vctop=${VCTOP:-build/vctop}
export LC_ALL=C.UTF-8 TZ=UTC XDG_CONFIG_HOME=/nonexistent

# NAME WIDTHxHEIGHT KEYS OPTIONS...: "-" no keys.  The pair was told m, and 16 s later f
pictures() {
	cat <<-'LIST'
		overview 132x32 - replay lab -n 60
		overview-80x24 80x24 - replay lab -n 60
		tree 110x26 2 replay lab -n 60
		instance 132x40 jjj3 replay lab -n 60
		host 132x34 5 replay lab -n 60
		compare 132x34 6 replay pair -n 60
		help 100x40 ? replay lab -n 60
		waste 120x24 4 --root tests/fixtures/unified --price-core-hour 0.03 --price-gib-hour 0.004
	LIST
}

draw() { # NAME SIZE KEYS OPTIONS...
	size=$2 keys=$3
	shift 3
	[ "$keys" = - ] && keys=
	[ "$1" != replay ] || { recording=tests/recordings/$2.rec && shift 2 && set -- replay "$recording" "$@"; }
	"$vctop" "$@" --screen "$size" --svg --keys "$keys"
}

png() { # SVG PNG WIDTHxHEIGHT
	w=$((${3%x*} * 8 + 20)) h=$((${3#*x} * 17 + 20))
	if command -v rsvg-convert >/dev/null; then
		rsvg-convert -o "$2" "$1"
	elif command -v chromium >/dev/null; then
		chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --default-background-color=00000000 \
			--window-size="$w,$h" --screenshot="$PWD/$2" "file://$PWD/$1" >/dev/null 2>&1
	else
		echo "screenshots: neither rsvg-convert nor chromium: no $2" >&2
	fi
}

bad=0
new=$(mktemp) || exit 2
trap 'rm -f "$new"' EXIT
case ${1:-} in
make)
	mkdir -p screenshots
	pictures | while read -r name size rest; do
		# shellcheck disable=SC2086 # words
		draw "$name" "$size" $rest >"screenshots/$name.svg" && png "screenshots/$name.svg" "screenshots/$name.png" "$size"
	done
	;;
check)
	while read -r name size rest; do
		# shellcheck disable=SC2086 # words
		draw "$name" "$size" $rest >"$new" && cmp "$new" "screenshots/$name.svg" || bad=1
	done <<-LIST
		$(pictures)
	LIST
	;;
*) exit 2 ;;
esac
exit $bad
