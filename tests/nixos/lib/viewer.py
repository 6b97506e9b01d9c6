"""A viewer without a screen: follows a channel's live edge through the api hosts and writes down what it got, and when.

    python3 viewer.py CHANNEL AUTHORITY REPORT

Like a player it takes the first quality, asks for its playlist twice a second, fetches each new segment, and tries the name's next address
if one does not answer. REPORT (JSON) is written anew after each round; lib/prelude.py reads it.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import sys
import time
from datetime import datetime
from urllib.parse import urljoin

SITE = "tv.funkturm.test"
# Who does not answer for so long is given up.
PATIENCE = 1.5


class Edge:
    """The api hosts, by their common name."""

    def __init__(self, authority: str) -> None:
        self.tls = ssl.create_default_context(cafile=authority)
        self.addresses = [str(found[4][0]) for found in socket.getaddrinfo(SITE, 443, socket.AF_INET, socket.SOCK_STREAM)]
        self.connection: http.client.HTTPSConnection | None = None
        self.failures: list[dict[str, object]] = []

    def get(self, path: str) -> bytes:
        """What is at a path. The one that answered last is asked first."""
        for _ in self.addresses:
            address = self.addresses[0]
            try:
                return self.ask(address, path)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append({"at": time.time(), "path": path, "address": address, "error": repr(error)})
                self.connection = None
                self.addresses = [*self.addresses[1:], address]
        raise LookupError(f"nobody answered for {path}")

    def ask(self, address: str, path: str) -> bytes:
        if self.connection is None:
            plain = socket.create_connection((address, 443), PATIENCE)
            connection = http.client.HTTPSConnection(SITE, context=self.tls, timeout=PATIENCE)
            connection.sock = self.tls.wrap_socket(plain, server_hostname=SITE)
            self.connection = connection
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise http.client.HTTPException(f"status {answer.status}")
        return body


def first_quality(master: str) -> str:
    lines = master.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF:"))
    return lines[place + 1]


def segments(playlist: str) -> list[dict[str, object]]:
    """The segments that a media playlist lists."""
    found: list[dict[str, object]] = []
    number, start, duration, gap, broken = 0, 0.0, 0.0, False, False
    for line in playlist.splitlines():
        tag, _, value = line.partition(":")
        if tag == "#EXT-X-MEDIA-SEQUENCE":
            number = int(value)
        elif tag == "#EXT-X-PROGRAM-DATE-TIME":
            start = datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        elif tag == "#EXTINF":
            duration = float(value.split(",")[0])
        elif tag == "#EXT-X-GAP":
            gap = True
        elif tag == "#EXT-X-DISCONTINUITY":
            broken = True
        elif line and not line.startswith("#"):
            found.append({"number": number, "start": start, "duration": duration, "gap": gap, "break": broken, "url": line})
            number, start, gap, broken = number + 1, start + duration, False, False
    return found


def watch(channel: str, authority: str, report: str) -> None:
    edge = Edge(authority)
    master = f"/hls/open/{channel}/master.m3u8"
    known: dict[object, dict[str, object]] = {}
    begun = False
    quality = ""
    while True:
        try:
            quality = quality or urljoin(master, first_quality(edge.get(master).decode()))
            for segment in segments(edge.get(quality).decode()):
                if segment["number"] in known:
                    continue
                # Of what is there at the beginning nobody saw when it came.
                known[segment["number"]] = segment | {"listed": time.time() if begun else None, "bytes": 0}
                if not segment["gap"] and begun:
                    known[segment["number"]]["bytes"] = len(edge.get(urljoin(quality, str(segment["url"]))))
            begun = True
        except (LookupError, StopIteration):
            # Not on air, or nobody is there: it is in the list of failures.
            pass
        with open(f"{report}.new", "w") as file:
            json.dump({"segments": list(known.values()), "failures": edge.failures, "address": edge.addresses[0]}, file)
        os.rename(f"{report}.new", report)
        time.sleep(0.5)


if __name__ == "__main__":
    watch(*sys.argv[1:])
