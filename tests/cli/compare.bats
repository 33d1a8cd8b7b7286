#!/usr/bin/env bats
# vctop compare --from: saved comparisons in every form against goldens (make bless rewrites them), and bad input.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	VCTOP=${VCTOP:-$PWD/build/vctop}
	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
	FULL=tests/fixtures/compare-full.json
}
# refuses STATUS TEXT ARGUMENT...: one line on standard error with TEXT in it
refuses() {
	local want=$1 text=$2 status=0
	shift 2
	timeout 20 "$VCTOP" compare "$@" >"$OUT" 2>"$ERR" </dev/null || status=$?
	[ "$status" = "$want" ] || { echo "compare $*: status $status, not $want"; cat "$ERR"; return 1; }
	[ ! -s "$OUT" ] || { echo "compare $*: printed"; head -c 300 "$OUT"; return 1; }
	[ "$(wc -l <"$ERR")" = 1 ] || { echo "compare $*: not one line:"; cat "$ERR"; return 1; }
	grep -q '^vctop: compare: ' "$ERR" || { cat "$ERR"; return 1; }
	grep -qF -- "$text" "$ERR" || { echo "compare $*: no '$text' in:"; cat "$ERR"; return 1; }
}
each() { # CASE: all forms, so that one difference does not hide another
	local bad=0 v
	for v in table-80 table-200 markdown html compare; do
		tests/tools/golden.sh check "$1" "$v" || bad=1
	done
	return $bad
}

@test "golden: full" {
	each compare-full
}
@test "golden: kvm" {
	each compare-kvm
}
@test "golden: interrupted" {
	each compare-interrupted
}
@test "golden: hostile" {
	each compare-hostile
}

@test "the JSON of every fixture follows the schema, and comes back from its own JSON" {
	local f
	for f in tests/fixtures/compare-*.json; do
		"$VCTOP" compare --from "$f" --json >"$OUT"
		tests/tools/validate-json src/doc/vctop.compare-1.schema.json <"$OUT"
		"$VCTOP" compare --from - --json <"$OUT" >"$OUT.again"
		cmp "$OUT" "$OUT.again"
	done
}

@test "the schema has the figures of the program, and those alone" {
	"$VCTOP" fields --figures | awk 'NR > 1 { print $1 }' | sort >"$BATS_TEST_TMPDIR/program"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/program")" -gt 15 ]
	jq -r '."$defs".subject.properties | paths as $p | select(getpath($p) == {"$ref": "#/$defs/spread"})
		| $p - ["properties"] | join(".")' src/doc/vctop.compare-1.schema.json | sort | diff "$BATS_TEST_TMPDIR/program" -
}

@test "a table is as wide as it may be, with and without UTF-8" {
	local w f
	for f in tests/fixtures/compare-*.json; do
		for w in 72 80 100 132 200; do
			COLUMNS=$w "$VCTOP" compare --from "$f" --anchors >"$OUT"
			if LC_ALL=C.UTF-8 grep -nE "^.{$((w + 1)),}$" "$OUT"; then return 1; fi
		done
		LC_ALL=C "$VCTOP" compare --from "$f" >"$OUT"
		[ "$f" = tests/fixtures/compare-hostile.json ] || if LC_ALL=C grep -n '[^ -~]' "$OUT"; then return 1; fi
	done
}

@test "an emulator's speed is never without its label" {
	COLUMNS=200 "$VCTOP" compare --from "$FULL" >"$OUT"
	grep '^launch to first' "$OUT" | grep -q '6.99s ±1% TCG'
	grep '^CPU work' "$OUT" | grep -q '0.061 ±2% TCG'
	# Not one number times the plain process in the columns of the two.
	[ "$(grep -A1 '^launch to first' "$OUT" | tail -n 1 | grep -o '×[0-9]' | wc -l)" = 4 ]
	[ "$("$VCTOP" compare --from "$FULL" --html | grep -o '6.99s[^<]*<[^>]*>emulated (TCG)' | wc -l)" -ge 1 ]
	if "$VCTOP" compare --from tests/fixtures/compare-kvm.json | grep -i -e TCG -e emulated; then return 1; fi
}

@test "no control character and no markup of others in any form" {
	local form
	for form in "" --markdown --html --json; do
		# shellcheck disable=SC2086 # none or one option
		"$VCTOP" compare --from tests/fixtures/compare-hostile.json $form >"$OUT"
		if LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xaa-\xae]' "$OUT"; then return 1; fi
	done
	"$VCTOP" compare --from tests/fixtures/compare-hostile.json --html --anchors | /usr/bin/python3 -I -c '
import html.parser, sys
known = set("html head meta title style body svg defs pattern path nav a section h1 h2 h3 p div table thead tbody tr th td"
            " small span figure figcaption b i ul ol li pre rect text tspan".split())
void = {"meta"}
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []
    def handle_starttag(self, tag, attrs):
        assert tag in known, tag
        assert not any(k.startswith("on") or k in ("src", "srcdoc") for k, _ in attrs), attrs
        assert all(v.startswith("#") for k, v in attrs if k == "href"), attrs
        if tag not in void:
            self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        assert tag in known, tag
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
page = Page()
page.feed(sys.stdin.read())
page.close()
assert not page.open, page.open'
}

@test "-o writes the file, and only what was asked for" {
	printf 'much longer than nothing %.0s' {1..9000} >"$BATS_TEST_TMPDIR/page"
	"$VCTOP" compare --from "$FULL" --html -o "$BATS_TEST_TMPDIR/page" >"$OUT"
	[ ! -s "$OUT" ]
	"$VCTOP" compare --from "$FULL" --html | cmp - "$BATS_TEST_TMPDIR/page"
	"$VCTOP" compare --from "$FULL" -o - | grep -q '^vctop compare'
	refuses 1 "/no/such/page" --from "$FULL" -o /no/such/page
	[ ! -e /dev/full ] || refuses 1 "No space left" --from "$FULL" -o /dev/full
}

@test "no colours but on a terminal" {
	if "$VCTOP" compare --from "$FULL" | grep $'\033'; then return 1; fi
	env -u NO_COLOR script -qec "'$VCTOP' compare --from $FULL" /dev/null </dev/null | grep -q $'\033\[1m'
	if env -u NO_COLOR script -qec "'$VCTOP' compare --from $FULL --no-color" /dev/null </dev/null | grep $'\033'; then return 1; fi
	if NO_COLOR=1 script -qec "'$VCTOP' compare --from $FULL" /dev/null </dev/null | grep $'\033'; then return 1; fi
}

@test "what is no comparison is refused" {
	refuses 1 "No such file" --from /no/such/file
	refuses 1 "Is a directory" --from /tmp
	refuses 1 "standard input: no JSON" --from -
	printf '{"schema":"vctop.snapshot/1"}' >"$BATS_TEST_TMPDIR/other"
	refuses 1 "but vctop.snapshot/1" --from "$BATS_TEST_TMPDIR/other"
	head -c 5000 "$FULL" >"$BATS_TEST_TMPDIR/cut"
	refuses 1 "no JSON" --from "$BATS_TEST_TMPDIR/cut"
	head -c 5000000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/long"
	refuses 1 "longer than 4 MiB" --from "$BATS_TEST_TMPDIR/long"
}

@test "bad options" {
	refuses 2 "unknown option" --nonsense
	refuses 2 "needs a value" --from
	refuses 2 "no arguments" --from "$FULL" extra
	refuses 2 "choose one" --from "$FULL" --json --html
	refuses 2 "no --anchors" --from "$FULL" --json --anchors
	for o in "--runs 3" "--cpus 1" "--memory 64M" "--subjects qemu" "--vm-image x" --dry-run; do
		# shellcheck disable=SC2086 # an option and its value
		refuses 2 "--from shows" --from "$FULL" $o
	done
	for n in 0 -1 x 1.5 1001 ""; do refuses 2 "--runs" --runs "$n"; done
	for n in 0 -1 x nan ""; do refuses 2 "--cpus" --cpus "$n"; done
	for n in 0 64x -5m ""; do refuses 2 "--memory" --memory "$n"; done
	refuses 2 "measures nothing" --dry-run --json
	"$VCTOP" compare --help | grep -q '^usage: vctop compare'
}

@test "a closed pipe ends quietly" {
	bash -o pipefail -c '"$0" compare --from "$1" --html 2>"$2" | head -c 10 >"$3"' "$VCTOP" "$FULL" "$ERR" "$OUT"
	[ ! -s "$ERR" ]
}
