# What the scripts have in common. It stands before each of them, and before it the catalogue of services as CATALOGUE, in JSON.
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urljoin

SITE = "https://tv.funkturm.test"
AUTHORITY = "/etc/funkturm-test/authority.pem"
SEGMENT = 2.0
# Seconds: some pictures that a busy machine lost on the way from the source, but no segment.
UNNOTICED = 0.5
MAIN, SPARE = "udp://239.1.1.1:5000", "udp://239.1.1.2:5000"


class Host(Protocol):
    """A machine of the test, whichever driver runs it."""

    name: str

    def succeed(self, *command: str, timeout: int | None = None) -> str: ...

    def wait_until_succeeds(self, command: str, timeout: int = 900) -> str: ...

    def wait_for_unit(self, unit: str, user: str | None = None, timeout: int = 900) -> None: ...


@dataclass
class Service:
    """A row of the catalogue."""

    name: str
    description: str
    role: str
    process: str
    port: int
    admin: int
    stores: list[str]
    routes: list[str]


SERVICES = [Service(**row) for row in json.loads(CATALOGUE)]


@dataclass
class Segment:
    """A segment, as a viewer saw it listed."""

    number: int
    start: float
    duration: float
    gap: bool
    listed: float | None
    bytes: int

    @property
    def end(self) -> float:
        return self.start + self.duration


@dataclass
class Watched:
    """What the viewer on the client has seen so far."""

    segments: list[Segment]
    failures: list[dict[str, Any]]
    # Of the api host that it watches from.
    address: str

    def since(self, moment: float) -> "Watched":
        """What was listed or failed after that, behind the last segment from before, on which the next one has to follow."""
        new = [segment.listed is not None and segment.listed > moment for segment in self.segments]
        first = max(0, new.index(True) - 1) if True in new else len(new)
        return Watched(self.segments[first:], [failure for failure in self.failures if failure["at"] > moment], self.address)

    def missing(self) -> float:
        """Seconds of television behind the first segment that no other has."""
        lost = sum(segment.duration for segment in self.segments[1:] if segment.gap)
        return lost + sum(max(0.0, after.start - before.end) for before, after in zip(self.segments, self.segments[1:]))

    def pause(self) -> float:
        """The longest time between new segments, beyond what is usual: so much a player must have in its buffer to go on."""
        times = [segment.listed for segment in self.segments if segment.listed and not segment.gap]
        return max([0.0, *(after - before - SEGMENT for before, after in zip(times, times[1:]))])


def until(condition: Callable[[], bool], what: str, timeout: int = 60) -> None:
    """Waits until something is so."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"waited {timeout} s in vain until {what}"
        time.sleep(0.2)


def secret(name: str) -> str:
    """As lib/secrets.nix makes them."""
    return hashlib.sha256(name.encode()).hexdigest()


def operate(host: Host, method: str, path: str, body: object = None) -> Any:
    """What an operator's request is answered with; asked for until somebody answers."""
    data = "" if body is None else f"--header 'Content-Type: application/json' --data '{json.dumps(body)}'"
    command = f"curl -sS --fail-with-body -m 5 --cacert {AUTHORITY} -X {method} -H 'Authorization: Bearer {secret('operator-token')}' {data} {SITE}{path}"
    answer = host.wait_until_succeeds(command, timeout=30)
    return json.loads(answer) if answer.strip() else None


def reports(path: str, of: str) -> dict[str, list[dict[str, Any]]]:
    """What operators are told of each host, by its name. Of one that does not answer there is only a problem: it is left out."""
    return {report["host"]: report[of] for report in operate(client, "GET", path) if "problem" not in report}


def working(channel: str) -> list[str]:
    """The hosts that work on a channel, as operators see it."""
    transcoders = reports("/admin/v1/transcoders", "channels")
    return sorted(host for host, channels in transcoders.items() if any(work["channel"] == channel for work in channels))


def all_up(hosts: Sequence[Host]) -> None:
    """Every host has booted, and none of its units has failed."""
    for host in hosts:
        host.wait_for_unit("multi-user.target", timeout=120)
        host.wait_until_succeeds("systemctl is-system-running | grep -Fx running", timeout=60)


def put_on_air(client: Host, name: str, *inputs: str, redundant: bool = False) -> str:
    """Makes a channel, and waits until it can be watched; its id."""
    body = {"name": name, "redundant": redundant, "inputs": [{"url": url} for url in inputs]}
    channel: str = operate(client, "POST", "/admin/v1/channels", body)["id"]
    client.wait_until_succeeds(f"curl -sSf -m 5 --cacert {AUTHORITY} {SITE}/hls/open/{channel}/master.m3u8", timeout=60)
    return channel


def watch(client: Host, channel: str) -> None:
    """Somebody begins to watch on the client; returns when a few segments have come."""
    client.succeed(
        "systemctl stop viewer.service 2>/dev/null || true",
        "rm -f /run/viewer.json",
        f"systemd-run --quiet --unit=viewer python3 /etc/funkturm-test/viewer.py {channel} {AUTHORITY} /run/viewer.json",
    )
    client.wait_until_succeeds("test -e /run/viewer.json", timeout=30)
    wait_for_television(client, now(client), 2)


def now(client: Host) -> float:
    """The client's clock."""
    return float(client.succeed("date +%s.%N"))


def watched(client: Host) -> Watched:
    """What the viewer has seen so far."""
    report = json.loads(client.succeed("cat /run/viewer.json"))
    names = ("number", "start", "duration", "gap", "listed", "bytes")
    segments = [Segment(**{name: segment[name] for name in names}) for segment in report["segments"]]
    return Watched(sorted(segments, key=lambda segment: segment.number), report["failures"], report["address"])


def wait_for_television(client: Host, after: float, count: int = 3, timeout: int = 60) -> Watched:
    """Waits until the viewer has fetched so many segments of what was broadcast after that moment; what it has seen."""
    end = time.monotonic() + timeout
    while True:
        seen = watched(client)
        if sum(segment.bytes > 0 and segment.start > after for segment in seen.segments) >= count:
            return seen
        if time.monotonic() > end:
            raise Exception(f"no television for {timeout} s; the viewer's last troubles: {seen.failures[-3:]}")
        time.sleep(0.2)


def measure(client: Host, what: str, since: float, missing: float, pause: float) -> Watched:
    """What an incident cost those who watched, printed; fails if it was more than these seconds."""
    seen = wait_for_television(client, now(client)).since(since)
    lost, waited = seen.missing(), seen.pause()
    print(f"      {what}: {lost:.1f} s of television missing, {waited:.1f} s without a new segment, {len(seen.failures)} failed requests")
    if lost > missing or waited > pause:
        for segment in seen.segments:
            print(f"        {segment}")
    assert lost <= missing, f"{what}: {lost:.1f} s are missing, more than {missing:g}"
    assert waited <= pause, f"{what}: no new segment for {waited:.1f} s more than usual; {pause:g} are allowed"
    return seen


def address_on(host: Host, network: int) -> str:
    """A host's address in one of the networks."""
    found = host.succeed(f"ip -br -4 address | grep -oE '192[.]168[.]{network}[.][0-9]+'")
    return found.split()[0]


def moment(line: str) -> float:
    """When an EXT-X-PROGRAM-DATE-TIME is."""
    return datetime.fromisoformat(line.split(":", 1)[1].replace("Z", "+00:00")).timestamp()


def opens(address: str, port: int) -> str:
    """The command that succeeds if somebody answers there."""
    return f"timeout 2 bash -c 'exec 3<>/dev/tcp/{address}/{port}' 2>/dev/null"


def reached_from(host: Host, doors: list[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of these addresses and ports where somebody answers a host; all are tried at once."""
    tries = "\n".join(f"( {opens(address, port)} && echo {address} {port} || true ) &" for address, port in doors)
    said = host.succeed(f"{tries}\nwait", timeout=30)
    return {(address, int(port)) for address, port in (line.split() for line in said.splitlines())}


def reads_from(transcoder: Host, ingest: Host) -> bool:
    """Whether it has a connection to that ingest host's programmes."""
    there = address_on(ingest, 2)
    return there in transcoder.succeed("ss -Htn state established '( dport = :8105 )'")


# ---- the scenario itself

