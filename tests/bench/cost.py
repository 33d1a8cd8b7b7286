"""What a monitor costs on its terminal: measure() and a line of the table for it.

On a terminal of 200x50 it settles first, for minutes where its later costs are asked for; then CPU time and bytes
written are counted over ten of its refreshes, the system calls (strace) over three more; its memory; the time from its
start to its first output.  What it has done by others (a daemon) is counted along, what they cost without it taken off.
"""
import fcntl
import os
import pty
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

# Longer than vctop takes to set up what it has only for many instances.
SETTLE, COUNTED, TRACED = 7, 10, 3
LATER = 180  # seconds: by then it has graphs, verdicts and moments
# Title, key in what measure() returns, decimals.
COLUMNS = [("CPU ms", "cpu_ms", 2), ("calls", "calls", 0), ("bytes", "bytes", 0), ("RSS MiB", "rss_mib", 1),
           ("first ms", "first_ms", 0)]


def cpu_msec(pids):
    """By the run time the scheduler counted, to the nanosecond; stat is cut to 10 ms."""
    total = 0.0
    for pid in pids:
        try:
            for tid in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0]) / 1e6
        except (FileNotFoundError, ProcessLookupError):
            pass  # a thread or process that just went
    return total


def memory_mib(pid):
    """Resident now, and at most until now."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        text = f.read()
    return [int(re.search(key + r":\s+(\d+)", text)[1]) / 1024 for key in ("VmRSS", "VmHWM")]


class Output:
    def __init__(self, fd, began, marker):
        self.fd, self.began, self.marker = fd, began, marker
        self.bytes, self.first, self.seen = 0, None, b""

    def drain(self, seconds):
        """False when it has ended."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                got = os.read(self.fd, 1 << 16)
            except OSError:
                return False
            if not got:
                return False
            if self.first is None:
                self.seen += got if self.marker else b""
                if self.marker in self.seen:
                    self.first = time.monotonic() - self.began
            self.bytes += len(got)
        return True


def calls(pids, out, seconds):
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile() as f:
        command = ["strace", "-f", "-c", "-o", f.name]
        for pid in pids:
            command += ["-p", str(pid)]
        tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        out.drain(seconds)
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        # % time, seconds, usecs/call, calls, errors where there were any, name
        rows = [line.split() for line in f.read().decode().splitlines()]
        return sum(int(r[3]) for r in rows if len(r) > 4 and r[3].isdigit() and r[-1] != "total")


def measure(command, interval=1.0, daemon=lambda: [], marker=b"", env=None, trace=True, settle=None):
    """None when it is not installed or ends at once; a value is None when it cannot be told.  settle: in seconds."""
    if not shutil.which(command[0]):
        return None
    idle = 0.0
    if daemon():
        idle = cpu_msec(daemon())
        time.sleep(SETTLE * interval)
        idle = (cpu_msec(daemon()) - idle) / SETTLE
    began = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm-256color"} | (env or {}))
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    out = Output(fd, began, marker)
    try:
        if not out.drain(SETTLE * interval if settle is None else settle):
            return None
        counted = [pid] + daemon()
        cpu, written = cpu_msec(counted), out.bytes
        out.drain(COUNTED * interval)
        rss, peak = memory_mib(pid)
        m = {"cpu_ms": (cpu_msec(counted) - cpu) / COUNTED - idle, "bytes": (out.bytes - written) / COUNTED or None,
             "rss_mib": rss, "peak_mib": peak, "first_ms": out.first and out.first * 1000, "calls": None}
        traced = calls(counted, out, TRACED * interval) if trace else None
        if traced is not None:
            m["calls"] = traced / TRACED
        return m
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)


def ratio(value, base):
    if value is None or not base:
        return ""
    r = value / base
    return f"{r:.0f}" if r >= 99.5 else f"{r:.1f}" if r >= 9.95 else f"{r:.2f}"


def head(title):
    return f"{title:28}" + "".join(f"{column:>9}{'x':>5}" for column, _, _ in COLUMNS)


def line(name, m, base):
    """A line of the table, each number followed by its ratio to BASE's."""
    text = f"{name:28}"
    for _, key, decimals in COLUMNS:
        value = m[key]
        text += f"{'-' if value is None else format(value, f'.{decimals}f'):>9} {ratio(value, base[key]):>4}"
    return text.rstrip()


def each(m, count):
    """Of one of COUNT: CPU in microseconds; memory and first output stay those of the whole."""
    return {k: v if v is None or k in ("rss_mib", "first_ms") else v / count * (1000 if k == "cpu_ms" else 1)
            for k, v in m.items()}


def once(vctop):
    """CPU and time in milliseconds of one answer as JSON, from start to end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([vctop, "--json", "--no-history"], stdout=subprocess.DEVNULL, check=True)
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000, took * 1000
