#!/bin/sh
# The pictures in screenshots/, drawn by the program from a recording of a real host:
#   screenshots.sh make       writes the SVGs, and the PNGs where something can turn the one into the other
#   screenshots.sh check      compares the SVGs with what the program draws now
set -u
cd "$(dirname "$0")/../.." || exit 2
vctop=${VCTOP:-build/vctop}
export LC_ALL=C.UTF-8 TZ=UTC XDG_CONFIG_HOME=/nonexistent
recording=tests/fixtures/recordings/lab.rec

# NAME WIDTHxHEIGHT KEYS OPTIONS...
pictures() {
	cat <<-'LIST'
		overview 132x30 - -n 80 --price-core-hour 0.03 --price-gib-hour 0.004
		overview-80x24 80x24 - -n 80
		instance 132x40 lG3 -n 80
		tree 110x24 2 -n 80
		waste 120x24 4 -n 80 --price-core-hour 0.03 --price-gib-hour 0.004
		host 120x30 5 -n 80
		compare 132x36 6 -n 80
	LIST
}

draw() { # NAME SIZE KEYS OPTIONS...
	size=$2 keys=$3
	shift 3
	[ "$keys" = - ] && keys=
	"$vctop" replay "$recording" --screen "$size" --svg --keys "$keys" "$@"
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
