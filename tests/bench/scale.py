#!/usr/bin/python3 -IB
"""How far it goes: more and more groups of a process that sleeps.  Run by run.sh, inside alone.sh.

STEPS="1000 5000 10000 20000": per step how long the groups take to make, what they and their processes take of the
kernel's memory, and what vctop costs when it looks at them.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cost import measure
from crowd import Crowd

VCTOP, INTERVAL = os.environ["VCTOP"], os.environ["INTERVAL"]


def available():
    with open("/proc/meminfo", encoding="ascii") as f:
        return int(re.search(r"MemAvailable:\s+(\d+)", f.read())[1]) / 1024


def main():
    print(f"{len(Crowd(0, 0).dirs)} hierarchies; at most {os.sysconf('SC_OPEN_MAX')} open files")
    print(f"{'groups':>8} {'made s':>8} {'KiB each':>8} {'CPU ms':>8} {'us each':>8} {'calls':>8} {'RSS MiB':>8} {'first ms':>8}")
    for step in map(int, os.environ.get("STEPS", "1000 5000 10000 20000").split()):
        before = available()
        with Crowd(step, 0) as crowd:
            kib = (before - available()) * 1024 / step
            m = measure([VCTOP, "--no-history", "-d", INTERVAL], float(INTERVAL), marker=b"docker")
        text = f"{step:8} {crowd.made_sec:8.1f} {kib:8.1f} "
        text += (f"{m['cpu_ms']:8.1f} {m['cpu_ms'] * 1000 / step:8.1f} {m['calls'] or 0:8.0f} {m['rss_mib']:8.1f} {m['first_ms'] or 0:8.0f}"
                 if m else "vctop ended")
        print(text, flush=True)


main()
