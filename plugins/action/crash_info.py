# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what the task does not say from the host's variables, checks them, and has the module look at the host."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _diagnosis


class ActionModule(ActionBase):
    """One module execution on the host."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Refuse bad variables before the host is touched; otherwise return what the module found."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        wanted: dict[str, t.Any] = {}
        if not self._task.args.get("paths"):
            try:
                wanted = _diagnosis.options(_diagnosis.policy(self._loader, self._templar, variables))
            except (PolicyError, AnsibleError) as error:
                # Raised, it would pass by failed_when, and one host's bad variable would end a diagnosis of the fleet.
                return {"failed": True, "changed": False, "msg": str(error)}
        return self._execute_module(
            module_name="kernelops.panic_hardening.crash_info",
            module_args={**wanted, **self._task.args},
            task_vars=variables,
        )
