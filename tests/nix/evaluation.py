"""Evaluating the real flake without a network, the stand-ins of nix/ in its inputs' place."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from machine import Wrong, run

ROOT = Path(__file__).resolve().parents[2]
# A store of our own: evaluating must not need root, nor leave a /nix on a machine that has none.
STORE = ROOT / "target/nix"
INPUTS = ("nixpkgs", "crane", "treefmt-nix")


def nix_environment() -> dict[str, str]:
    return os.environ | {
        "NIX_STORE_DIR": f"{STORE}/store",
        "NIX_STATE_DIR": f"{STORE}/var",
        "NIX_LOG_DIR": f"{STORE}/log",
        "NIX_CONFIG": "experimental-features = nix-command flakes\nsubstituters =\nbuild-users-group =\nsandbox = false\nwarn-dirty = false",
        "XDG_CACHE_HOME": f"{STORE}/cache",
    }


def nix(*arguments: str) -> subprocess.CompletedProcess[str]:
    overrides = [
        word for name in INPUTS for word in ("--override-input", name, f"git+file://{ROOT}?dir=nix/stub-{name}")
    ]
    command = ["nix", *arguments, "--offline", "--no-write-lock-file", *overrides]
    try:
        return run(command, cwd=ROOT, env=nix_environment())
    except Wrong as wrong:
        # That the inputs are replaced is no news.
        raise Wrong(re.sub(r"(?m)^(warning: not writing|• Updated| +'github:| +→ ).*\n", "", str(wrong))) from wrong


def of_flake(attribute: str, function: str) -> Any:
    """A value of the flake, after a function."""
    return json.loads(nix("eval", "--impure", "--json", f".#{attribute}", "--apply", function).stdout)


def complete(files: dict[str, str]) -> dict[str, str]:
    """The files, and the scripts that units start; store paths without their hashes, which say nothing to a reader."""
    for name, text in list(files.items()):
        for path in re.findall(rf"{STORE}/store/[a-z0-9]{{32}}-[\w.-]+", text) if name.startswith("units/") else []:
            if os.path.isfile(path) and (script := Path(path).read_text()).startswith("#!"):
                files[f"scripts/{Path(path).name[33:]}"] = script
    for name in [name for name in files if name.endswith(".json")]:
        files[name] = json.dumps(json.loads(files[name]), indent=1) + "\n"
    return {name: re.sub(rf"{STORE}/store/[a-z0-9]{{32}}-", "/nix/store/", text) for name, text in files.items()}
