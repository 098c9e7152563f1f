# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives the module the policy as the audit sees it."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _policy


class ActionModule(ActionBase):
    """One module execution on the host, with the whole policy of a role as its argument."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Refuse a bad policy before the host is touched; otherwise return what the module did."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        if arguments.get("role") and arguments.get("state", "present") == "present":
            explicit = arguments.get("policy") or {}
            try:
                seen = _policy.seen(self._task.delegate_to, variables, explicit)
                role = str(arguments["role"])
                arguments["policy"] = _policy.build(self._loader, self._templar, seen, explicit, [role])
            except (PolicyError, AnsibleError) as error:
                return {"failed": True, "changed": False, "msg": str(error)}
        return self._execute_module(
            module_name="kernelops.panic_hardening.hardware_setup", module_args=arguments, task_vars=variables
        )
