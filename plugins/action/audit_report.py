# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers what hardening_info found on all hosts of the play: lines for people, audit.json for programs."""

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _fleet, _policy, _report

display = Display()


class ActionModule(ActionBase):
    """Runs on the controller alone, in check mode as in a real run: it describes, it changes no host."""

    _supports_check_mode = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Print and write the report; fails, at the very end, when a fleet that must not drift has drifted."""
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, arguments = self.validate_argument_spec(
            argument_spec={"register": {"type": "str", "required": True}}
        )
        try:
            policy = _policy.build_fleet(self._loader, self._templar, variables)
            fleet = _fleet.report(_report.registered(variables, arguments["register"]), _report.now())
            path = _report.save("panic_hardening_audit_file", policy["panic_hardening_audit_file"], fleet)
        except PolicyError as error:
            raise AnsibleActionFail(str(error)) from error
        for line in _fleet.lines(fleet):
            display.display(line)
        if policy["panic_hardening_query"]:
            result["query"] = self._query(policy["panic_hardening_query"], fleet)
        result.update(changed=False, path=path, summary=fleet["summary"])
        bad = fleet["summary"]["hosts"] - fleet["summary"]["hardened"]
        if bad and policy["panic_hardening_fail_on_drift"]:
            result.update(failed=True, msg=f"{bad} of {fleet['summary']['hosts']} hosts are not hardened; see {path}")
        return result

    @staticmethod
    def _query(expression: str, fleet: dict[str, t.Any]) -> t.Any:
        try:
            selected = _policy.query(expression, fleet)
        except PolicyError as error:
            raise AnsibleActionFail(str(error)) from error
        display.display(json.dumps(selected, indent=1, default=str))
        return selected
