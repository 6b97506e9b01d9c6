"""The functions' programs: the probe against a Funkturm of a few lines, the backup check against an answer of pgBackRest's."""

import json
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FUNCTIONS = Path(__file__).resolve().parents[2] / "nixos-modules/functions"

# One channel is fine, one breaks two rules, one cannot be loaded, one has no session to be had.
LINT = """
import sys
assert sys.argv[1:5] == ["lint", "--must", "--for", "1s"], sys.argv
if "/bad/" in sys.argv[5]:
    print("segment-duration …", "init-missing …", sep="\\n")
    sys.exit("2 breaches")
if "/gone/" in sys.argv[5]:
    sys.exit("cannot load")
"""


class Funkturm(BaseHTTPRequestHandler):
    def answer(self, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, {"channels": [{"id": name} for name in ("good", "bad", "gone", "full")]})

    def do_POST(self):
        channel = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["channel"]
        if channel == "full":
            return self.answer(503)
        self.server.sessions.add(channel)
        self.answer(201, {"session": channel, "url": f"/hls/t/{channel}/master.m3u8", "heartbeat_seconds": 30})

    def do_DELETE(self):
        self.server.sessions.remove(self.path.split("/")[-1])
        self.answer(204)

    def log_message(self, *_):
        pass


class Probe(unittest.TestCase):
    def test_it_counts_breaches_by_channel_and_leaves_no_session(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Funkturm)
        server.sessions = set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "funkturm")
            program.write_text(f"#!{sys.executable} -IS\n{LINT}")
            program.chmod(0o755)
            done = subprocess.run(
                [sys.executable, FUNCTIONS / "probe.py", "--server", f"http://127.0.0.1:{server.server_port}", "--program", program, "--seconds", "1"],
                text=True, capture_output=True, check=True,
            )
        metrics = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines() if not line.startswith("#"))
        counts = {name: metrics[f'funkturm_probe_breaches{{channel="{name}"}}'] for name in ("good", "bad", "gone", "full")}
        self.assertEqual(counts, {"good": "0", "bad": "2", "gone": "-1", "full": "-1"})
        self.assertGreater(int(metrics["funkturm_probe_last_run_timestamp_seconds"]), 1_600_000_000)
        self.assertIn("bad: segment-duration", done.stderr)
        self.assertEqual(server.sessions, set())


class BackupCheck(unittest.TestCase):
    def check(self, stanzas):
        done = subprocess.run(
            [sys.executable, FUNCTIONS / "backup-check.py", "echo", json.dumps(stanzas)], text=True, capture_output=True, check=True
        )
        return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines() if not line.startswith("#"))

    def test_it_says_how_old_the_last_backup_of_each_kind_is(self):
        backups = [{"type": kind, "timestamp": {"start": stop - 9, "stop": stop}} for kind, stop in (("full", 100), ("diff", 300), ("diff", 200))]
        metrics = self.check([{"name": "default", "status": {"code": 0, "message": "ok"}, "backup": backups}])
        self.assertEqual(metrics["funkturm_backup_ok"], "1")
        self.assertEqual(metrics['funkturm_backup_last_timestamp_seconds{type="full"}'], "100")
        self.assertEqual(metrics['funkturm_backup_last_timestamp_seconds{type="diff"}'], "300")

    def test_no_stanza_and_a_broken_one_are_not_in_order(self):
        self.assertEqual(self.check([])["funkturm_backup_ok"], "0")
        self.assertEqual(self.check([{"status": {"code": 2, "message": "no valid backups"}}])["funkturm_backup_ok"], "0")


if __name__ == "__main__":
    unittest.main()
