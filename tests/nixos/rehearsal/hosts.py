"""Hosts that share this machine's kernel: namespaces of their own, an overlay on this machine's root, and systemd as their first process.

All of it lives in one mount, process and network namespace of the rehearsal (`rehearse` makes it), so that the kernel takes down
whatever is left of it with the rehearsal's own process. Only control groups remain then: see `remove_groups`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from rehearsal.evaluate import Node

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
GROUPS = "funkturm-rehearsal-"
# What systemd manages; the others would need to be filled in before a process may be put there.
CONTROLLERS = {"name=systemd", "memory", "cpu", "cpuacct", "pids", "blkio"}


def run(*command: str | Path, text: str | None = None) -> str:
    """Runs a command of this machine that must succeed."""
    done = subprocess.run([str(word) for word in command], input=text, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"$ {' '.join(map(str, command))}\n{text or ''}{done.stdout}{done.stderr}")
    return done.stdout


def hierarchies() -> list[tuple[Path, str, str]]:
    """This machine's hierarchies of control groups: where they are, their file system, and what they were mounted with."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        place, (kind, _, options) = Path(words[4]), words[words.index("-") + 1 :]
        controllers = [word for word in options.split(",") if word in CONTROLLERS]
        if kind == "cgroup2":
            found.append((place, kind, "rw"))
        elif kind == "cgroup" and controllers:
            found.append((place, kind, ",".join(["none", *controllers] if controllers == ["name=systemd"] else controllers)))
    return found


def remove_groups(name: str) -> None:
    """Removes the control groups of a rehearsal, whose processes are gone or going."""
    for place, _, _ in hierarchies():
        for _ in range(100):
            for folder, _, _ in os.walk(place / name, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass  # a process is still on its way out
            if not (place / name).exists():
                break
            time.sleep(0.05)


def connect(vlans: set[int]) -> None:
    """A bridge for each network of a scenario."""
    for vlan in sorted(vlans):
        run("ip", "link", "add", f"vlan{vlan}", "type", "bridge", "mcast_snooping", "0")
        run("ip", "link", "set", f"vlan{vlan}", "up")


class Host:
    """One host, which may be started, stopped and started again; what it has written stays."""

    def __init__(self, node: Node, work: Path, group: str) -> None:
        self.node = node
        self.name = node.name
        self.folder = work / node.name
        self.shared = work / "shared"
        self.group = group
        self.process: subprocess.Popen[bytes] | None = None
        self.init = 0
        for folder in ("upper", "work", "root"):
            (self.folder / folder).mkdir(parents=True)

    @property
    def upper(self) -> Path:
        return self.folder / "upper"

    def cable(self, interface: int) -> str:
        """The outer end of its interface."""
        return f"{self.name}-{interface}"

    def start(self) -> None:
        """Connects and boots it; does not wait."""
        if self.process:
            raise RuntimeError(f"{self.name} is running")
        self.connect()
        groups = [place / self.group / self.name for place, _, _ in hierarchies()]
        for folder in groups:
            folder.mkdir(parents=True, exist_ok=True)
        boot = self.folder / "boot"
        boot.write_text(self.boot_script())
        enter = "".join(f"echo 0 > {folder}/cgroup.procs && " for folder in groups)
        console = (self.folder / "console").open("wb")
        self.process = subprocess.Popen(
            [
                "sh",
                "-c",
                f"{enter}exec ip netns exec {self.name} unshare --mount --pid --uts --ipc --cgroup --fork --kill-child=SIGKILL sh {boot}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.init = self.first_process(self.process.pid)

    def first_process(self, outer: int) -> int:
        children = Path(f"/proc/{outer}/task/{outer}/children")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                if words := children.read_text().split():
                    return int(words[0])
            except FileNotFoundError:
                break
            time.sleep(0.005)
        raise RuntimeError(f"{self.name} does not start: {(self.folder / 'console').read_text()}")

    def connect(self) -> None:
        run("ip", "netns", "add", self.name)
        lines = ["link set lo up"]
        for interface, (vlan, address) in enumerate(zip(self.node.vlans, self.node.addresses(), strict=True), 1):
            cable = self.cable(interface)
            # As the test driver has them: a host that is back is the one that its neighbours remember.
            hardware = f"52:54:00:12:{vlan:02x}:{self.node.number:02x}"
            run("ip", "link", "add", cable, "type", "veth", "peer", "name", f"eth{interface}", "address", hardware, "netns", self.name)
            run("ip", "link", "set", cable, "master", f"vlan{vlan}", "up")
            lines += [f"address add {address}/24 dev eth{interface}", f"link set eth{interface} up"]
        run("ip", "-n", self.name, "-batch", "-", text="\n".join(lines) + "\n")
        if "firewall.nft" in self.node.files:
            run("ip", "netns", "exec", self.name, "nft", "--file", "-", text=self.node.files["firewall.nft"])
        self.tune()

    def tune(self) -> None:
        """The kernel settings that a network namespace has for itself; the others are the whole machine's, and stay as they are."""
        for line in self.node.files.get("sysctl.conf", "").splitlines():
            name, value = line.split(" = ")
            place = f"/proc/sys/{name.replace('.', '/')}"
            # Seen from inside, a setting is there if it is the namespace's own.
            run("ip", "netns", "exec", self.name, "sh", "-c", f"[ ! -w {place} ] || echo '{value}' > {place}")

    def boot_script(self) -> str:
        """What becomes the host's first process: makes its root, moves there, and turns into systemd."""
        mounts = "".join(
            f"mkdir -p .{place}\nmount -t {kind} -o {options} {kind} .{place}\n" for place, kind, options in sorted(hierarchies())
        )
        # A hybrid hierarchy hangs in a tmpfs of its own.
        tmpfs = "" if any(place == Path("/sys/fs/cgroup") for place, _, _ in hierarchies()) else "mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup"
        return f"""set -eu
mount --make-rprivate /
mount -t overlay -o lowerdir={self.shared}:/,upperdir={self.upper},workdir={self.folder}/work overlay {self.folder}/root
cd {self.folder}/root
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
{tmpfs}
{mounts}
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for device in null zero full random urandom tty; do : > dev/$device; mount --bind /dev/$device dev/$device; done
mkdir -p dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
hostname {self.name}
mkdir -p old
pivot_root . old
umount -l /old
# Units get their credentials by mounts that have to come through.
mount --make-rshared /
exec env -i container=rehearsal PATH={PATH} TERM=dumb /sbin/init
"""

    def command(self, text: str) -> list[str]:
        """The command line that runs a shell's text inside, as the test driver runs it."""
        enter = ["nsenter", "--target", str(self.init), "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--root", "--wdns=/root"]
        return [*enter, "env", "-i", f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8", "bash", "-c", f"set -euo pipefail\n{text}"]

    def cut(self, down: bool) -> None:
        """Pulls its first cable, or plugs it in again: the network by which others call it."""
        run("ip", "link", "set", self.cable(1), "down" if down else "up")

    def crash(self) -> None:
        """As if its power were gone: nobody is told."""
        if not self.process:
            return
        for interface in range(1, len(self.node.vlans) + 1):
            run("ip", "link", "set", self.cable(interface), "down")
        self.process.kill()
        self.gone()

    def shutdown(self) -> None:
        """Powers it off: every unit is stopped."""
        if not self.process:
            return
        os.kill(self.init, signal.SIGRTMIN + 4)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.gone()

    def gone(self) -> None:
        if not self.process:
            return
        self.process.wait()
        self.process = None
        # Its first process, which takes the others with it, is ours now if nobody has waited for it.
        try:
            os.waitpid(self.init, 0)
        except ChildProcessError:
            pass
        for interface in range(1, len(self.node.vlans) + 1):
            subprocess.run(["ip", "link", "del", self.cable(interface)], capture_output=True)
        run("ip", "netns", "del", self.name)
