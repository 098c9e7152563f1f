# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection does, shown on throw-away machines: a stock one and a hardened one, both panicked, a bad kernel, the diagnosis."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import textwrap
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import playbooks
from kernels import EMPTY_INITRD, SERVICE, Kernels, repack
from lab.errors import LabError
from lab.faults import KEPT_LAST_WORDS
from lab.machine import Machine
from lab.processes import identify

IMAGE = "debian12"
MEMORY = 1024  # MiB, enough for a crash kernel beside the host's own
KERNEL_PANIC = 10
PATIENCE = 120  # seconds for the stock machine: more than twice a plain restart and kernel.panic
BAD_KERNEL = "99.1.0-1-cloud-amd64"
POLICY = {"panic_hardening_roles": ["panic_sysctl", "kdump", "fallback_kernel"], "fallback_kernel_menu_timeout": 1}
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
    made = Machine.create(name, IMAGE, memory=MEMORY, owner=identify(os.getpid()), extra=KEPT_LAST_WORDS)
    try:
        yield made
    finally:
        made.stop()


def audit(host: Machine, expected: str) -> None:
    """Audit the machine and show its line."""
    done = playbooks.run("audit", [host], variables=POLICY)
    if not done.report:
        raise DemoError(f"The audit left no report:\n{done.output}")
    line = next(text for text in done.output.splitlines() if text.startswith(host.name))
    show("\n".join(textwrap.wrap(line, 110)))
    verdict = str(done.host["verdict"])
    if verdict != expected:
        raise DemoError(f"The audit says {verdict}; {expected} was expected.")


def diagnose(host: Machine) -> None:
    """Ask the machine what crashed, and show its lines."""
    done = run("diagnose", host)
    show(done.output.partition("TASK [Report]")[2].partition("\n")[2].partition("\nok: ")[0])
    ended = done.host["last_boot"]["ended"]
    kinds = sorted(incident["kind"] for incident in done.host["incidents"] if incident["fatal"])
    if (ended, kinds) != ("panic", ["panic-other", "panic-vfs-root"]):
        raise DemoError(f"The diagnosis names {kinds}, and the last boot's end {ended}: two panics were expected.")


def last_words(console: str) -> str:
    """What the console says of a crash: its reason, where it happened, and what the kernel did next."""
    words = r"sysrq: Trigger|Kernel panic - not syncing|RIP: 0010|Comm: |end Kernel panic|Rebooting in"
    return "\n".join(line.strip() for line in console.splitlines() if re.search(words, line))


def crash_stock(host: Machine) -> None:
    """Panic a machine as its distribution installs it."""
    say("kernelops.panic_hardening.audit says how it stands:")
    audit(host, "drifted")
    say("It panics (echo c > /proc/sysrq-trigger):")
    crash = host.crash("sysrq-c")
    show(last_words(host.serial(crash.serial_offset)))


def run(playbook: str, host: Machine, **variables: t.Any) -> playbooks.Run:
    """Run a playbook of the collection on the machine; it must succeed."""
    done = playbooks.run(playbook, [host], variables={**POLICY, **variables})
    if done.returncode:
        raise DemoError(f"The playbook {playbook} failed:\n{done.output}")
    return done


def harden(host: Machine) -> None:
    """Harden a machine."""
    say("The same machine, new. kernelops.panic_hardening.harden runs, and may restart it for its crash memory:")
    done = run("harden", host, kdump_reboot_ok=True)
    show("\n".join(f"changed: {task}" for task in done.changed))


def see_dead(host: Machine) -> None:
    """Wait for the stock machine, and end it: a panicked kernel keeps a processor busy."""
    if not host.stays_dead(PATIENCE):
        raise DemoError("The stock machine came back by itself: the demo would prove nothing.")
    if not host.alive():
        return
    say(f"{PATIENCE} s later the stock machine is still dead: nobody will find it before the pager does.")
    host.stop()


def crash_hardened(host: Machine) -> tuple[float, int, float]:
    """Crash a hardened machine, and open the dump that it left: seconds to restart it, and to come back, and MiB."""
    say("The audit of the hardened machine:")
    audit(host, "hardened")
    plain = host.reboot_seconds()
    say(f"An orderly restart takes {plain:.1f} s. Now it panics in the same way, by kernelops.panic_hardening.drill:")
    offset = host.serial_size()
    run("drill", host, kdump_drill_consent=host.name, kdump_drill_console="the lab")
    show(last_words(host.serial(offset)))
    proof = json.loads(host.ssh("cat /var/lib/kernelops-panic_hardening/kdump-drill.json").stdout)
    back, size = int(proof["seconds"]), proof["bytes"] / 1024 / 1024
    say(f"It took a dump, and was back on SSH {back} s after the panic. The dump has been opened; its kernel log ends:")
    show(host.ssh(f"grep -A3 'sysrq: Trigger' {proof['dmesg']}").stdout)
    say("It is still hardened, and ready for the next panic:")
    audit(host, "hardened")
    return plain, back, size


def update_badly(host: Machine) -> float:
    """Update the hardened machine to a kernel that panics: seconds from the restart until it is back on the good one."""
    kernels = Kernels(host, host.ssh("uname -r").stdout.strip(), BAD_KERNEL)
    say(f"A kernel update: {BAD_KERNEL} looks whole, and panics. Nobody knows; the machine is restarted:")
    repack(host, BAD_KERNEL, EMPTY_INITRD)
    boot, offset = kernels.restart()
    seconds = kernels.wait_for(kernels.good, boot)
    words = last_words(host.serial(offset))
    show(words)
    if "Kernel panic" not in words or kernels.status("failed")["trial"] != BAD_KERNEL:
        raise DemoError(f"{BAD_KERNEL} was not tried, or did not panic: the demo would prove nothing.")
    say(f"{seconds:.0f} s after the restart began it is back on {kernels.good}, and its journal says:")
    show(host.ssh(f"journalctl -b -u {SERVICE} -p crit -o cat --no-pager").stdout)
    return seconds


def show_both() -> list[list[str]]:
    """Crash both machines; return the table."""
    say(f"A stock {IMAGE} machine boots.")
    with ThreadPoolExecutor() as meanwhile, machine("stock") as stock:
        crash_stock(stock)
        dead = meanwhile.submit(see_dead, stock)
        with machine("hardened") as hardened:
            harden(hardened)
            dead.result()
            plain, back, size = crash_hardened(hardened)
            healed = update_badly(hardened)
            say("What happened, in the words of kernelops.panic_hardening.diagnose:")
            diagnose(hardened)
    if max(back, 2 * plain + KERNEL_PANIC) > PATIENCE:
        raise DemoError(
            f"The stock machine had only {PATIENCE} s: the hardened one took {back} s, and {plain:.0f} s for a plain restart."
        )
    return [
        ["", "stock", "hardened"],
        ["audit", "drifted", "hardened"],
        [
            "after a panic",
            f"dead (waited {PATIENCE} s)",
            f"back on SSH after {back} s (a plain restart: {plain:.0f} s)",
        ],
        ["what is left of it", "nothing in reach", f"a complete dump of {size:.0f} MiB, and its kernel log"],
        ["a kernel update that panics", "not shown", f"back on the earlier kernel after {healed:.0f} s"],
    ]


def main() -> int:
    """Show it, and print the table."""
    try:
        rows = show_both()
    except (AssertionError, DemoError, LabError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the machines have been ended.", file=sys.stderr)
        return 130
    say("What it comes to:")
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    show("\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
