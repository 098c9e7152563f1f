# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds and checks the policy on the controller, then has the module look at the host."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _policy


class ActionModule(ActionBase):
    """One module execution on the host, with the whole policy as its argument."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Refuse a bad policy before the host is touched; otherwise return what the module found."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, arguments = self.validate_argument_spec(
            argument_spec={
                "gather_subset": {"type": "list", "elements": "str", "default": []},
                "policy": {"type": "dict", "default": {}},
            }
        )
        check_only = arguments["gather_subset"] == ["!all"]
        subset = [] if check_only else arguments["gather_subset"]
        try:
            seen = _policy.seen(self._task.delegate_to, variables, arguments["policy"])
            policy = _policy.build(self._loader, self._templar, seen, arguments["policy"], subset)
        except (PolicyError, AnsibleError) as error:
            # Raised, it would pass by failed_when, and one host's bad variable would end an audit of the fleet.
            return {"failed": True, "changed": False, "msg": str(error)}
        if check_only:
            return {"changed": False, "msg": "the policy can be used", "state": {}, "wanted": {}, "findings": []}
        return self._execute_module(
            module_name="kernelops.panic_hardening.hardening_info",
            module_args={"gather_subset": subset, "policy": policy},
            task_vars=variables,
        )
