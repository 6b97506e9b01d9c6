"""The deployment, with `nix`, `ssh` and `nixos-rebuild` of our own on the PATH: real processes, that note what they are asked."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "nix/deploy.py"

NIX = """
if sys.argv[1] == "eval":
    print((STATE / "fleet.json").read_text())
else:
    note("build " + " ".join(word.split(".")[2] for word in sys.argv[3:]))
    sys.exit((STATE / "build-fails").exists())
"""
# A host is ready unless a file says for how many more questions it is not.
SSH = """
target, command = sys.argv[-2:]
name = NAMES[target.removeprefix("root@")]
if (STATE / f"unreachable {name}").exists():
    sys.exit("no route to host")
if "readlink" in command:
    print(f"/nix/store/old-{name}")
elif "switch-to-configuration" in command:
    assert f"--set /nix/store/old-{name} &&" in command, command
    note(f"back {name}")
    (STATE / f"sick {name}").unlink(missing_ok=True)
else:
    sick = STATE / f"sick {name}"
    left = int(sick.read_text()) if sick.exists() else 0
    if left:
        sick.write_text(str(left - 1))
        print("origin")
    else:
        note(f"ready {name}")
"""
# What comes up sick, comes up sick with the new configuration.
NIXOS_REBUILD = """
flake, target = sys.argv[3], sys.argv[5]
name = flake.split("#")[1]
assert sys.argv[1:3] == ["switch", "--flake"] and NAMES[target.removeprefix("root@")] == name, sys.argv
note(f"switch {name}")
becomes = STATE / f"becomes sick {name}"
if becomes.exists():
    (STATE / f"sick {name}").write_text(becomes.read_text())
if (STATE / f"switch fails {name}").exists():
    sys.exit("unit funkturm-origin.service failed")
"""


def host(role, zone, address, primary=False):
    return {"role": role, "zone": f"eu-central-1{zone}", "address": address, "primary": primary, "ready": {"origin": "true"}}


FLEET = {
    "mon-a": host("monitoring", "a", "10.0.5.1"),
    "api-0": host("api", "b", "10.0.3.2"),
    "api-a1": host("api", "a", "10.0.3.1"),
    "api-a2": host("api", "a", "10.0.3.3"),
    "transcode-a": host("transcode", "a", "10.0.2.1"),
    "ingest-a": host("ingest", "a", "10.0.1.1"),
    "db-a": host("db", "a", "10.0.4.1", primary=True),
    "db-b": host("db", "b", "10.0.4.2"),
}
ORDER = ["db-b", "db-a", "ingest-a", "transcode-a", "api-a1", "api-a2", "api-0", "mon-a"]


class Deployment(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = Path(folder.name)
        (self.state / "fleet.json").write_text(json.dumps(FLEET))
        (self.state / "bin").mkdir()
        names = {facts["address"]: name for name, facts in FLEET.items()}
        for program, body in (("nix", NIX), ("ssh", SSH), ("nixos-rebuild", NIXOS_REBUILD)):
            path = self.state / "bin" / program
            path.write_text(
                f"#!{sys.executable} -IS\nimport sys\nfrom pathlib import Path\nSTATE = Path({str(self.state)!r})\nNAMES = {names!r}\n"
                f'def note(text):\n    with open(STATE / "log", "a") as log:\n        log.write(text + "\\n")\n{body}'
            )
            path.chmod(0o755)

    def deploy(self, *arguments, environment="dev"):
        done = subprocess.run(
            [sys.executable, DEPLOY, environment, "--every", "0.01", *arguments],
            text=True, capture_output=True, env=os.environ | {"PATH": f"{self.state}/bin:{os.environ['PATH']}"},
        )
        self.said = done.stdout + done.stderr
        return done.returncode

    def log(self, *kinds):
        lines = (self.state / "log").read_text().splitlines() if (self.state / "log").exists() else []
        return [line for line in lines if not kinds or line.split()[0] in kinds]

    def write(self, name, text=""):
        (self.state / name).write_text(text)

    def test_by_role_then_by_zone_replicas_before_the_primary(self):
        self.assertEqual(self.deploy(), 0, self.said)
        self.assertEqual(self.log("switch"), [f"switch {name}" for name in ORDER])

    def test_everything_is_built_before_anything_is_switched(self):
        self.write("build-fails")
        self.assertEqual(self.deploy(), 1)
        self.assertEqual(self.log("build", "switch"), ["build " + " ".join(ORDER)])
        self.assertIn("nothing has been changed", self.said)

    def test_each_is_ready_before_the_next(self):
        self.write("becomes sick ingest-a", "5")
        self.assertEqual(self.deploy(), 0, self.said)
        after_build = self.log()[self.log().index("build " + " ".join(ORDER)) + 1 :]
        self.assertEqual(after_build, [line for name in ORDER for line in (f"switch {name}", f"ready {name}")])

    def test_a_host_that_does_not_come_up_goes_back_and_there_it_ends(self):
        self.write("becomes sick transcode-a", "1000000")
        self.assertEqual(self.deploy("--wait", "0.3"), 1)
        self.assertEqual(self.log("switch", "back")[-2:], ["switch transcode-a", "back transcode-a"])
        self.assertIn("transcode-a: not ready after 0 s: origin", self.said)
        self.assertIn("transcode-a: taken back, and ready as before", self.said)

    def test_a_host_whose_switch_fails_goes_back_and_there_it_ends(self):
        self.write("switch fails api-a2")
        self.assertEqual(self.deploy(), 1)
        self.assertEqual(self.log("switch", "back")[-2:], ["switch api-a2", "back api-a2"])
        self.assertIn("unit funkturm-origin.service failed", self.said)

    def test_a_host_that_cannot_be_reached_ends_it_untouched(self):
        self.write("unreachable ingest-a")
        self.assertEqual(self.deploy("--first"), 1)
        self.assertEqual(self.log("switch", "back"), ["switch db-b", "switch db-a"])
        self.assertIn("ingest-a cannot be reached: no route to host", self.said)

    def test_it_does_not_begin_while_something_is_down(self):
        self.write("sick api-0", "1000000")
        self.assertEqual(self.deploy("--hosts", "api-a1"), 1)
        self.assertEqual(self.log("build", "switch"), [])
        self.assertIn("api-0: origin", self.said)

    def test_the_first_deployment_asks_for_nothing_and_takes_nothing_back(self):
        self.write("sick api-0", "1000000")
        self.assertEqual(self.deploy("--first", "--wait", "0.3"), 1)
        self.assertEqual(self.log("switch", "back")[-1], "switch api-0")

    def test_only_some_hosts_in_the_same_order(self):
        self.assertEqual(self.deploy("--hosts", "api-0", "db-a"), 0, self.said)
        self.assertEqual(self.log("switch"), ["switch db-a", "switch api-0"])

    def test_a_dry_run_says_all_and_does_nothing(self):
        self.assertEqual(self.deploy("--dry-run"), 0, self.said)
        self.assertEqual(self.log(), [])
        places = [self.said.index(name) for name in ("db-b", "ingest-a", "transcode-a", "api-a1 api-a2", "api-0", "mon-a")]
        self.assertIn("api        eu-central-1a  api-a1 api-a2", self.said)
        self.assertEqual(places[1:], sorted(places[1:]))

    def test_an_unknown_host_or_environment_is_refused(self):
        self.assertEqual(self.deploy("--hosts", "api-c"), 2)
        self.assertIn("dev has no host api-c", self.said)
        self.assertEqual(self.deploy(environment="staging"), 2)
        self.assertEqual(self.log(), [])


if __name__ == "__main__":
    unittest.main()
