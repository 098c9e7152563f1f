# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the module read the evidence on the host, and writes the copies on the controller."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _copies, _diagnosis

SPEC: dict[str, t.Any] = {
    "incidents": {"type": "list", "elements": "dict", "required": True},
    "dest": {"type": "str"},
    "limit": {"type": "int"},
}


class ActionModule(ActionBase):
    """One module execution on the host; its answer is written here and goes no further."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Skipped where nobody named a folder; otherwise what was copied, and what was left out."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, arguments = self.validate_argument_spec(argument_spec=SPEC)
        try:
            policy = _diagnosis.policy(self._loader, self._templar, variables)
        except (PolicyError, AnsibleError) as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        dest = arguments["dest"] or policy["panic_hardening_evidence_to"]
        if not dest or not arguments["incidents"]:
            return {"skipped": True, "changed": False}
        limit = arguments["limit"] or policy["panic_hardening_evidence_limit"]
        wanted = [{key: one.get(key) for key in ("source", "line", "evidence")} for one in arguments["incidents"]]
        found = self._execute_module(
            module_name="kernelops.panic_hardening.evidence_fetch",
            module_args={"incidents": wanted, "limit": limit},
            task_vars=variables,
        )
        if "pieces" not in found:
            return t.cast("dict[str, t.Any]", found)
        return self._save(dest, str(variables["inventory_hostname"]), found, limit * 1048576)

    @staticmethod
    def _save(dest: str, host: str, found: dict[str, t.Any], limit: int) -> dict[str, t.Any]:
        try:
            folder = _copies.folder(dest, host)
            copied = _copies.save(folder, found["pieces"], limit)
        except (OSError, ValueError) as error:
            return {"failed": True, "changed": False, "msg": f"the copies below {dest} could not be written: {error}"}
        left_out = wrap_var(found["left_out"])
        return {"changed": False, "folder": folder, "copied": wrap_var(copied), "left_out": left_out}
