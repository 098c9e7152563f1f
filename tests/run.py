#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Run the project's tests: all, those of a group (fast, scenarios, machines), or single steps by name."""

from __future__ import annotations

import argparse
import os
import sys

from house import runner, steps

ALL = os.environ.get("LAB_FAULTS", "one") == "all"


def chosen(names: list[str]) -> list[steps.Step]:
    """In the table's order, whatever the order asked for: cheap ones first."""
    known = {step.name for step in steps.STEPS} | set(steps.GROUPS)
    unknown = sorted(set(names) - known)
    if unknown:
        raise SystemExit(f"tests/run.py: no such step: {', '.join(unknown)}. See tests/run.py --list")
    asked = [step for step in steps.STEPS if step.name in names]
    most = [step for step in steps.STEPS if not names or step.group in names]
    return [step for step in steps.STEPS if step in asked or (step in most and (ALL or step.faults == "one"))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the steps and leave")
    parser.add_argument("step", nargs="*", help="steps or groups; all without one")
    arguments = parser.parse_args()
    wanted = chosen(arguments.step)
    if arguments.list:
        for step in wanted:
            print(f"{step.name:18} {step.group:9} {step.shows}")
        return 0
    return runner.run(wanted)


if __name__ == "__main__":
    sys.exit(main())
