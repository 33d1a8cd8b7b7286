"""Real containers of docker and of podman, of engines started for it, and what their own monitors cost for them.

Inside alone.sh: /run and /var/lib are empty there, nobody outside sees what is in them, and all ends with the namespaces.
"""
import os
import shutil
import subprocess
import tempfile
import time

LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]


def run(*command, **kw):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=kw.pop("stdin", subprocess.DEVNULL),
                          timeout=60, check=False, **kw)


def must(*command, **kw):
    p = run(*command, **kw)
    if p.returncode != 0:
        raise RuntimeError((p.stdout.decode(errors="replace").strip().splitlines() or ["failed"])[-1][:160])


class Engine:
    """with Docker(20) as engine: its containers run; engine.stats is the command, engine.daemon() who works for it."""

    def __init__(self, count):
        self.count, self.dir = count, tempfile.mkdtemp(dir="/run")

    def image(self, command):
        busybox = shutil.which("busybox")
        if not busybox:
            raise RuntimeError("busybox is not installed")
        os.makedirs(f"{self.dir}/image/bin")
        shutil.copy(busybox, f"{self.dir}/image/bin/sleep")
        with subprocess.Popen(["tar", "-C", f"{self.dir}/image", "-c", "."], stdout=subprocess.PIPE) as tar:
            must(*command, stdin=tar.stdout)

    def daemon(self):
        return []

    def __exit__(self, *_):
        run(*self.command, "kill", *self.ids)
        run(*self.command, "rm", "-f", *self.ids)
        shutil.rmtree(self.dir, ignore_errors=True)


class Podman(Engine):
    name = "podman"
    command = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]

    def __enter__(self):
        self.image([*self.command, "import", "-q", "-", "bench:1"])
        self.ids = [f"bench-{i}" for i in range(self.count)]
        for name in self.ids:
            must(*self.command, "run", "-d", "--name", name, "--network", "none", *LIMITS, "bench:1", "/bin/sleep", "10000")
        self.stats = [*self.command, "stats", "-i", "1"]
        return self


class Docker(Engine):
    name = "docker"

    def __enter__(self):
        self.command = ["docker", "-H", f"unix://{self.dir}/docker.sock"]
        self.ids = []
        with open(f"{self.dir}/log", "wb") as log:
            self.dockerd = subprocess.Popen(
                ["dockerd", "--iptables=false", "--bridge=none", "--data-root", f"{self.dir}/root", "--exec-root",
                 f"{self.dir}/exec", "-H", f"unix://{self.dir}/docker.sock", "--pidfile", f"{self.dir}/pid"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while run(*self.command, "info").returncode != 0:
            if self.dockerd.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise RuntimeError("dockerd does not start here")
            time.sleep(0.2)
        self.image([*self.command, "import", "-", "bench:1"])
        self.ids = [f"bench-{i}" for i in range(self.count)]
        for name in self.ids:
            must(*self.command, "run", "-d", "--name", name, "--network", "none", "bench:1", "/bin/sleep", "10000")
        self.stats = [*self.command, "stats"]
        return self

    def daemon(self):
        """dockerd, its containerd and the shims, which all have our directory on their command lines."""
        pids = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if words[0].rsplit(b"/", 1)[-1].startswith((b"dockerd", b"containerd")) and self.dir.encode() in b" ".join(words):
                pids.append(int(pid))
        return pids

    def __exit__(self, *_):
        if self.ids:
            run(*self.command, "rm", "-f", *self.ids)
        self.dockerd.terminate()
        self.dockerd.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
