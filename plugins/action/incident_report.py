# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers what crash_info found on all hosts of the play: lines for people, incidents.json for programs."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import (
    _incident_lines,
    _incidents,
    _policy,
    _report,
)

display = Display()


class ActionModule(ActionBase):
    """Runs on the controller alone, in check mode as in a real run: it describes, it changes no host."""

    _supports_check_mode = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Print and write the report; fails, at the very end, when a fleet that must be clear is not."""
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, arguments = self.validate_argument_spec(
            argument_spec={"register": {"type": "str", "required": True}, "copies": {"type": "str"}}
        )
        try:
            # With run_once these are one host's variables: what only that host gets wrong must not hide the others.
            policy = _policy.build_fleet(self._loader, self._templar, variables)
            copies = _report.registered(variables, arguments["copies"]) if arguments["copies"] else {}
            fleet = _incidents.report(_report.registered(variables, arguments["register"]), copies, _report.now())
            path = _report.save("panic_hardening_incidents_file", policy["panic_hardening_incidents_file"], fleet)
        except PolicyError as error:
            raise AnsibleActionFail(str(error)) from error
        for line in _incident_lines.lines(fleet):
            display.display(line)
        # What a log says must never be taken for a template by the tasks that come after.
        result.update(changed=False, path=path, summary=fleet["summary"], bugs=wrap_var(fleet["bugs"]))
        bad = fleet["summary"]["hosts"] - fleet["summary"]["clear"]
        if bad and policy["panic_hardening_fail_on_incidents"]:
            result.update(failed=True, msg=f"{bad} of {fleet['summary']['hosts']} hosts are not clear; see {path}")
        return result
