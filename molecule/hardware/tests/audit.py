# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stages of this scenario share: the machine's own word on its hardware, and the alarms it has raised."""

from __future__ import annotations

import json
import pathlib
import typing as t

import yaml

POLICY = yaml.safe_load((pathlib.Path(__file__).parents[1] / "vars/policy.yml").read_text())


def findings(host: t.Any) -> dict[str, dict[str, t.Any]]:
    """The findings of the roles that watch hardware, by control."""
    roles = ["watchdog", "smartmontools", "lm_sensors", "rasdaemon"]
    arguments = {"gather_subset": roles, "policy": POLICY}
    answer = host.ansible("kernelops.panic_hardening.hardening_info", json.dumps(arguments), check=False, become=False)
    return {item["control"]: item for item in answer["findings"]}


def alarms(host: t.Any) -> list[dict[str, t.Any]]:
    """What the operator's command was given, oldest first."""
    lines = host.file("/var/log/lab-alarms").content_string.splitlines()
    assert all(line.startswith("--from the lab\t") for line in lines)
    return [json.loads(line.partition("\t")[2]) for line in lines]


def keys(host: t.Any) -> list[str]:
    return [alarm["key"] for alarm in alarms(host)]
