#!/usr/bin/python3 -I
"""Verdicts against the truth:  vctop judge --every 3600 TRACES | verdicts.py [WARM-UP DAYS]

Reads vctop.verdict/1 lines of tests/tools/usage-traces.  Prints precision and recall per state (instances only, each
step after the warm-up is one decision), what was said of each kind, and how often verdicts changed.  Ends with 1 when a
bound at the end of this file is broken.
"""
import collections
import datetime
import json
import sys

# What is true of each kind of trace.  Some allow more than one: the first is the truth recall is counted by.
TRUTH = {
    "idle": ["idle"],
    "idlenonet": ["idle"],
    "proxy": ["oversized"],
    "diurnalbig": ["oversized"],
    "diurnalfit": ["right_sized"],
    "steadyfit": ["right_sized"],
    "nightly": ["right_sized"],
    "weekend": ["right_sized"],
    # Nobody can know of a month's end before it came; afterwards it must be remembered for a week.
    "monthend": ["oversized", "right_sized"],
    # Pressed for the hour after a kill, and a leak looks small at first.
    "leaking": ["right_sized", "pressured"],
    "throttled": ["pressured"],
    "mempressed": ["pressured"],
    "atcap": ["pressured"],
    "nocap": ["unlimited"],
    "vminside": ["unknown"],
    "vmuntouched": ["oversized"],
    "blind": ["unknown"],
    # Alike but for full stalls, refaults and memory.events.
    "nearcap": ["right_sized"],
    "refaulting": ["pressured"],
    "stalled": ["pressured"],
    "atmemcap": ["pressured"],
    "refused": ["pressured"],
    "streaming": ["right_sized"],
    "stopped": ["parked"],
    # Around the thresholds: either will do, if it stays.
    "edge": ["right_sized", "oversized"],
    "edgeidle": ["oversized", "idle"],
}
NEVER_IDLE = [k for k in TRUTH if "idle" not in k]


def day(text, start):
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - start).total_seconds() / 86400


def main():
    warm = float(sys.argv[1]) if len(sys.argv) > 1 else 7.0
    start, last = None, {}
    said = collections.defaultdict(collections.Counter)
    early_idle = collections.Counter()
    changes, weeks = collections.Counter(), collections.Counter()
    seen_at = {}
    for line in sys.stdin:
        v = json.loads(line)
        if v["resource"] != "instance":
            continue
        if start is None:
            start = datetime.datetime.fromisoformat(v["time"].replace("Z", "+00:00")).replace(
                hour=0, minute=0, second=0, microsecond=0)
        kind, state, at = v["id"].split("-")[0], v["verdict"]["state"], day(v["time"], start)
        if at >= warm:
            if state == "idle" and kind in NEVER_IDLE:
                early_idle[kind] += 1
            said[kind][state] += 1
            if v["id"] in last:
                changes[kind] += last[v["id"]] != state
                weeks[kind] += (at - seen_at[v["id"]]) / 7
            last[v["id"]], seen_at[v["id"]] = state, at

    print(f"{'kind':12} {'truth':24} {'said, of the steps after day %g' % warm:58} changes/week")
    for kind, truth in TRUTH.items():
        total = sum(said[kind].values()) or 1
        shares = ", ".join(f"{s} {100 * n / total:.1f}%" for s, n in said[kind].most_common())
        rate = changes[kind] / weeks[kind] if weeks[kind] else 0
        print(f"{kind:12} {' or '.join(truth):24} {shares:58} {rate:.2f}")

    print(f"\n{'state':12} {'decisions':>9} {'precision':>9} {'recall':>7}")
    worst = {}
    for state in sorted({s for t in TRUTH.values() for s in t}):
        right = sum(said[k][state] for k in TRUTH if state in TRUTH[k])
        claimed = sum(said[k][state] for k in TRUTH)
        mine = [k for k in TRUTH if TRUTH[k][0] == state]
        due = sum(sum(said[k].values()) for k in mine)
        # What is allowed beside the truth is not missed.
        missed = sum(n for k in mine for s, n in said[k].items() if s not in TRUTH[k])
        precision = right / claimed if claimed else 1.0
        recall = 1 - missed / due if due else 1.0
        worst[state] = (precision, recall)
        print(f"{state:12} {claimed:9d} {precision:9.3f} {recall:7.3f}")
    flapping = sum(changes.values()) / (sum(weeks.values()) or 1)
    print(f"\n{flapping:.3f} changes per instance-week; idle where it is wrong: {sum(early_idle.values())}")

    broken = [f"{s}: precision {p:.3f}, recall {r:.3f}" for s, (p, r) in worst.items() if p < 0.95 or r < 0.95]
    if flapping >= 0.3:
        broken.append("verdicts flap")
    if early_idle:
        broken.append(f"called idle: {dict(early_idle)}")
    for b in broken:
        print(f"verdicts: {b}", file=sys.stderr)
    return 1 if broken or not said else 0


sys.exit(main())
