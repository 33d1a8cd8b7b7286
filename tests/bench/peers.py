#!/usr/bin/python3 -IB
"""One table: vctop beside the floor and beside the other monitors that are installed.  Run by run.sh, inside alone.sh."""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import engines
from cost import LATER, each, head, line, measure, once
from crowd import ALL, NEEDED, Crowd

VCTOP = os.environ["VCTOP"]
GROUPS, BUSY = int(os.environ["CGROUPS"]), int(os.environ["BUSY"])
INTERVAL = os.environ["INTERVAL"]
REAL = int(os.environ["CONTAINERS"])
ME = [VCTOP, "--no-history", "-d", INTERVAL]
# Name, command, settings that make it refresh as often.
PEERS = [
    ("systemd-cgtop", ["systemd-cgtop", "-d", INTERVAL, "/"]),
    ("top", ["top", "-d", INTERVAL]),
    ("htop", ["htop", "-d", str(round(float(INTERVAL) * 10))]),
    ("atop", ["atop", INTERVAL]),
    ("btop", ["btop"]),
    ("glances", ["glances", "-t", INTERVAL]),
    ("below", ["below", "live", "--interval-s", INTERVAL]),
]


def btop_settings():
    os.makedirs("/run/settings/btop")
    with open("/run/settings/btop/btop.conf", "w", encoding="ascii") as f:
        f.write(f"update_ms = {round(float(INTERVAL) * 1000)}\n")
    return {"XDG_CONFIG_HOME": "/run/settings", "LC_ALL": "C.UTF-8"}


def say(text):
    print(text, flush=True)


def crowd_rows():
    """Of vctop and systemd-cgtop, for the second half."""
    with Crowd(GROUPS, BUSY) as crowd:
        interval = float(INTERVAL)
        vctop = measure(ME, interval)
        if not vctop:
            sys.exit("bench: vctop ended at once")
        say(f"{GROUPS} cgroups of one process, {BUSY} of them busy; every {INTERVAL} s; {os.cpu_count()} CPUs, Linux {os.uname().release}")
        say(head("a refresh"))
        say(line("vctop", vctop, vctop))
        later = measure(ME, interval, settle=LATER)
        say(line(f"vctop, after {LATER // 60} minutes", later | {"first_ms": None}, vctop))
        say(line("vctop --json", measure([*ME, "--json", "-n", "100000"], interval), vctop))
        for name, names in (("floor: CPU, working set", NEEDED), ("floor: all counters of vctop", ALL)):
            say(line(name, measure(crowd.floor(names), interval), vctop))
        absent, cgtop, env = [], None, btop_settings()
        for name, command in PEERS:
            m = measure(command, interval, env=env)
            if m:
                say(line(name, m, vctop))
            elif shutil.which(command[0]):
                say(f"{name:28} ended at once")
            else:
                absent.append(name)
            if name == "systemd-cgtop":
                cgtop = m
        answer = "one vctop --json, start to end: %.0f ms of CPU in %.0f ms" % once(VCTOP)
    return vctop, cgtop, absent, answer


def engine_rows(base):
    troubles = []
    for kind in (engines.Docker, engines.Podman):
        if not shutil.which(kind.name) or (kind.name == "docker" and not shutil.which("dockerd")):
            troubles.append(f"{kind.name} stats: not installed")
            continue
        try:
            with kind(REAL) as engine:
                for name, m in ((f"{kind.name} stats", measure(engine.stats, daemon=engine.daemon)),
                                (f"vctop, same {REAL} of {kind.name}", measure(ME, float(INTERVAL)))):
                    say(line(name, each(m, REAL), base) if m else f"{name:28} ended at once")
        except (RuntimeError, OSError) as e:
            troubles.append(f"{kind.name} stats: not measured: {e}")
    return troubles


def main():
    vctop, cgtop, absent, answer = crowd_rows()
    base = each(vctop, GROUPS)
    say(head("of one container, CPU in us"))
    say(line(f"vctop, of {GROUPS}", base, base))
    if cgtop:
        say(line(f"systemd-cgtop, of {GROUPS}", each(cgtop, GROUPS), base))
    troubles = engine_rows(base)
    say("x: times what vctop takes. bytes: written to a terminal of 200x50. docker, podman: real containers\n"
        "that sleep; dockerd, containerd and shims are counted along; memory and first output are of the whole.")
    say(answer)
    for t in troubles:
        say(t)
    if absent:
        say(f"not installed, so not in the table: {' '.join(absent)}  (make deps GROUPS=bench)")


main()
