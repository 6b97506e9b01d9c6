"""What the benches share: a Funkturm of their own, CPU seconds of process trees, medians of interleaved rounds."""

import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")


def say(text: str) -> None:
    print(text, flush=True)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads, without its children."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_megabytes(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0.0


def tree(pid: int) -> list[int]:
    """A process and all that it started, that they started, and so on."""
    parents: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += parents.get(found[-1], [])
    return found


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


class Funkturm:
    """`funkturm up` without the demo, on free ports, with a state of its own."""

    def __init__(self, binary: str, *settings: str):
        self.binary = str(pathlib.Path(binary).resolve())
        self.folder = tempfile.TemporaryDirectory(prefix="funkturm-bench-")
        # As root the stores run as a user of their own, who has to get in here.
        os.chmod(self.folder.name, 0o755)
        self.state = f"{self.folder.name}/state"
        self.log = open(f"{self.folder.name}/log", "w+", encoding="utf-8")
        arguments = [self.binary, "up", "--state", self.state, "--listen", "127.0.0.1:0", "--no-demo"]
        for setting in settings:
            arguments += ["--set", setting]
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log)
        self.url = self._wait_for_url()

    def _wait_for_url(self) -> str:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                url = pathlib.Path(f"{self.state}/url").read_text(encoding="ascii").strip()
                urllib.request.urlopen(f"{url}/readyz", timeout=2).close()
                return url
            time.sleep(0.2)
        self.log.seek(0)
        sys.exit(f"funkturm up did not become ready:\n{self.log.read()}")

    def run(self, *arguments: str) -> str:
        return subprocess.check_output([self.binary, *arguments, "--state", self.state], text=True)

    def admin(self, path: str):
        token = pathlib.Path(f"{self.state}/operator.token").read_text(encoding="ascii").strip()
        request = urllib.request.Request(self.url + path, headers={"authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def pids(self, *kinds: str) -> list[int]:
        """Our own processes: `up` itself and its children of these kinds (`serve ingest`, `worker`, …)."""
        found = [self.process.pid]
        for pid in tree(self.process.pid)[1:]:
            if any(f" {kind} " in command_of(pid) + " " for kind in kinds):
                found.append(pid)
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.folder.cleanup()


def wait_until(what: str, condition, seconds: float = 60.0):
    """Polls until the condition holds; its value comes back."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, KeyError, IndexError):
            if value := condition():
                return value
        time.sleep(0.25)
    sys.exit(f"waited {seconds:.0f} s in vain for {what}")


def summary(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} (from {min(values):.3f} to {max(values):.3f})"
