"""The calls of NixOS' test driver that our scripts use, over the hosts of a rehearsal.

Names, parameters and meaning are the driver's (nixos/lib/test-driver in nixpkgs); lib/driver.pyi says which there are. A script that
is content here means something for the VM test only as far as that holds.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rehearsal.hosts import Host


class Failed(Exception):
    """What a script wanted did not happen."""


def retry(attempt: Callable[[], bool], timeout: float, what: str) -> None:
    """Tries until it succeeds."""
    end = time.monotonic() + timeout
    while not attempt():
        if time.monotonic() > end:
            raise Failed(f"{what}: waited {timeout:g} s in vain")
        time.sleep(0.1)


class Machine:
    """A host, as scripts see it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.name = host.name

    # ---- commands

    def execute(self, command: str, check_return: bool = True, check_output: bool = True, timeout: int | None = 900) -> tuple[int, str]:
        """Runs a shell's text; its exit status and what it wrote to standard output."""
        status, output, _ = self.attempt(command, timeout)
        return status, output

    def attempt(self, command: str, timeout: float | None) -> tuple[int, str, str]:
        process = subprocess.Popen(
            self.host.command(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output, errors = process.communicate(timeout=timeout)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                return 124, "", f"it took longer than {timeout:g} s"
            raise
        return process.returncode, output, errors

    def succeed(self, *commands: str, timeout: int | None = None) -> str:
        """Runs commands that must succeed; what they wrote."""
        said = ""
        for command in commands:
            status, output, errors = self.attempt(command, timeout)
            if status != 0:
                raise Failed(f"{self.name}: `{command}` failed with {status}: {output}{errors}")
            said += output
        return said

    def fail(self, *commands: str, timeout: int | None = None) -> str:
        """Runs commands that must fail."""
        said = ""
        for command in commands:
            status, output, _ = self.attempt(command, timeout)
            if status == 0:
                raise Failed(f"{self.name}: `{command}` succeeded unexpectedly: {output}")
            said += output
        return said

    def wait_until_succeeds(self, command: str, timeout: int = 900) -> str:
        """Tries a command until it succeeds; what it wrote then."""
        last: tuple[int, str, str] = (0, "", "")

        def again() -> bool:
            nonlocal last
            last = self.attempt(command, timeout)
            return last[0] == 0

        try:
            retry(again, timeout, f"{self.name}: `{command}` should succeed")
        except Failed as failed:
            raise Failed(f"{failed}; at last it ended with {last[0]}: {last[1]}{last[2]}") from None
        return last[1]

    # ---- systemd

    def systemctl(self, q: str, user: str | None = None) -> tuple[int, str]:
        if user is not None:
            raise Failed("units of users are not rehearsed")
        return self.execute(f"systemctl {q}")

    def wait_for_unit(self, unit: str, user: str | None = None, timeout: int = 900) -> None:
        """Waits until a unit is active; gives up as soon as it has failed, or has nothing to do and is inactive."""

        def active() -> bool:
            _, said = self.systemctl(f"show --property=ActiveState,Job {unit}", user)
            state = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
            if state.get("ActiveState") == "failed":
                raise Failed(f"{self.name}: {unit} has failed")
            if state.get("ActiveState") == "inactive" and state.get("Job", "") in ("", "0") and self.booted():
                raise Failed(f"{self.name}: {unit} is inactive, and nothing starts it")
            return state.get("ActiveState") == "active"

        retry(active, timeout, f"{self.name}: {unit} should be active")

    def booted(self) -> bool:
        return self.systemctl("is-system-running")[1].strip() in ("running", "degraded")

    def wait_for_open_port(self, port: int, addr: str = "localhost", timeout: int = 900) -> None:
        self.wait_until_succeeds(f"exec 3<>/dev/tcp/{addr}/{port}", timeout)

    # ---- power and cables

    def start(self) -> None:
        if not self.host.process:
            self.host.start()

    def shutdown(self) -> None:
        self.host.shutdown()

    def crash(self) -> None:
        self.host.crash()

    def block(self) -> None:
        """Pulls the cable of its first network."""
        self.host.cut(True)

    def unblock(self) -> None:
        self.host.cut(False)

    # ---- what went wrong

    def report(self) -> str:
        """For people, after a failure: units that failed, and what they and their likes wrote last."""
        if not self.host.process:
            return f"---- {self.name}: off\n"
        _, failed, _ = self.attempt("systemctl --failed --no-legend --plain", 10)
        units = "funkturm-* nginx* postgresql* redis-* viewer* television-*"
        chosen = " ".join(f"-u '{unit}'" for unit in units.split())
        _, journal, _ = self.attempt(f"journalctl --no-pager -q -n 25 -o short-precise {chosen}", 10)
        return f"---- {self.name}: failed units: {failed.strip() or 'none'}\n{journal}"


class Driver:
    """All machines of a scenario, and the names that its script may use."""

    def __init__(self, hosts: list[Host]) -> None:
        self.machines = [Machine(host) for host in hosts]

    def start_all(self) -> None:
        for machine in self.machines:
            machine.start()

    @contextmanager
    def subtest(self, name: str) -> Iterator[None]:
        """A named part of a script."""
        started = time.monotonic()
        try:
            yield
        except Exception as error:
            error.add_note(f"in: {name}")
            raise
        print(f"    {name}  {time.monotonic() - started:.1f} s", flush=True)

    def symbols(self) -> dict[str, object]:
        machines = {re.sub(r"\W", "_", machine.name): machine for machine in self.machines}
        return {"start_all": self.start_all, "subtest": self.subtest, **machines}

    def test(self, script: str, name: str) -> None:
        exec(compile(script, f"{name} (prelude.py, {name}.py)", "exec"), self.symbols())
