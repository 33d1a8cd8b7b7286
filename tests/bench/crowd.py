"""What there is to look at: groups with a process each (tests/tools/herd), processes outside, processes like VMs.

Made inside alone.sh, whose $GROUPS_AT says where; gone when the block ends:  with Crowd(1000, 100) as crowd: ...
"""
import glob
import os
import shutil
import subprocess
import tempfile
import time

TOOLS = os.environ.get("TOOLS", "build/tests/tools")
VCPUS = 4
# What CPU, memory and working set need, and all that vctop reads of a group that works; a name is of v1 or of v2.
NEEDED = ["cpuacct.usage", "memory.usage_in_bytes", "memory.current", "memory.stat"]
ALL = NEEDED + ["cpu.stat", "memory.oom_control", "memory.failcnt", "memory.max_usage_in_bytes", "memory.events", "memory.peak",
                "memory.swap.current", "pids.current", "io.stat", "blkio.throttle.io_service_bytes_recursive",
                "cpu.pressure", "memory.pressure", "cgroup.events", "freezer.state"]


def copy(source, to):
    with open(source, "rb") as f, open(to, "wb") as g:
        g.write(f.read())


def group(i):
    """As tests/tools/herd names it."""
    return f"{(i + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}{i:048x}"


def docker_dir(at):
    """Where Docker would make its groups, with what groups below it need."""
    path = f"{at}/docker"
    os.makedirs(path, exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):
        if os.path.exists(f"{at}/{name}") and os.path.getsize(f"{at}/{name}") == 0:
            copy(f"{at}/{name}", f"{path}/{name}")
    if os.path.exists(f"{path}/cgroup.clone_children"):
        with open(f"{path}/cgroup.clone_children", "w", encoding="ascii") as f:
            f.write("1")
    if at == "/sys/fs/cgroup":
        with open(f"{path}/cgroup.controllers", encoding="ascii") as f, \
                open(f"{path}/cgroup.subtree_control", "w", encoding="ascii") as g:
            g.write(" ".join("+" + c for c in f.read().split()))
    return path


class Crowd:
    def __init__(self, groups, busy, vms=0, bystanders=0):
        self.count, self.busy, self.vms, self.bystanders = groups, busy, vms, bystanders
        self.dirs = [docker_dir(d) for d in os.environ["GROUPS_AT"].split()
                     if not d.endswith(("/devices", "/systemd"))]
        self.herds, self.machines, self.scratch = [], [], None

    def herd(self, *args):
        p = subprocess.Popen([f"{TOOLS}/herd", *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.herds.append(p)
        if p.stdout.readline() != b"ready\n":
            raise RuntimeError("the groups could not be made")

    def __enter__(self):
        began = time.monotonic()
        if self.count:
            self.herd(self.count, self.busy, *self.dirs)
        if self.bystanders:
            self.herd(self.bystanders, 0)
        self.scratch = tempfile.mkdtemp()
        if self.vms:
            qemu = shutil.copy(f"{TOOLS}/pretend-vm", f"{self.scratch}/qemu-system-x86_64")
            self.machines = [subprocess.Popen([qemu, "-accel", "tcg", "-smp", str(VCPUS), "-m", "64", "-name", f"vm{i}"])
                             for i in range(self.vms)]
        self.made_sec = time.monotonic() - began
        time.sleep(2)
        return self

    def __exit__(self, *_):
        for p in self.machines:
            p.kill()
            p.wait()
        for p in self.herds:
            p.stdin.close()
            p.wait()
        shutil.rmtree(self.scratch)

    def counters(self, names):
        """The files of these names of all groups (and, of all names, those of the VMs), for tests/tools/floor."""
        paths = []
        for d in self.dirs:
            first = f"{d}/{group(0)}"
            for name in names:
                # CPU time of v1 is in cpuacct; throttling is only read of v1's cpu.
                if not os.path.exists(f"{first}/{name}") or (name == "memory.stat" and "/unified/" in d):
                    continue
                if name == "cpu.stat" and "/unified/" in d:
                    continue
                paths += [f"{d}/{group(i)}/{name}" for i in range(self.count)]
        if names is ALL:
            for p in self.machines:
                paths += [f"/proc/{p.pid}/{name}" for name in ("stat", "statm", "io")]
                paths += [t for t in glob.glob(f"/proc/{p.pid}/task/*/schedstat") if not t.endswith(f"/{p.pid}/schedstat")]
        return paths

    def floor(self, names):
        """The command that reads them once a second."""
        path = f"{self.scratch}/{'all' if names is ALL else 'needed'}"
        with open(path, "w", encoding="ascii") as f:
            f.writelines(p + "\n" for p in self.counters(names))
        return ["sh", "-c", f'exec "{TOOLS}/floor" 1000000 "$1" <"$2"', "floor", os.environ.get("INTERVAL", "1"), path]
