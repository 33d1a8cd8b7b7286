#!/usr/bin/python3 -I
"""What a monitor costs on its terminal:  cost.py NAME INTERVAL FLOOR_MSEC COMMAND...

Runs it on a terminal of 200x50, lets it settle, then counts over ten of its refreshes: CPU time, bytes written; over
five more the system calls (strace); its memory, and the time from its start to its first output.  One line of a table.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

SETTLE, COUNTED, TRACED = 4, 10, 5
TICK = os.sysconf("SC_CLK_TCK")


def cpu_msec(pid):
    """By the run time the scheduler counted, to the nanosecond; stat is cut to 10 ms."""
    total = 0.0
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0]) / 1e6
    return total


def rss_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1]) / 1024


class Output:
    def __init__(self, fd, began):
        self.fd, self.began, self.bytes, self.first = fd, began, 0, None

    def drain(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                got = len(os.read(self.fd, 1 << 16))
            except OSError:
                return False
            if not got:
                return False
            if self.first is None:
                self.first = time.monotonic() - self.began
            self.bytes += got
        return True


def calls(pid, out, seconds):
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile() as f:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", f.name, "-p", str(pid)], stderr=subprocess.DEVNULL)
        out.drain(seconds)
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        for line in f.read().decode().splitlines():
            words = line.split()
            if words and words[-1] == "total":
                return int(words[-3] if len(words) > 4 and words[-3].isdigit() else words[-2])
    return None


def main():
    name, interval, floor = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    command = sys.argv[4:]
    if not shutil.which(command[0]):
        print(f"{name:32} not installed")
        return
    began = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    out = Output(fd, began)
    try:
        if not out.drain(SETTLE * interval):
            print(f"{name:32} ended at once")
            return
        cpu, written = cpu_msec(pid), out.bytes
        out.drain(COUNTED * interval)
        cpu, written = (cpu_msec(pid) - cpu) / COUNTED, (out.bytes - written) / COUNTED
        rss = rss_mib(pid)
        counted = calls(pid, out, TRACED * interval)
        first = out.first * 1000 if out.first is not None else float("nan")
        print(f"{name:32} {cpu:9.2f} {cpu / floor:8.2f} {'-' if counted is None else round(counted / TRACED):>9} "
              f"{written:10.0f} {rss:8.1f} {first:9.0f}", flush=True)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


main()
