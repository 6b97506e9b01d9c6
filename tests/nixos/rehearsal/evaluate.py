"""What the nodes of a scenario would have on disk, from the real flake."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/nix"))
from evaluation import complete, of_flake  # noqa: E402

SCENARIOS = sorted(path.stem for path in (ROOT / "tests/nixos").glob("*.nix") if path.stem != "default")


@dataclass
class Node:
    """One machine of a scenario."""

    name: str
    # Its place in alphabetical order, and the last byte of its addresses.
    number: int
    vlans: list[int]
    # By name, as tests/nix/render.nix has them.
    files: dict[str, str]
    # Of files in /etc: as `environment.etc` says it, "symlink" for most.
    modes: dict[str, str]

    def addresses(self) -> list[str]:
        """An address for each of its interfaces, eth1 and on."""
        return [f"192.168.{vlan}.{self.number}" for vlan in self.vlans]


@dataclass
class Scenario:
    """A scenario: its machines, and what is done to them."""

    name: str
    nodes: list[Node]
    script: str


def evaluate(names: list[str]) -> list[Scenario]:
    """The scenarios of these names, all in one evaluation."""
    wanted = " ".join(json.dumps(f"vm-{name}") for name in names)
    found = of_flake(
        "checks.x86_64-linux",
        f"""checks: map (name: {{
          script = checks.${{name}}.testScript;
          nodes = builtins.mapAttrs (_: node: {{
            inherit (node.virtualisation) vlans;
            modes = builtins.mapAttrs (_: file: file.mode) node.environment.etc;
            files = import {ROOT}/tests/nix/render.nix {{ config = node; }};
          }}) checks.${{name}}.nodes;
        }}) [ {wanted} ]""",
    )
    return [
        Scenario(
            name,
            [
                Node(node, number, facts["vlans"], complete(facts["files"]), facts["modes"])
                for number, (node, facts) in enumerate(sorted(test["nodes"].items()), 1)
            ],
            test["script"],
        )
        for name, test in zip(names, found, strict=True)
    ]
