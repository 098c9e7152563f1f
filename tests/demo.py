# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection does, shown on throw-away machines: a stock one and a hardened one, both panicked."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import textwrap
import time
import typing as t

import playbooks
from lab.errors import LabError
from lab.machine import Machine
from lab.processes import identify

IMAGE = "debian12"
MEMORY = 1024  # MiB, enough for a crash kernel beside the host's own
KERNEL_PANIC = 10
BEGAN = time.monotonic()


class DemoError(Exception):
    """The machine did not do what the collection promises."""


def say(text: str) -> None:
    """A step of the demo, with the time since its beginning."""
    print(f"\n[{time.monotonic() - BEGAN:4.0f} s] {text}", flush=True)


def show(text: str) -> None:
    """Output that belongs to a step."""
    print(textwrap.indent(text.strip(), "    "), flush=True)


@contextlib.contextmanager
def machine(name: str) -> t.Iterator[Machine]:
    """A stock machine that ends with its part of the demo."""
    made = Machine.create(name, IMAGE, memory=MEMORY, owner=identify(os.getpid()))
    try:
        yield made
    finally:
        made.stop()


def audit(host: Machine, expected: str) -> str:
    """Audit the machine, show its line, and return its verdict."""
    done = playbooks.run("audit", [host])
    if not done.report:
        raise DemoError(f"The audit left no report:\n{done.output}")
    line = next(text for text in done.output.splitlines() if text.startswith(host.name))
    show("\n".join(textwrap.wrap(line, 110)))
    verdict = str(done.host["verdict"])
    if verdict != expected:
        raise DemoError(f"The audit says {verdict}; {expected} was expected.")
    return verdict


def last_words(console: str) -> str:
    """What the console says of a crash: its reason, where it happened, and what the kernel did next."""
    words = r"sysrq: Trigger|Kernel panic - not syncing|RIP: 0010|Comm: |end Kernel panic|Rebooting in"
    return "\n".join(line.strip() for line in console.splitlines() if re.search(words, line))


def stock() -> dict[str, str]:
    """Crash a machine as its distribution installs it."""
    say(f"A stock {IMAGE} machine boots.")
    with machine("stock") as host:
        say("kernelops.panic_hardening.audit says how it stands:")
        verdict = audit(host, "drifted")
        plain = host.reboot_seconds()
        wait = 2 * plain + KERNEL_PANIC
        say(
            f"An orderly restart takes {plain:.1f} s. Now it panics (echo c > /proc/sysrq-trigger), and {wait:.0f} s pass ..."
        )
        crash = host.crash("sysrq-c")
        if not host.stays_dead(wait):
            raise DemoError("The stock machine came back by itself: the demo would prove nothing.")
        show(last_words(host.serial(crash.serial_offset)))
        say("It stays dead: nobody will find it before the pager does.")
    return {
        "audit": verdict,
        "plain restart": f"{plain:.1f} s",
        "after a panic": f"dead (waited {wait:.0f} s)",
        "what is left of it": "nothing",
    }


def run(playbook: str, host: Machine, **variables: t.Any) -> playbooks.Run:
    """Run a playbook of the collection on the machine; it must succeed."""
    done = playbooks.run(playbook, [host], variables=variables)
    if done.returncode:
        raise DemoError(f"The playbook {playbook} failed:\n{done.output}")
    return done


def hardened() -> dict[str, str]:
    """Harden a machine, crash it, and open the dump that it left."""
    say("The same machine, new. kernelops.panic_hardening.harden runs, and may restart it for its crash memory:")
    with machine("hardened") as host:
        done = run("harden", host, kdump_reboot_ok=True)
        show("\n".join(f"changed: {task}" for task in done.changed))
        say("The audit again:")
        verdict = audit(host, "hardened")
        plain = host.reboot_seconds()
        say("It panics in the same way, this time by kernelops.panic_hardening.drill:")
        offset = host.serial_size()
        run("drill", host, kdump_drill_consent=host.name, kdump_drill_console="the lab")
        show(last_words(host.serial(offset)))
        proof = json.loads(host.ssh("cat /var/lib/kernelops-panic_hardening/kdump-drill.json").stdout)
        back, size = int(proof["seconds"]), proof["bytes"] / 1024 / 1024
        say(
            f"It took a dump, and was back on SSH {back} s after the panic. The dump has been opened; its kernel log ends:"
        )
        show(host.ssh(f"grep -A3 'sysrq: Trigger' {proof['dmesg']}").stdout)
        say("It is still hardened, and ready for the next panic:")
        audit(host, "hardened")
        if back >= 2 * plain + KERNEL_PANIC:
            raise DemoError(f"It took {back} s, more than twice a plain restart of {plain:.1f} s.")
    return {
        "audit": verdict,
        "plain restart": f"{plain:.1f} s",
        "after a panic": f"back on SSH after {back} s",
        "what is left of it": f"a complete dump of {size:.0f} MiB, and its kernel log",
    }


def main() -> int:
    """Run both parts and print the table."""
    try:
        columns = {"stock": stock(), "hardened": hardened()}
    except (DemoError, LabError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the machines have been ended.", file=sys.stderr)
        return 130
    say("What it comes to:")
    rows = [["", *columns]] + [[row, *(cells[row] for cells in columns.values())] for row in columns["stock"]]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    show("\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
