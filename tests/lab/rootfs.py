# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Install Debian into a folder and set it up as the lab's machines need it (runs as root)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TRIM = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
# The host keeps these busy with the network or the disk, which a machine of the lab has no use for.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_reap.service", "dpkg-db-backup.timer", "fstrim.timer")
NETWORK = """[Match]
Name=en* eth*
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
IPv6AcceptRA=no
LinkLocalAddressing=no
"""
# Started at each boot and of no use to a machine without a screen; in an emulated one each start takes a second.
MASKED_MACHINE = (
    *("getty@tty1.service", "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "dev-hugepages.mount"),
    *(
        "dev-mqueue.mount",
        "sys-kernel-tracing.mount",
        "sys-fs-fuse-connections.mount",
        "systemd-networkd-wait-online.service",
    ),
    *(f"modprobe@{module}.service" for module in ("configfs", "dm_mod", "drm", "fuse", "loop")),
)


@dataclass(frozen=True)
class Plan:
    """What the unprivileged side hands to the privileged step."""

    recipe: dict[str, object]
    sources: list[str]
    keyring: str
    public_key: str
    work: str
    out: str

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read a plan; an unknown key is a mistake of the caller."""
        return cls(**json.loads(text))

    @property
    def packages(self) -> list[str]:
        """Return the packages to install."""
        found = self.recipe["packages"]
        assert isinstance(found, list)
        return [str(name) for name in found]


def run(command: Sequence[str | Path], *, text: str | None = None) -> str:
    """Run a command and return its output; its error text is shown by the caller."""
    done = subprocess.run([str(part) for part in command], check=True, input=text, stdout=subprocess.PIPE, text=True)
    return done.stdout


def write(root: Path, name: str, text: str, mode: int = 0o644) -> None:
    """Write a file of the new system, with its folders."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def bootstrap(plan: Plan, root: Path, *, fstab: str = "") -> None:
    """Install the packages, and for a machine its kernel, headers beside the root, and an archive of its own."""
    # Not as --dpkgopt: that sends each archive through a slow filter, which took a quarter of the build.
    excludes = "".join(f"path-exclude={pattern}\\n" for pattern in TRIM)
    hooks = [f"--extract-hook=printf '{excludes}' > \"$1/etc/dpkg/dpkg.cfg.d/lab\""]
    if fstab:
        # Before the kernel's own scripts run: without it the initrd gets no file system check.
        hooks.append(f"--setup-hook=mkdir -p \"$1/etc\" && printf '%s\\n' '{fstab}' > \"$1/etc/fstab\"")
    kernel = str(plan.recipe["kernel"])
    if kernel:
        offline = plan.recipe["offline"]
        assert isinstance(offline, list)
        os.environ.update(STORE=str(Path(plan.work) / "debs"), KERNEL=kernel, OFFLINE=" ".join(offline))
        hooks.append(f"--customize-hook={Path(__file__).with_name('packages.sh')}")
    run(
        [
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=minbase",
            "--skip=check/empty",
            f"--keyring={plan.keyring}",
            "--include=" + ",".join(plan.packages),
            '--aptopt=Acquire::Languages "none"',
            *hooks,
            str(plan.recipe["suite"]),
            root,
        ],
        text=None if not plan.sources else "\n".join(plan.sources) + "\n",
    )


def configure(plan: Plan, root: Path) -> None:
    """Set what every image of the lab needs: its name, root's key, quiet timers."""
    name = str(plan.recipe["name"])
    write(root, "etc/hostname", f"{name}\n")
    write(root, "etc/hosts", f"127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n")
    # As a fresh installation has it: each machine makes its own identity at its first boot.
    write(root, "etc/machine-id", "uninitialized\n", 0o444)
    (root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    write(root, "root/.ssh/authorized_keys", plan.public_key + "\n", 0o600)
    (root / "etc/dpkg/dpkg.cfg.d/lab").unlink()
    for folder in ("doc", "man", "locale", "info"):
        for path in (root / "usr/share" / folder).glob("*"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    run(["systemctl", f"--root={root}", "--quiet", "mask", *MASKED])
    shutil.rmtree(root / "var/log/journal", ignore_errors=True)
    journal = root / "var/log/journal"
    journal.mkdir(parents=True)


def configure_machine(root: Path) -> None:
    """Set what only a machine with a kernel of its own needs: a network, and a short boot."""
    write(root, "etc/systemd/network/10-lab.network", NETWORK)
    run(["systemctl", f"--root={root}", "--quiet", "enable", "systemd-networkd.service"])
    run(["systemctl", f"--root={root}", "--quiet", "mask", *MASKED_MACHINE])
