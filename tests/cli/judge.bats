#!/usr/bin/env bats
# vctop judge: verdicts of recordings; settings and prices.
# limit: 240

bats_require_minimum_version 1.5.0

setup() {
	VCTOP=${VCTOP:-$BATS_TEST_DIRNAME/../../build/vctop}
	ROOT=$BATS_TEST_DIRNAME/../..
	TRACES=$ROOT/build/tests/tools/usage-traces
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	mkdir -p "$XDG_CONFIG_HOME/vctop"
	cd "$BATS_TEST_TMPDIR" || return 1
}
# week [JQ]: 8 days of an instance of 8 cores and 25 GB, each five minutes
week() {
	jq -nc --arg start 1794787200 '
		range(0; 8 * 288) | ($start | tonumber) + . * 300 | todate |
		{schema: "vctop.snapshot/1", time: ., instances: [{id: "app1", kind: "container",
		 cpu: {allocated_cores: 8, used_cores: 0.5}, memory: {allocated_bytes: 25e9, used_bytes: 5e9}}]}
		| '"${1:-.}"
}
verdict() { jq -r "select(.resource == \"$1\") | .verdict | $2"; }

@test "the least a line may say" {
	week | "$VCTOP" judge - >out
	[ "$(wc -l <out)" = 3 ]
	[ "$(jq -r .resource <out | paste -sd,)" = cpu,memory,instance ]
	for r in cpu memory instance; do [ "$(verdict $r .state <out)" = oversized ]; done
	[ "$(verdict instance .reason <out)" = "used at most 0.50 of 8 cores in 7 days; 4.7 GiB of 23.3 GiB; monthly peaks not seen" ]
	[ "$(verdict instance .confidence <out)" = high ]
	[ "$(verdict memory '.recommended.bytes | . > 6.4e9 and . < 6.6e9' <out)" = true ]
	[ "$(verdict memory '.slack.bytes | . > 18.4e9 and . < 18.6e9' <out)" = true ]
	[ "$(verdict instance .slack.cost_per_month <out)" = null ]
	[ "$(verdict instance .changed <out)" != null ]
	"$ROOT/tests/tools/validate-json" "$ROOT/src/doc/vctop.verdict-1.schema.json" <out
}

@test "at each step of recorded time" {
	week | "$VCTOP" judge --every 43200 - >out
	[ "$(grep -c '"resource":"instance"' out)" = 16 ]
	"$ROOT/tests/tools/validate-json" "$ROOT/src/doc/vctop.verdict-1.schema.json" <out
	# 24 hours of memory are the least
	[ "$(verdict memory .state <out | head -n 1)" = learning ]
	[ "$(verdict memory .state <out | tail -n 1)" = oversized ]
	jq -r 'select(.resource == "cpu") | .time' out | sort -c
}

@test "order of instances, lines cut in two, files read in parts: nothing changes" {
	"$TRACES" 3 300 2 >lines
	"$VCTOP" judge lines | sort >want
	jq -c '.instances |= reverse' lines | "$VCTOP" judge - | sort | cmp - want
	jq -c '. as $l | ($l.instances | length / 2 | floor) as $n | ($l | .instances |= .[$n:]), ($l | .instances |= .[:$n])' lines |
		"$VCTOP" judge - | sort | cmp - want
}

@test "several hosts in one stream" {
	{ week '.host.hostname = "x"'; week '.host.hostname = "y" | .instances[0].cpu.used_cores = 0.001'; } |
		jq -sc 'sort_by(.time)[]' | "$VCTOP" judge - >out
	[ "$(jq -r 'select(.resource == "instance") | "\(.host) \(.verdict.state)"' out | paste -sd,)" = "x oversized,y idle" ]
	"$ROOT/tests/tools/validate-json" "$ROOT/src/doc/vctop.verdict-1.schema.json" <out
}

@test "bad lines cost a line on stderr each, and the status" {
	{
		week | head -n 5
		echo 'not json'
		week | sed -n 6,8p
		echo '{"schema":"vctop.snapshot/9","time":"2026-11-23T10:00:00Z","instances":[]}'
		echo
		printf '{"schema":"vctop.snapshot/1","time":"2026-11-23T10:00:00Z","instances":[{"id":"cut'
	} >mixed
	run --separate-stderr "$VCTOP" judge mixed
	[ "$status" = 1 ]
	[ "$(wc -l <<<"$output")" = 3 ]
	[ "$(wc -l <<<"$stderr")" = 3 ]
	grep -q '^vctop: judge: mixed:6: ' <<<"$stderr"
	grep -q '^vctop: judge: mixed:10: not vctop.snapshot/1' <<<"$stderr"
	grep -q '^vctop: judge: mixed:12: ' <<<"$stderr"
}

@test "a line without end does not fill the memory" {
	{ week | head -n 2; head -c 200000000 /dev/zero | tr '\0' x; echo; week | sed -n 3,4p; } >long
	limit=700000
	[[ $VCTOP != *address* ]] || limit=unlimited # ASan reserves terabytes
	run --separate-stderr bash -c 'ulimit -v "$1"; exec "$0" judge long' "$VCTOP" "$limit"
	[ "$status" = 1 ]
	[ "$(wc -l <<<"$output")" = 3 ]
	grep -q 'long:3: longer than 64 MiB' <<<"$stderr"
}

@test "nothing, no file, bad use" {
	run "$VCTOP" judge /dev/null
	[ "$status" = 0 ]
	[ -z "$output" ]
	run "$VCTOP" judge no-such-file
	[ "$status" = 1 ]
	[[ $output = "vctop: judge: no-such-file: "* ]]
	run "$VCTOP" judge .
	[ "$status" = 1 ]
	for bad in "" "--every x -" "--every 0 -" "--every" "--price-core-hour -1 -" "--price-gib-hour nan -" "--what -" "a b"; do
		# shellcheck disable=SC2086 # words
		run "$VCTOP" judge $bad </dev/null
		[ "$status" = 2 ]
		[ "$(wc -l <<<"$output")" = 1 ]
	done
	week | { "$VCTOP" judge --every 300 - || echo "status $?" >&2; } 2>err | head -n 1 >out
	[ ! -s err ]
}

@test "a recording in zstd, also one that was cut off" {
	week | zstd -q >rec.zst
	"$VCTOP" judge rec.zst >out
	week | "$VCTOP" judge - | cmp - out
	head -c $(($(stat -c %s rec.zst) * 2 / 3)) rec.zst >cut.zst
	run --separate-stderr "$VCTOP" judge cut.zst
	[ "$status" = 1 ]
	[ "$(wc -l <<<"$output")" = 3 ]
	[ -n "$stderr" ]
}

@test "prices: options, file, none" {
	week >lines
	cost() { verdict instance .slack.cost_per_month | jq '. * 100 | round / 100'; }
	# 7.4 cores and 17.2 GiB
	[ "$("$VCTOP" judge --price-core-hour 0.03 lines | cost | jq '. > 155 and . < 165')" = true ]
	both=$("$VCTOP" judge --price-core-hour 0.03 --price-gib-hour 0.004 lines | cost)
	[ "$(jq '. > 205 and . < 220' <<<"$both")" = true ]
	cat >"$XDG_CONFIG_HOME/vctop/config" <<-END
		# what our provider takes
		price-core-hour = 0.03
		  price-gib-hour=0.004
	END
	[ "$("$VCTOP" judge lines | cost)" = "$both" ]
	[ "$("$VCTOP" judge --price-core-hour 0 --price-gib-hour 0 lines | cost)" = 0 ]
	echo "price-core-hour = cheap" >"$XDG_CONFIG_HOME/vctop/config"
	echo "colour" >>"$XDG_CONFIG_HOME/vctop/config"
	run --separate-stderr "$VCTOP" judge lines
	[ "$status" = 0 ]
	grep -q 'vctop/config:1: price-core-hour: cheap: ' <<<"$stderr"
	grep -q 'vctop/config:2: colour: ' <<<"$stderr"
	rm "$XDG_CONFIG_HOME/vctop/config"
	mkfifo "$XDG_CONFIG_HOME/vctop/config"
	run timeout 10 "$VCTOP" judge lines
	[ "$status" = 0 ]
}

@test "never idle: an option, a label" {
	week '.instances[0].cpu.used_cores = 0.001' >lines
	[ "$("$VCTOP" judge lines | verdict instance '"\(.state) \(.rule)"')" = "idle cpu-idle" ]
	[ "$("$VCTOP" judge --never-idle 'x,app*' lines | verdict instance .state)" = oversized ]
	[ "$(jq -c '.instances[0].labels = {"vctop.keep": "yes"}' lines | "$VCTOP" judge - | verdict instance .state)" = oversized ]
}

@test "verdicts against known truth" {
	TRACES=$TRACES VCTOP=$VCTOP "$ROOT/tests/bench/verdicts.sh" 12 300 2 >table || { cat table; return 1; }
	grep -q 'changes per instance-week' table
}
