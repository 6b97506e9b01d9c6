"""Puts what a node renders into the root of a host: units, files in /etc, the configuration of stores and nginx.

The root is this machine's own, Debian's, with an upper layer for what differs. So programs are Debian's: every path into the Nix store
that a unit names becomes a link to where Debian has the program.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import uuid
from pathlib import Path

from rehearsal.evaluate import ROOT, Node
from rehearsal.upstream import store_units

sys.path.insert(0, str(ROOT / "tests/nix"))
from machine import in_words_of_this_nginx  # noqa: E402

# Units of Debian's that start in every host, and that a host without hardware and without log-ins does not need.
MASKED = (
    "getty.target console-getty.service systemd-logind.service systemd-udevd.service systemd-udev-trigger.service systemd-udev-settle.service "
    "systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-modules-load.service systemd-sysctl.service systemd-binfmt.service "
    "systemd-timesyncd.service systemd-networkd.service systemd-resolved.service systemd-update-utmp.service systemd-update-utmp-runlevel.service "
    "systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-pcrmachine.service systemd-random-seed.service systemd-boot-random-seed.service "
    "proc-sys-fs-binfmt_misc.automount dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount "
    "sys-fs-fuse-connections.mount dev-mqueue.mount systemd-remount-fs.service apt-daily.timer apt-daily-upgrade.timer "
    # These watch files, for which this machine has few places.
    "systemd-ask-password-wall.path systemd-ask-password-console.path dbus.service dbus.socket"
).split()


def prepare_shared(shared: Path, program: Path) -> None:
    """What all hosts have in common, once: our program, where their units look for it."""
    place = shared / "nix/store/funkturm-0.1.0/bin/funkturm"
    place.parent.mkdir(parents=True)
    shutil.copy(program, place)


def install(node: Node, upper: Path) -> None:
    """Fills a host's upper layer."""
    quieten_debian(upper)
    identify(node, upper)
    files = dict(node.files)
    for name, text in store_units(files).items():
        files.setdefault(f"units/{name}", text)
    for name, text in files.items():
        if name.startswith("units/"):
            install_unit(upper, name.removeprefix("units/"), text)
        elif name.startswith("scripts/"):
            write(upper / "nix/store" / name.removeprefix("scripts/"), text, 0o555)
        elif name.startswith("funkturm/"):
            write(upper / "nix/store" / f"funkturm-{Path(name).name}", text, 0o444)
        elif name.startswith("etc/"):
            mode = node.modes[name.removeprefix("etc/")]
            write(upper / name, text, 0o444 if mode == "symlink" else int(mode, 8))
        elif name == "nginx.conf":
            write(upper / "etc/nginx/nginx.conf", adapt_nginx(text), 0o444)
        elif name.startswith(("postgresql/", "redis/")):
            write(upper / "etc" / name, text, 0o444)
    link_programs(upper, files)
    add_users(upper, files)


def write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def hide(folder: Path) -> None:
    """An empty folder in the place of Debian's."""
    folder.mkdir(parents=True, exist_ok=True)
    os.setxattr(folder, "trusted.overlay.opaque", b"y")


def quieten_debian(upper: Path) -> None:
    """Nothing of what this machine starts by itself shall start in its hosts."""
    units = upper / "etc/systemd/system"
    for folder in (units, upper / "var/lib/postgresql", upper / "var/lib/redis", upper / "var/lib/private", upper / "var/cache/private"):
        hide(folder)
    for private in ("var/lib/private", "var/cache/private"):
        (upper / private).chmod(0o700)
    for unit in MASKED:
        (units / unit).symlink_to("/dev/null")
    (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
    generators = upper / "etc/systemd/system-generators"
    generators.mkdir(parents=True)
    for generator in Path("/lib/systemd/system-generators").iterdir():
        (generators / generator.name).symlink_to("/dev/null")
    write(upper / "etc/systemd/journald.conf.d/rehearsal.conf", "[Journal]\nStorage=volatile\nRateLimitBurst=0\n", 0o444)
    write(upper / "etc/fstab", "", 0o444)


def identify(node: Node, upper: Path) -> None:
    own = "127.0.0.1 localhost\n"
    write(upper / "etc/hosts", own + node.files.get("hosts", ""), 0o444)
    write(upper / "etc/hostname", node.name + "\n", 0o444)
    write(upper / "etc/machine-id", uuid.uuid4().hex + "\n", 0o444)


def install_unit(upper: Path, name: str, text: str) -> None:
    units = upper / "etc/systemd/system"
    write(units / name, text, 0o444)
    for kind, suffix in (("WantedBy", "wants"), ("RequiredBy", "requires")):
        for wanted in re.findall(rf"(?m)^{kind}=(.*)$", text):
            for by in wanted.split():
                folder = units / f"{by}.{suffix}"
                folder.mkdir(exist_ok=True)
                (folder / name).symlink_to(f"../{name}")


def link_programs(upper: Path, files: dict[str, str]) -> None:
    """`/nix/store/NAME/bin` is where Debian has NAME's programs."""
    for package in {name for text in files.values() for name in re.findall(r"/nix/store/([\w.-]+)/bin\b", text)}:
        if package.startswith("funkturm-"):
            continue
        place = upper / "nix/store" / package / "bin"
        place.parent.mkdir(parents=True)
        place.symlink_to(postgresql_programs() if package.startswith("postgresql") else "/usr/bin")


def postgresql_programs() -> Path:
    versions = [int(folder.name) for folder in Path("/usr/lib/postgresql").iterdir() if folder.name.isdigit()]
    return Path(f"/usr/lib/postgresql/{max(versions)}/bin")


def add_users(upper: Path, files: dict[str, str]) -> None:
    """The users that units name, beside Debian's."""
    known = Path("/etc/passwd").read_text()
    wanted = {user for name, text in files.items() if name.startswith("units/") for user in re.findall(r"(?m)^User=(.*)$", text)}
    new = sorted(user for user in wanted if not re.search(rf"(?m)^{re.escape(user)}:", known))
    lines = [(user, 900 - place) for place, user in enumerate(new)]
    users = "".join(f"{user}:x:{number}:{number}::/:/usr/sbin/nologin\n" for user, number in lines)
    groups = "".join(f"{user}:x:{number}:\n" for user, number in lines)
    write(upper / "etc/passwd", known + users, 0o644)
    write(upper / "etc/group", Path("/etc/group").read_text() + groups, 0o644)


def adapt_nginx(text: str) -> str:
    """Debian's nginx is older, and has folders for root alone as its own."""
    own = "".join(f"  {name}_temp_path /var/cache/nginx/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return in_words_of_this_nginx(text).replace("http {\n", f"http {{\n{own}", 1)
