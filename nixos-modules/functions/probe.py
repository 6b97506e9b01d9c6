"""Plays every channel of a Funkturm as a viewer would, with `funkturm lint`, and prints metrics for Prometheus.

    probe.py --server https://tv.example --program …/funkturm

A channel has as many breaches as the linter finds of rules that players may fail at; -1 if it could not be played at all.
"""

import argparse
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor


def ask(url, method="GET", body=None):
    """A request; its answer's JSON, if it has any."""
    request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def breaches(arguments, channel):
    """Plays a channel for a while."""
    sessions = urllib.parse.urljoin(arguments.server, "/api/v1/playback")
    try:
        playback = ask(sessions, "POST", {"channel": channel})
    except (OSError, ValueError) as error:
        print(f"{channel}: {error}", file=sys.stderr)
        return -1
    url = urllib.parse.urljoin(arguments.server, playback["url"])
    try:
        lint = subprocess.run(
            [arguments.program, "lint", "--must", "--for", f"{arguments.seconds}s", url],
            text=True, capture_output=True, timeout=arguments.seconds + 30,
        )
    except subprocess.TimeoutExpired:
        print(f"{channel}: the linter does not come to an end", file=sys.stderr)
        return -1
    finally:
        try:
            ask(f"{sessions}/{playback['session']}", "DELETE")
        except (OSError, ValueError):
            pass  # It ends by itself.
    if lint.returncode == 0:
        return 0
    # Each breach is a line.
    print("".join(f"{channel}: {line}\n" for line in (lint.stdout + lint.stderr).splitlines()), end="", file=sys.stderr)
    return len(lint.stdout.splitlines()) or -1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=4)
    arguments = parser.parse_args()

    line_up = ask(urllib.parse.urljoin(arguments.server, "/api/v1/channels"))
    channels = [entry["id"] for entry in line_up["channels"]]
    with ThreadPoolExecutor(arguments.at_once) as pool:
        found = dict(zip(channels, pool.map(lambda channel: breaches(arguments, channel), channels)))

    print("# TYPE funkturm_probe_breaches gauge")
    for channel, count in sorted(found.items()):
        name = re.sub(r'(["\\])', r"\\\1", channel)
        print(f'funkturm_probe_breaches{{channel="{name}"}} {count}')
    print("# TYPE funkturm_probe_last_run_timestamp_seconds gauge")
    print(f"funkturm_probe_last_run_timestamp_seconds {int(time.time())}")


if __name__ == "__main__":
    main()
