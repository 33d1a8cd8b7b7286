#!/usr/bin/env bats
# The pictures in screenshots/ are what the program draws now; `make screenshots` makes them anew.

setup() { cd "$BATS_TEST_DIRNAME/../.." || return 1; }

@test "screenshots are what the program draws" {
	VCTOP=${VCTOP:-build/vctop} tests/tools/screenshots.sh check
}

@test "a picture is well-formed, whatever names are in it" {
	local tree
	for tree in unified hostile; do
		"${VCTOP:-build/vctop}" --root "tests/fixtures/$tree" --screen 120x40 --svg >"$BATS_TEST_TMPDIR/$tree.svg"
		/usr/bin/python3 -I -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$BATS_TEST_TMPDIR/$tree.svg"
	done
}
