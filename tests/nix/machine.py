"""Trying what hosts render with the very programs that will read it: systemd, nginx, nftables, our services."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any


class Wrong(Exception):
    """A check has found something."""


def run(command: list[str], check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command; what it said is in the error if it fails."""
    done = subprocess.run(command, text=True, capture_output=True, **options)
    if check and done.returncode != 0:
        shown = " ".join(command[:6]) + (" …" if len(command) > 6 else "")
        raise Wrong(f"$ {shown}\n{done.stdout[-3000:]}{done.stderr[-3000:]}".strip())
    return done


def systemd_version():
    return int(re.search(r"systemd (\d+)", run(["systemctl", "--version"]).stdout).group(1))


# Keys that came with a version of systemd: an older one, as Debian 12 has it, would call them unknown.
NEWER_KEYS = {"RestartSteps": 254, "RestartMaxDelaySec": 254}


def in_words_of_this_nginx(text: str) -> str:
    """nginx before 1.25.1, as Debian 12 has it, is told of HTTP/2 otherwise."""
    version = tuple(map(int, re.search(r"nginx/([\d.]+)", run(["nginx", "-v"]).stderr).group(1).split(".")))
    if version >= (1, 25, 1):
        return text
    return text.replace("    http2 on;\n", "").replace("443 ssl", "443 ssl http2")


def prepare_nginx(text, folder):
    """A configuration that works in a folder, with a certificate that is made for it; it listens on sockets there, named by its ports."""
    key, certificate = f"{folder}/key", f"{folder}/certificate"
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=test", "-keyout", key, "-out", certificate])
    text = text.replace("/run/credentials/nginx.service/tls-key", key)
    text = text.replace("/run/credentials/nginx.service/tls-certificate", certificate)
    text = text.replace("/var/cache/nginx", folder).replace("/run/nginx/", f"{folder}/")
    text = text.replace("/var/log/nginx/", f"{folder}/")
    # It opens its ports even so, and they may be taken, or root's.
    text = re.sub(r"listen 0\.0\.0\.0:(\d+)", rf"listen unix:{folder}/\1", text)
    text = in_words_of_this_nginx(text)
    # Its own folders are root's.
    own = "".join(f"  {name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return text.replace("http {\n", f"http {{\n{own}", 1)


class MachineTools:
    """What the checks of tests/nix/check have in common."""

    def difference(self, names, before, after):
        lines = []
        for name in names:
            lines += difflib.unified_diff(
                before.get(name, "").splitlines(), after.get(name, "").splitlines(), f"golden/{name}", f"now/{name}", lineterm="", n=1
            )
        return "\n".join(lines[:200])

    def verify_units(self, host, files):
        """`systemd-analyze verify` says nothing: it exits with 0 on unknown keys, so any word is a fault."""
        version = systemd_version()
        too_new = [key for key, since in NEWER_KEYS.items() if since > version]
        with tempfile.TemporaryDirectory() as folder:
            units = []
            for name, text in files.items():
                if not name.startswith("units/"):
                    continue
                # The programs are not here.
                text = re.sub(r"(Exec\w+=)/nix/store/\S+", r"\1/bin/true", text)
                text = "".join(line for line in text.splitlines(True) if line.split("=")[0] not in too_new)
                drop_in = re.fullmatch(r"units/(.*)\.d/funkturm.conf", name)
                if drop_in:
                    # Only what we add to a unit of upstream's is known.
                    text = text.replace("[Service]\n", "[Service]\nExecStart=/bin/true\n")
                unit = drop_in.group(1) if drop_in else Path(name).name
                Path(folder, unit).write_text(text)
                units.append(f"{folder}/{unit}")
            for needed in ("postgresql.service", "postgresql.target"):
                if not Path(folder, needed).exists():
                    Path(folder, needed).write_text("[Service]\nExecStart=/bin/true\n" if needed.endswith("service") else "[Unit]\n")
            if not units:
                return
            environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{folder}:"}
            done = run(["systemd-analyze", "verify", "--man=no", *units], check=False, env=environment)
            said = (done.stdout + done.stderr).replace(folder + "/", "").strip()
            if said or done.returncode != 0:
                raise Wrong(f"{host}: {said or done.returncode}")

    def exposure(self, unit, text, limit=2.0):
        """The exposure level that `systemd-analyze security` gives a unit."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, unit).write_text(re.sub(r"(Exec\w+=)/nix/store/\S+", r"\1/bin/true", text))
            done = run(
                ["systemd-analyze", "security", "--offline=true", f"--threshold={round(limit * 10)}", "--no-pager", f"{folder}/{unit}"],
                check=False,
            )
            level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
            if done.returncode != 0 or not level:
                open_doors = [line for line in done.stdout.splitlines() if line.startswith("✗")]
                raise Wrong(f"{unit} is exposed {level.group(1) if level else '?'}, more than {limit}:\n" + "\n".join(open_doors) + done.stderr)
            return float(level.group(1))

    def try_nginx(self, host, text):
        """`nginx -t`, with a certificate that is made for it."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "nginx.conf").write_text(prepare_nginx(text, folder))
            done = run(["nginx", "-t", "-q", "-e", f"{folder}/error", "-p", folder, "-c", f"{folder}/nginx.conf"], check=False)
            if done.returncode != 0 or done.stderr.strip():
                raise Wrong(f"{host}: {done.stderr.replace(folder + '/', '')}")

    def try_firewall(self, host, text):
        """`nft --check`, in a network namespace of its own."""
        become_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        done = run(["unshare", *become_root, "--net", "nft", "--check", "--file", "-"], check=False, input=text)
        if done.returncode != 0:
            raise Wrong(f"{host}: {done.stderr}")

    def try_settings(self, host, program, service, text):
        """The service's own check; the files with tokens that it looks into are made for it."""
        with tempfile.TemporaryDirectory() as folder:
            token, config = Path(folder, "token"), Path(folder, f"{service}.toml")
            token.write_text("0123456789abcdef\n")
            config.write_text(text)
            tokens = [word for name in ("service", "operator") for word in ("--set", f"process.auth.{name}_token_file={token}")]
            done = run([str(program), "serve", service, "--check-config", "--config", str(config), *tokens], check=False)
            if done.returncode != 0:
                raise Wrong(f"{host}: {done.stdout}{done.stderr}".replace(folder + "/", ""))
