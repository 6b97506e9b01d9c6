"""What nginx answers under /hls, as an api host renders it: a real nginx before an origin that plays what the test wants.

Whatever is in the cache, no token gets what it may not have.
"""

import http.server
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from machine import Wrong, prepare_nginx, run


class Origin(http.server.BaseHTTPRequestHandler):
    """Says what it was asked, and allows what `allowed` says by token: 204, 401, 403, 404 (not known here), 503."""

    protocol_version = "HTTP/1.1"
    allowed: dict[str, int] = {}
    asked: list[str] = []

    def do_GET(self):
        Origin.asked.append(self.path)
        kind, token, rest = self.path[1:].split("?")[0].split("/", 2)
        status = Origin.allowed.get(token, 401)
        # Without HD there is another list of what there is, and v0 is not for it.
        poor = token == "poor"
        if poor and "/v0/" in rest:
            status = 403
        body, headers = b"", {"cache-control": "no-store"}
        if kind == "hls" and status in (204, 404):
            status, body, headers = 200, f"{rest}{' without HD' if poor and rest.endswith('master.m3u8') else ''}".encode(), {"cache-control": "public, max-age=60"}
        elif poor and rest.endswith("master.m3u8"):
            headers["x-media-variant"] = "without-hd"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Edge:
    def __init__(self, text, folder):
        self.folder = folder
        Origin.allowed, Origin.asked = {}, []
        self.origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
        threading.Thread(target=self.origin.serve_forever, daemon=True).start()
        here = f"upstream origin {{\n    server 127.0.0.1:{self.origin.server_port};\n"
        text = re.sub(r"upstream origin \{\n(?:\s*server [^\n]*\n)+", here, prepare_nginx(text, folder))
        text = re.sub(r"(?m)^(daemon|user|pid) .*;\n", "", text).replace("error_log stderr", f"error_log {folder}/errors")
        Path(folder, "nginx.conf").write_text(f"daemon off;\npid {folder}/pid;\n{text}")
        self.process = subprocess.Popen(["nginx", "-e", f"{folder}/error", "-p", folder, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not Path(folder, "443").exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Wrong(f"nginx does not start: {Path(folder, 'error').read_text()}")
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.origin.shutdown()

    def get(self, path, *arguments):
        """Status, body, and what came of the cache."""
        done = run(
            ["curl", "-sk", "--path-as-is", "--unix-socket", f"{self.folder}/443", "-w", "\n%{http_code} %header{x-cache}", *arguments, f"https://tv{path}"],
            check=False,
        )
        body, _, last = done.stdout.rpartition("\n")
        status, _, cache = last.partition(" ")
        return int(status or 0), body, cache

    def expect(self, path, status, body=None, cache=None):
        got = self.get(path)
        wanted = (status, body if body is not None else got[1], cache if cache is not None else got[2])
        if got != wanted:
            raise Wrong(f"{path}: {got} instead of {wanted}")


def examine(edge):
    """Goes through what must hold."""
    Origin.allowed = {"good": 204, "other": 204, "poor": 204, "lost": 404, "ill": 503}
    segment = "zdf/v0/7.m4s"
    edge.expect(f"/hls/good/{segment}", 200, segment, "MISS")
    edge.expect(f"/hls/other/{segment}", 200, segment, "HIT")
    # It is in the cache; that helps nobody who may not have it.
    edge.expect(f"/hls/bad/{segment}", 401)
    edge.expect(f"/hls/poor/{segment}", 403)
    edge.expect(f"/hls/lost/{segment}", 403)
    if edge.get(f"/hls/ill/{segment}")[0] < 500:
        raise Wrong("an origin that cannot say lets somebody in")
    # What was ended a moment ago is over now.
    Origin.allowed["good"] = 403
    edge.expect(f"/hls/good/{segment}", 403)
    edge.expect(f"/hls/other/{segment}", 200, segment, "HIT")
    # One path, two answers, each from its place.
    master = "zdf/master.m3u8"
    for cache in ("MISS", "HIT"):
        edge.expect(f"/hls/other/{master}", 200, master, cache)
        edge.expect(f"/hls/poor/{master}", 200, f"{master} without HD", cache)
    # The origin is asked about the very path.
    if f"/hls-check/other/{segment}" not in Origin.asked:
        raise Wrong(f"the origin was not asked about {segment}: {Origin.asked}")
    # What is spelt in other letters is not taken from the cache, whatever it comes to.
    for path in (f"/hls/bad/zdf/x/../v0/7.m4s", "/hls/bad/zdf%2Fv0/7.m4s", "/hls/bad/zdf/v0/%37.m4s", "/hls/bad//zdf/v0/7.m4s"):
        status, body, _ = edge.get(path)
        if status == 200:
            raise Wrong(f"{path} was let in: {body}")
    for path in ("/internal/token", "/internal/nothing", "/internal/v1/revocations"):
        status = edge.get(path)[0]
        if status not in (403, 404):
            raise Wrong(f"{path} answers {status} to the world")
    without_traces(edge)
    return f"{len(Origin.asked)} questions to the origin"


def without_traces(edge):
    """The token of a link for another player is in no log, whatever becomes of the request; and /tv stays a page."""
    if edge.get("/tv")[0] == 301:
        raise Wrong("/tv, the page that pairs a television, is sent to /tv/")
    edge.get("/tv/sEcReT/channels.m3u")  # nobody answers there
    plain = ["curl", "-s", "--unix-socket", f"{edge.folder}/80", "-w", "%{http_code}", "-o", "/dev/null"]
    for path in ("/tv/sEcReT/zdf.m3u8", "/%74v/sEcReT/zdf.m3u8", "/witness"):
        run([*plain, f"http://tv{path}"], check=False)
    logs = {name: Path(edge.folder, name) for name in ("access.log", "errors", "error")}
    deadline = time.monotonic() + 5
    while "/witness" not in logs["access.log"].read_text():
        if time.monotonic() > deadline:
            raise Wrong("nothing is logged at all")
        time.sleep(0.02)
    for name, log in logs.items():
        if log.exists() and "sEcReT" in log.read_text():
            raise Wrong(f"the token of a link is in {name}")


def try_edge(text):
    with tempfile.TemporaryDirectory() as folder:
        # nginx' workers are another user where it is started by root.
        Path(folder).chmod(0o755)
        edge = Edge(text, folder)
        try:
            return examine(edge)
        finally:
            edge.stop()
