# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds and checks the policy on the controller, then has the module look at the host."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
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
        self._refuse_foreign_policy(variables, arguments["policy"])
        check_only = arguments["gather_subset"] == ["!all"]
        subset = [] if check_only else arguments["gather_subset"]
        try:
            policy = _policy.build(self._loader, self._templar, variables, arguments["policy"], subset)
        except PolicyError as error:
            raise AnsibleActionFail(str(error)) from error
        if check_only:
            return {"changed": False, "msg": "the policy can be used", "state": {}, "wanted": {}, "findings": []}
        return self._execute_module(
            module_name="kernelops.panic_hardening.hardening_info",
            module_args={"gather_subset": subset, "policy": policy},
            task_vars=variables,
        )

    def _refuse_foreign_policy(self, variables: dict[str, t.Any], explicit: dict[str, t.Any]) -> None:
        delegate = self._task.delegate_to
        if delegate and delegate != variables.get("inventory_hostname") and not explicit:
            raise AnsibleActionFail(
                f"policy: is required with delegate_to, because the variables of {variables.get('inventory_hostname')} "
                f"are not the policy of {delegate}"
            )
