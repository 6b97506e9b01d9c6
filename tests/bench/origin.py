"""./x bench origin: delivery against nginx with the same bytes from page cache, interleaved in one run.

CPU seconds per GB for 1 MB segments and per 1000 requests for playlists, in the clear and over TLS; then 1,000
players of one channel with a window of an hour: percentiles of the time a playlist takes.
"""

import argparse
import http.client
import hashlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

from common import cpu_seconds, say, summary, tree, wait_until

GRID_SECONDS = 6
TICKS = 90_000
TOKEN = "bench-service-token"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen, log: pathlib.Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on {port}:\n{log.read_text()}")


class Certificate:
    def __init__(self, folder: pathlib.Path):
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            + ["-days", "2", "-subj", "/CN=localhost", "-keyout", str(self.key), "-out", str(self.cert)],
            check=True,
            stderr=subprocess.DEVNULL,
        )


class Origin:
    """`funkturm serve origin`, filled by the pushes that a transcoder would make."""

    def __init__(self, binary: str, folder: pathlib.Path, certificate: Certificate | None, window: int):
        self.port = free_port()
        token = folder / "token"
        token.write_text(TOKEN)
        tls = f'tls.certificate_file = "{certificate.cert}"\ntls.key_file = "{certificate.key}"\n' if certificate else ""
        config = folder / f"origin-{self.port}.toml"
        config.write_text(
            f'[process]\nlisten = "127.0.0.1:{self.port}"\nadmin_listen = "127.0.0.1:{free_port()}"\n'
            f'auth.service_token_file = "{token}"\nlog.level = "warning"\n{tls}'
            f"[origin]\nopen_house = true\nwindow_seconds = {window}\nmax_bytes = {4 << 30}\n"
        )
        self.log = folder / f"origin-{self.port}.log"
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", binary, "serve", "origin", "--config", str(config)],
            stderr=open(self.log, "wb"),
        )
        wait_for_port(self.port, self.process, self.log)
        self.tls = certificate is not None

    def fill(self, segments: int, size: int) -> tuple[int, str]:
        """Pushes that many segments that end now; the last number and the init's hash."""
        import ssl

        context = ssl._create_unverified_context()
        connection = (
            http.client.HTTPSConnection("127.0.0.1", self.port, context=context)
            if self.tls
            else http.client.HTTPConnection("127.0.0.1", self.port)
        )
        init = b"\0\0\0\x18ftypcmf2\0\0\0\0cmf2isom" + os.urandom(700)
        digest = hashlib.sha256(init).hexdigest()[:16]
        bearer = {"authorization": f"Bearer {TOKEN}"}

        def put(path: str, body: bytes, headers: dict[str, str]) -> None:
            connection.request("PUT", path, body, bearer | headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                sys.exit(f"PUT {path}: {answer.status} {text.decode()}")

        put(f"/internal/v1/inits/bench/v0/{digest}?grid={GRID_SECONDS * TICKS}", init, {})
        last = int(time.time()) // GRID_SECONDS
        media = os.urandom(size)
        for number in range(last - segments + 1, last + 1):
            start = number * GRID_SECONDS * TICKS
            segment = {
                "rendition": {
                    "name": "v0",
                    "codecs": "avc1.64001f",
                    "media": {"kind": "video", "width": 1280, "height": 720, "frame_rate": 25.0, "on_grid": True},
                },
                "grid": GRID_SECONDS * TICKS,
                "start": start,
                "duration": GRID_SECONDS * TICKS,
                "epoch": 1,
                "init": digest,
                "independent_frames": [],
            }
            put(f"/internal/v1/segments/bench/v0/{number}", media, {"x-funkturm-segment": json.dumps(segment)})
        connection.close()
        return last, digest

    def pids(self) -> list[int]:
        return [self.process.pid]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Nginx:
    """nginx with one worker, sendfile, no log: as fast as it gets."""

    def __init__(self, folder: pathlib.Path, certificate: Certificate | None):
        self.port = free_port()
        self.root = folder / f"nginx-{self.port}"
        (self.root / "www").mkdir(parents=True)
        os.chmod(folder, 0o755)
        tls = f"ssl_certificate {certificate.cert}; ssl_certificate_key {certificate.key};" if certificate else ""
        config = self.root / "nginx.conf"
        config.write_text(
            f"daemon off; worker_processes 1; error_log {self.root}/error.log; pid {self.root}/pid;\n"
            "events { worker_connections 4096; }\n"
            "http { access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000;\n"
            "gzip_static on; open_file_cache max=1000; types { application/vnd.apple.mpegurl m3u8; video/mp4 m4s; }\n"
            f"server {{ listen 127.0.0.1:{self.port} {'ssl' if certificate else ''}; {tls} root {self.root}/www; }} }}\n"
        )
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", "nginx", "-p", str(self.root), "-c", str(config)], stderr=subprocess.DEVNULL
        )
        wait_for_port(self.port, self.process, self.root / "error.log")

    def put(self, name: str, body: bytes) -> None:
        path = self.root / "www" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def pids(self) -> list[int]:
        return tree(self.process.pid)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def wrk(url: str, seconds: float, connections: int = 16, more: list[str] = []) -> dict[str, float]:
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", *more]
    text = subprocess.check_output([*command, url], text=True)
    if bad := re.search(r"Non-2xx or 3xx responses: (\d+)", text):
        sys.exit(f"{url}: {bad[1]} bad answers\n{text}")
    requests = int(re.search(r"(\d+) requests in", text)[1])
    amount, unit = re.search(r"requests in [^,]+, ([\d.]+)(\w+) read", text).groups()
    size = float(amount) * {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}[unit]
    latency = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    return {"requests": requests, "bytes": size, "p99_ms": float(latency[1]) * scale[latency[2]]}


def round_of(server, path: str, scheme: str, seconds: float, more: list[str]) -> tuple[float, float, float]:
    """CPU seconds per GB, per 1000 requests, and requests per second."""
    before = sum(map(cpu_seconds, server.pids()))
    result = wrk(f"{scheme}://127.0.0.1:{server.port}/{path}", seconds, more=more)
    used = sum(map(cpu_seconds, server.pids())) - before
    return used / result["bytes"] * 1e9, used / result["requests"] * 1e3, result["requests"] / seconds


def compare(binary: str, folder: pathlib.Path, rounds: int, seconds: float, certificate: Certificate | None) -> None:
    scheme = "https" if certificate else "http"
    origin, nginx = Origin(binary, folder, certificate, 900), Nginx(folder, certificate)
    try:
        last, _ = origin.fill(150, 1_000_000)
        segment, playlist = f"hls/open/bench/v0/{last}.m4s", "hls/open/bench/v0/index.m3u8"
        fetch_of = lambda path: ["curl", "-sk", f"{scheme}://127.0.0.1:{origin.port}/{path}"]
        listed = lambda: str(last) in subprocess.run(fetch_of(playlist), capture_output=True, text=True).stdout
        wait_until("the window is listed", listed, 30)
        gzip = "accept-encoding: gzip"
        nginx.put(segment, subprocess.check_output(fetch_of(segment)))
        nginx.put(playlist, subprocess.check_output(fetch_of(playlist)))
        nginx.put(f"{playlist}.gz", subprocess.check_output([*fetch_of(playlist), "-H", gzip]))
        sizes = [(nginx.root / "www" / name).stat().st_size / 1000 for name in (playlist, f"{playlist}.gz")]
        for what, path, index, wanted, more in (
            ("1 MB segments, CPU per GB", segment, 0, 0.6, []),
            (f"playlists as players ask for them ({sizes[1]:.1f} kB gzip), CPU per request", playlist, 1, 0.8, ["-H", gzip]),
            (f"playlists in plain text ({sizes[0]:.1f} kB), CPU per request", playlist, 1, 0.8, []),
        ):
            rates = []
            for _ in range(rounds):
                mine = round_of(origin, path, scheme, seconds, more)
                other = round_of(nginx, path, scheme, seconds, more)
                rates.append((mine[index], other[index], mine[2], other[2]))
            ratios = [mine / other for mine, other, *_ in rates]
            # What neighbours on the machine do can only make a round dearer: the cheapest ones are nearest to what it costs.
            best = min(rate[0] for rate in rates) / min(rate[1] for rate in rates)
            middle = sorted(rates, key=lambda r: r[0] / r[1])[len(rates) // 2]
            unit = "CPU s/GB" if index == 0 else "CPU ms/request"
            say(
                f"{scheme}: {what}: {summary(ratios)} × nginx, cheapest rounds {best:.3f} ×, wanted ≤ {wanted} "
                f"(ours {middle[0]:.4f}, nginx {middle[1]:.4f} {unit}; {middle[2]:.0f} and {middle[3]:.0f} requests/s)"
            )
    finally:
        origin.stop()
        nginx.stop()


PLAYERS = """
-- 1,000 players: each asks for the playlist every six seconds, for a segment in between, not in step.
function delay() return math.random(0, 6000) end
local turn = 0
request = function()
  turn = turn + 1
  return wrk.format("GET", turn %% 2 == 0 and "%s" or "%s")
end
"""


def crowd(binary: str, folder: pathlib.Path, seconds: float) -> None:
    origin = Origin(binary, folder, None, 3600)
    try:
        last, _ = origin.fill(600, 100_000)
        script = folder / "players.lua"
        base = "/hls/open/bench/v0/"
        script.write_text(PLAYERS % (f"{base}{last}.m4s", f"{base}index.m3u8"))
        fetch = ["curl", "-sf", f"http://127.0.0.1:{origin.port}{base}index.m3u8"]
        # What was pushed at once is listed within seconds.
        wait_until("the whole window is listed", lambda: str(last) in subprocess.run(fetch, capture_output=True, text=True).stdout, 30)
        size = len(subprocess.check_output(fetch))
        result = wrk(f"http://127.0.0.1:{origin.port}{base}index.m3u8", seconds, 1000, ["-s", str(script)])
        say(
            f"1,000 players, window of an hour ({size / 1000:.0f} kB playlist): {result['requests'] / seconds:.0f} "
            f"requests/s, p99 {result['p99_ms']:.1f} ms, wanted < 20 ms"
        )
    finally:
        origin.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("binary")
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--seconds", type=float, default=1)
    arguments = options.parse_args()
    binary = str(pathlib.Path(arguments.binary).resolve())
    with tempfile.TemporaryDirectory(prefix="funkturm-bench-") as name:
        folder = pathlib.Path(name)
        compare(binary, folder, arguments.rounds, arguments.seconds, None)
        compare(binary, folder, arguments.rounds, arguments.seconds, Certificate(folder))
        crowd(binary, folder, 30)


main()
