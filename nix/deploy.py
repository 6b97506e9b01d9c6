"""Brings the hosts of an environment to what this checkout says: `nix run .#deploy -- dev`.

One host after the other, each ready before the next: by role, of a role one zone after the other, of a cluster the replicas before the
primary (docs/decisions/0007-order-of-deployment.md). A host that does not come up goes back to what it was, and there it ends.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROLES = ("db", "ingest", "transcode", "api", "monitoring")
PROFILE = "/nix/var/nix/profiles/system"


class Failed(Exception):
    """The deployment cannot go on."""


class Host:
    def __init__(self, name, facts):
        self.name = name
        self.role, self.zone, self.primary = facts["role"], facts["zone"], facts["primary"]
        self.target = f"root@{facts['address']}"
        self.ready = facts["ready"]

    def order(self):
        return ROLES.index(self.role), self.primary, self.zone, self.name

    def ssh(self, command):
        return subprocess.run(
            ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", self.target, command], text=True, capture_output=True
        )

    def not_ready(self):
        """What on it is not ready; says `ssh` if it cannot be asked."""
        script = "; ".join(f"({command}) >/dev/null 2>&1 || echo {shlex.quote(name)}" for name, command in self.ready.items())
        done = self.ssh(f"{script}; true")
        return done.stdout.split() if done.returncode == 0 else ["ssh"]


def say(text):
    print(text, flush=True)


def nix(*arguments, **options):
    done = subprocess.run(["nix", *arguments], text=True, **options)
    if done.returncode != 0:
        raise Failed(f"nix {arguments[0]} failed, and nothing has been changed anywhere")
    return done.stdout


def fleet_of(arguments):
    text = nix("eval", "--json", f"{arguments.flake}#lib.deployment.{arguments.environment}", stdout=subprocess.PIPE)
    return [Host(name, facts) for name, facts in json.loads(text).items()]


def show(plan):
    for role in ROLES:
        hosts = [host for host in plan if host.role == role]
        for zone in sorted({host.zone for host in hosts}):
            say(f"  {role:10} {zone}  {' '.join(host.name for host in hosts if host.zone == zone)}")


def expect_all_well(hosts):
    """What is down already may be what the others were to stand in for."""
    with ThreadPoolExecutor(16) as pool:
        unwell = [f"  {host.name}: {', '.join(missing)}" for host, missing in zip(hosts, pool.map(Host.not_ready, hosts)) if missing]
    if unwell:
        raise Failed("not everything is ready before we begin:\n" + "\n".join(unwell) + "\nSee to that first, or say --first if nothing runs yet.")


def wait_until_ready(host, arguments):
    """Seconds until it was; None, and what was missing, if it was not in time."""
    began = time.monotonic()
    while missing := host.not_ready():
        if time.monotonic() - began > arguments.wait:
            return None, missing
        time.sleep(arguments.every)
    return time.monotonic() - began, []


def go_back(host, before, arguments):
    command = f"nix-env --profile {PROFILE} --set {before} && {before}/bin/switch-to-configuration switch"
    done = host.ssh(command)
    if done.returncode != 0:
        return f"it could not be taken back:\n{done.stdout}{done.stderr}"
    _, missing = wait_until_ready(host, arguments)
    return f"taken back, but not ready: {', '.join(missing)}" if missing else "taken back, and ready as before"


def deploy(host, arguments):
    """Switches a host; raises if it does not come up, after taking it back."""
    asked = host.ssh("readlink -f /run/current-system")
    if asked.returncode != 0:
        raise Failed(f"{host.name} cannot be reached: {asked.stderr.strip()}")
    before, began = asked.stdout.strip(), time.monotonic()
    switched = subprocess.run(
        [os.environ.get("NIXOS_REBUILD", "nixos-rebuild"), "switch", "--flake", f"{arguments.flake}#{host.name}", "--target-host", host.target], text=True, capture_output=True
    )
    took = time.monotonic() - began
    if switched.returncode == 0:
        seconds, missing = wait_until_ready(host, arguments)
        if seconds is not None:
            return f"switched in {took:.0f} s, ready after {seconds:.0f} s more"
        reason = f"not ready after {arguments.wait:.0f} s: {', '.join(missing)}"
    else:
        reason = f"nixos-rebuild failed:\n{switched.stdout[-2000:]}{switched.stderr[-2000:]}"
    if arguments.first:
        raise Failed(f"{host.name}: {reason}")
    raise Failed(f"{host.name}: {reason}\n{host.name}: {go_back(host, before, arguments)}")


def run(arguments):
    fleet = fleet_of(arguments)
    unknown = set(arguments.hosts) - {host.name for host in fleet}
    if unknown:
        say(f"{arguments.environment} has no host {', '.join(sorted(unknown))}; it has {', '.join(sorted(host.name for host in fleet))}")
        return 2
    plan = sorted((host for host in fleet if not arguments.hosts or host.name in arguments.hosts), key=Host.order)
    say(f"{arguments.environment}: {len(plan)} hosts, in this order")
    show(plan)
    if arguments.dry_run:
        return 0

    if not arguments.first:
        expect_all_well(fleet)
    say("building")
    nix("build", "--no-link", *(f"{arguments.flake}#nixosConfigurations.{host.name}.config.system.build.toplevel" for host in plan))
    for number, host in enumerate(plan, 1):
        say(f"{number:3}/{len(plan)} {host.name} ({host.zone})")
        say(f"        {deploy(host, arguments)}")
    say("done")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="deploy", description=__doc__.splitlines()[0])
    parser.add_argument("environment", choices=("dev", "preview", "production"))
    parser.add_argument("--hosts", nargs="+", default=[], metavar="NAME", help="only these")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--first", action="store_true", help="nothing runs yet: do not ask for what is there, and take nothing back")
    parser.add_argument("--wait", type=float, default=300, metavar="SECONDS", help="how long a host may take to be ready (%(default).0f)")
    parser.add_argument("--every", type=float, default=1, metavar="SECONDS", help="how often it is asked (%(default).0f)")
    parser.add_argument("--flake", default=".", help="the checkout (%(default)s)")
    arguments = parser.parse_args()
    try:
        return run(arguments)
    except Failed as failed:
        say(f"failed: {failed}")
        return 1
    except KeyboardInterrupt:
        say("stopped; the host named last may be between old and new: deploy it again")
        return 1


if __name__ == "__main__":
    sys.exit(main())
