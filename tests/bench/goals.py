#!/usr/bin/python3 -IB
"""What vctop is meant to cost at most, and what it costs.  Run by run.sh inside alone.sh, or by guest.sh in a guest.

CGROUPS and MANY are the two sizes.  Where $EMULATED is set a millisecond is a million instructions of the guest: ratios
hold, times are printed but not judged.  Memory is judged at the sizes the goals name.
"""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import engines
from cost import LATER, measure, once
from crowd import ALL, Crowd

VCTOP = os.environ["VCTOP"]
GROUPS, MANY, VMS = int(os.environ["CGROUPS"]), int(os.environ["MANY"]), 20
REAL = int(os.environ["CONTAINERS"])
BYSTANDERS = int(os.environ["BYSTANDERS"])
EMULATED = bool(os.environ.get("EMULATED"))
# In each row, and nowhere else; not its id, for curses may tell the terminal to repeat a zero.
ROW = b"docker"
ME = [VCTOP, "--no-history", "-d", "1"]
IN_MINUTES = f"in {LATER // 60} minutes"
missed = 0


def say(text):
    print(text, flush=True)


def goal(what, value, bound, unit="", at_least=False, judged=True):
    global missed
    met = value >= bound if at_least else value <= bound
    verdict = "not judged" if not judged else "met" if met else "NOT MET"
    missed += verdict == "NOT MET"
    say(f"{what:58} {value:9.2f} {'>=' if at_least else '<='} {bound:<7g} {unit:4} {verdict}")


def cost(command, marker=b"", settle=None):
    m = measure(command, marker=marker, trace=False, settle=settle)
    if not m:
        sys.exit(f"goals: {command[0]} ended at once")
    return m


def seen(containers, vms):
    """A monitor that does not see them is cheap."""
    p = subprocess.run([VCTOP, "--no-history", "--json", "-d", "0.2"], stdout=subprocess.PIPE, check=True)
    kinds = [i["kind"] for i in json.loads(p.stdout)["instances"]]
    if (kinds.count("container"), kinds.count("vm")) != (containers, vms):
        sys.exit(f"goals: {containers} containers and {vms} VMs, vctop shows {kinds.count('container')} and {kinds.count('vm')}")


# Where others may use this machine, what is compared is measured in turns, and the least of these counts.
TURNS = 1 if EMULATED else 2


def beside_the_floor(busy):
    """CPU a tick of vctop and of the floor."""
    with Crowd(GROUPS, busy, VMS) as crowd:
        seen(GROUPS, VMS)
        turns = [(cost(ME)["cpu_ms"], cost(crowd.floor(ALL))["cpu_ms"]) for _ in range(TURNS)]
    vctop, floor = (min(t) for t in zip(*turns))
    say(f"  {GROUPS} groups, {busy} busy, {VMS} VMs of 4 vCPUs: vctop {vctop:.2f} ms a tick, floor {floor:.2f}")
    return vctop / floor


def thousand():
    with Crowd(GROUPS, GROUPS // 10):
        seen(GROUPS, 0)
        vctop = cost(ME, ROW)
        later = None if EMULATED else cost(ME, settle=LATER)
        cgtop = measure(["systemd-cgtop", "-d", "1", "/"], trace=False)
        for _ in range(TURNS - 1):
            again = cost(ME, ROW)
            vctop |= {k: min(vctop[k] or float("inf"), again[k] or float("inf")) for k in ("cpu_ms", "first_ms")}
            if cgtop:
                cgtop["cpu_ms"] = min(cgtop["cpu_ms"], measure(["systemd-cgtop", "-d", "1", "/"], trace=False)["cpu_ms"])
        ms = min(once(VCTOP)[0] for _ in range(1 if EMULATED else 5))
    say(f"  {GROUPS} groups, {GROUPS // 10} busy: vctop {vctop['cpu_ms']:.2f} ms a tick")
    goal(f"memory at {GROUPS}", vctop["rss_mib"], 16, "MiB", judged=(GROUPS, MANY) == (1000, 10000))
    if later:
        say(f"  after {LATER // 60} minutes: vctop {later['cpu_ms']:.2f} ms a tick")
        goal(f"most memory at {GROUPS} {IN_MINUTES}", later["peak_mib"], 16, "MiB", judged=(GROUPS, MANY) == (1000, 10000))
    goal("first frame of the dashboard, rows in it", vctop["first_ms"] or float("inf"), 100, "ms", judged=not EMULATED)
    goal("one-shot --json, CPU", ms, 5 + 0.06 * GROUPS, "ms", judged=not EMULATED)
    if cgtop:
        goal("systemd-cgtop, x vctop", cgtop["cpu_ms"] / vctop["cpu_ms"], 20, at_least=True)
    else:
        say("systemd-cgtop: not installed")
    return vctop["cpu_ms"]


def many(thousands_ms):
    with Crowd(MANY, MANY // 10) as crowd:
        seen(MANY, 0)
        vctop = cost(ME)
        for _ in range(TURNS - 1):
            vctop["cpu_ms"] = min(vctop["cpu_ms"], cost(ME)["cpu_ms"])
        later = None if EMULATED else cost(ME, settle=LATER)
    say(f"  {MANY} groups, {MANY // 10} busy: vctop {vctop['cpu_ms']:.2f} ms a tick; made in {crowd.made_sec:.0f} s")
    goal(f"{MANY} groups, x {GROUPS}", vctop["cpu_ms"] / thousands_ms, 10.5 * MANY / GROUPS / 10)
    goal(f"memory at {MANY}", vctop["rss_mib"], 80, "MiB", judged=(GROUPS, MANY) == (1000, 10000))
    if later:
        goal(f"most memory at {MANY} {IN_MINUTES}", later["peak_mib"], 80, "MiB", judged=(GROUPS, MANY) == (1000, 10000))


def bystanders():
    with Crowd(0, 0):
        without = cost(ME)["cpu_ms"]
    with Crowd(0, 0, bystanders=BYSTANDERS):
        with_them = cost(ME)["cpu_ms"]
    say(f"  no instance: vctop {without:.2f} ms a tick; with {BYSTANDERS} other processes {with_them:.2f}")
    goal(f"{BYSTANDERS} processes that are neither add", with_them - without, 3 * BYSTANDERS / 10000, "ms", judged=not EMULATED)


def per_container(thousands_ms):
    for kind in (engines.Docker, engines.Podman):
        if not shutil.which(kind.name) or (kind.name == "docker" and not shutil.which("dockerd")):
            say(f"{kind.name} stats: not installed")
            continue
        try:
            with kind(REAL) as engine:
                stats, same = measure(engine.stats, daemon=engine.daemon, trace=False), cost(ME)
        except (RuntimeError, OSError) as e:
            say(f"{kind.name} stats: not measured: {e}")
            continue
        say(f"  {kind.name} stats: {stats['cpu_ms'] / REAL:.2f} ms a refresh and container; vctop for the same {REAL} "
            f"{same['cpu_ms'] / REAL:.2f}, {stats['cpu_ms'] / same['cpu_ms']:.1f} times less")
        goal(f"{kind.name} stats a container, of {REAL}; x vctop's, of {GROUPS}",
             stats["cpu_ms"] / REAL / (thousands_ms / GROUPS), 20, at_least=True)


def main():
    say(f"Linux {os.uname().release}, {os.cpu_count()} CPUs, cgroups at {os.environ['GROUPS_AT']}")
    goal("all busy: CPU a tick, x floor", beside_the_floor(GROUPS), 1.3)
    goal("90 % idle: CPU a tick, x floor", beside_the_floor(GROUPS // 10), 1)
    ms = thousand()
    many(ms)
    bystanders()
    if REAL:
        per_container(ms)
    say(f"{missed} not met")


main()
