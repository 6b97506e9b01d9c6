"""The pipeline: dev by itself after green checks, preview and production by hand, each after the one before."""

import json
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load(path):
    """YAML; of a Python that has no YAML, by Debian's, which does (python3-yaml in nix/debian-packages.txt)."""
    try:
        import yaml
    except ImportError:
        program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))"
        return json.loads(subprocess.run(["/usr/bin/python3", "-c", program], stdin=path.open(), text=True, capture_output=True, check=True).stdout)
    return yaml.safe_load(path.read_text())


class Pipeline(unittest.TestCase):
    def setUp(self):
        self.pipeline = load(ROOT / ".gitlab-ci.yml")
        self.jobs = {name: job for name, job in self.pipeline.items() if isinstance(job, dict) and "stage" in job}

    def of(self, environment):
        found = [job for job in self.jobs.values() if job.get("environment", {}).get("name") == environment]
        self.assertEqual(len(found), 1, environment)
        return found[0]

    def test_jobs_run_in_stages_that_there_are_and_need_jobs_of_earlier_ones(self):
        stages = self.pipeline["stages"]
        for name, job in self.jobs.items():
            for needed in job.get("needs", []):
                self.assertLess(stages.index(self.jobs[needed]["stage"]), stages.index(job["stage"]), name)

    def test_everything_is_checked_first(self):
        self.assertEqual(self.jobs["check"]["script"], ["./x test", "nix flake check"])
        self.assertNotIn("allow_failure", self.jobs["check"])
        self.assertEqual(self.of("dev")["needs"], ["check"])

    def test_dev_by_itself_the_others_by_hand_after_the_one_before(self):
        when = {name: [rule.get("when", "on_success") for rule in self.of(name)["rules"]] for name in ("dev", "preview", "production")}
        self.assertEqual(when, {"dev": ["on_success"], "preview": ["manual"], "production": ["manual"]})
        self.assertEqual(self.of("preview")["needs"], ["deploy-dev"])
        self.assertEqual(self.of("production")["needs"], ["deploy-preview"])

    def test_only_the_default_branch_is_deployed(self):
        for name in ("dev", "preview", "production"):
            self.assertEqual([rule["if"] for rule in self.of(name)["rules"]], ["$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"])

    def test_deployments_do_not_meet_and_are_not_cut_off(self):
        template = self.pipeline[".deploy"]
        self.assertIs(template["interruptible"], False)
        self.assertEqual(template["script"], ['nix run .#deploy -- "$CI_ENVIRONMENT_NAME"'])
        for name in ("dev", "preview", "production"):
            self.assertEqual(self.of(name)["extends"], ".deploy")
            self.assertEqual(self.of(name)["resource_group"], name)
            self.assertNotIn("script", self.of(name))


if __name__ == "__main__":
    unittest.main()
