# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""The lab by hand: build images, start, look at, crash and end machines."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab import doctor, fleet, images, inventory, paths, recipes, state
from lab.errors import LabError
from lab.faults import COMPLAINTS, DIAGNOSED_HARDWARE, FAULTS, HANG, diagnosed
from lab.machine import Machine


def build(options: argparse.Namespace) -> int:
    """Build images that are not cached yet."""
    for name in options.image or sorted(recipes.RECIPES):
        print(images.ensure(name).path)
    return 0


def up(options: argparse.Namespace) -> int:
    """Start machines."""
    wanted = fleet.parse(options.machine, options.image)
    owner = fleet.owner(options.owner)
    machines = fleet.up(
        wanted,
        prefix=options.prefix,
        memory=options.memory,
        cpus=options.cpus,
        snapshot=not options.cold,
        owner=owner,
        extra=[*options.qemu_arg, *(DIAGNOSED_HARDWARE if options.diagnosed else ())],
        reach=fleet.parse_links(options.reach),
    )
    if options.inventory:
        inventory.write(Path(options.inventory), machines)
    for host, machine in machines.items():
        if not options.json:
            print(f"{host}: {' '.join(machine.address.command())}")
    if options.json:
        print(
            json.dumps(
                {host: machine.facts | {"folder": str(machine.state.folder)} for host, machine in machines.items()}
            )
        )
    return 0


def down(options: argparse.Namespace) -> int:
    """End machines; one that is not there is fine."""
    fleet.down([options.prefix + name for name in options.name], everything=options.all, force=options.force)
    return 0


def listing(_options: argparse.Namespace) -> int:
    """List this checkout's machines."""
    for found in state.all_states():
        facts, owner = found.read(), found.owner()
        life = "running" if found.alive() else "dead"
        print(
            f"{facts.get('name')}\t{life}\t{facts.get('image')}\tport {facts.get('port')}\t{owner.describe() if owner else 'no owner'}"
        )
    return 0


def ssh(options: argparse.Namespace) -> int:
    """Run a command on a machine, or open a shell."""
    command = Machine.open(options.name).address.command(" ".join(options.command) or None)
    return subprocess.run(command, check=False).returncode


def serial(options: argparse.Namespace) -> int:
    """Show a machine's console: of a running one, or of one that ended."""
    folder = state.State(paths.state_dir(options.name))
    kept = paths.folder("logs") / f"{paths.scope()}.{options.name}.log"
    log = folder.serial if folder.serial.exists() else kept
    if not log.exists():
        raise LabError(f"There is no console log of a machine called {options.name}.")
    sys.stdout.buffer.write(log.read_bytes())
    return 0


def crash(options: argparse.Namespace) -> int:
    """Make a fault strike a machine; with --wait, fail unless it comes back."""
    machine = Machine.open(options.name)
    struck = machine.crash(options.fault)
    result: dict[str, object] = {"machine": machine.name, "fault": struck.fault.name, "old_boot_id": struck.boot_id}
    if options.wait:
        seconds = machine.wait_new_boot(struck.boot_id, options.timeout, since=struck.struck_at)
        result |= {"seconds": round(seconds, 1), "boot_id": machine.boot_id()}
    print(json.dumps(result))
    return 0


def cut(options: argparse.Namespace) -> int:
    """Take a machine's power away for a moment, and wait until it is back."""
    machine = Machine.open(options.name)
    old = machine.boot_id()
    machine.cut_power()
    print(json.dumps({"machine": machine.name, "seconds": round(machine.wait_new_boot(old, options.timeout), 1)}))
    return 0


def monitor(options: argparse.Namespace) -> int:
    """Run a command of QEMU's monitor, which changes a machine's hardware."""
    answer = Machine.open(options.name).monitor(" ".join(options.line))
    if answer.strip():
        raise LabError(f"QEMU said to {' '.join(options.line)!r}: {answer.strip()}")
    return 0


def faults(options: argparse.Namespace) -> int:
    """List the faults."""
    if options.diagnosed:
        chosen = diagnosed(options.diagnosed == "all")
        print(
            json.dumps(
                [
                    {
                        "name": f.name,
                        "survived": f.survived,
                        "kind": f.incident,
                        "function": f.function,
                        "may_reset": f.may_reset,
                    }
                    for f in chosen
                ]
            )
        )
        return 0
    for fault in (*FAULTS, *COMPLAINTS, HANG):
        deadly = "nobody" if fault.survived else "any host" if fault.always_fatal else "panic_on_oops"
        print(f"{fault.name:17} {fault.kind:9} {deadly:14} {fault.summary}")
    return 0


def check(_options: argparse.Namespace) -> int:
    """Say what this host lacks."""
    found = list(doctor.problems())
    for line in (*doctor.facts(), *(f"PROBLEM: {problem}" for problem in found)):
        print(line)
    return 1 if found else 0


def _add_faults(verb: Callable[[str, object], argparse.ArgumentParser]) -> None:
    die = verb("crash", crash)
    die.add_argument("name")
    die.add_argument("fault")
    die.add_argument("--wait", action="store_true")
    die.add_argument("--timeout", type=float, default=300, help="seconds to wait for the new boot")
    power = verb("cut", cut)
    power.add_argument("name")
    power.add_argument("--timeout", type=float, default=300, help="seconds to wait for the new boot")
    verb("faults", faults).add_argument(
        "--diagnosed", choices=["some", "all"], help="those a diagnosis is tried on, as JSON"
    )
    control = verb("monitor", monitor)
    control.add_argument("name")
    control.add_argument("line", nargs="+", help="e.g. qom-set /machine/peripheral/nvme0 smart_critical_warning 4")


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    top = argparse.ArgumentParser(prog="python3 tests/lab/cli.py", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, function: object) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=function.__doc__, description=function.__doc__)
        sub.set_defaults(run=function)
        return sub

    verb("build", build).add_argument("image", nargs="*")
    start = verb("up", up)
    start.add_argument("machine", nargs="+", help="NAME with --image, or NAME=IMAGE")
    start.add_argument("--image")
    start.add_argument("--prefix", default="", help="put before each machine's name, not before the host's")
    start.add_argument("--memory", type=int, default=512, help="MiB")
    start.add_argument("--cpus", type=int, default=2)
    start.add_argument("--cold", action="store_true", help="boot through GRUB instead of restoring a snapshot")
    start.add_argument(
        "--owner", help="a pid whose end is the machine's end, `auto` (default) or `none`", default="auto"
    )
    start.add_argument("--diagnosed", action="store_true", help="with an ACPI ERST and a broken disk")
    start.add_argument("--qemu-arg", action="append", default=[], help="one more argument for QEMU")
    start.add_argument(
        "--reach", action="append", default=[], metavar="NAME=OTHER", help=f"NAME finds OTHER's ssh at {fleet.PEER}"
    )
    start.add_argument("--inventory", help="write an Ansible inventory of the machines here")
    start.add_argument("--json", action="store_true")
    end = verb("down", down)
    end.add_argument("name", nargs="*")
    end.add_argument("--prefix", default="")
    end.add_argument("--all", action="store_true", help="every machine of this checkout")
    end.add_argument("--force", action="store_true", help="also one that belongs to another run")
    verb("list", listing)
    shell = verb("ssh", ssh)
    shell.add_argument("name")
    shell.add_argument("command", nargs=argparse.REMAINDER)
    verb("serial", serial).add_argument("name")
    _add_faults(verb)
    verb("doctor", check)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; what the user can act on is one message, not a traceback."""
    options = parser().parse_args(arguments)
    # As Ctrl-C does: half-made things are taken back on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(options.run(options))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


if __name__ == "__main__":
    sys.exit(main())
