# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of a host, built on the controller: role defaults, the host's variables, an explicit policy."""

from __future__ import annotations

import datetime
import difflib
import inspect
import os
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _roles
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError

FLEET = "panic_hardening"
ROLES_DIR = os.path.join(os.path.dirname(__file__), "..", "..", "roles")


def build(
    loader: t.Any, templar: t.Any, task_vars: t.Mapping[str, t.Any], explicit: t.Mapping[str, t.Any], subset: list[str]
) -> dict[str, t.Any]:
    """The checked policy; raises PolicyError whose text begins with the variable at fault."""
    policy = _collect(loader, templar, task_vars, explicit, [FLEET])
    roles = _roles.select(policy, subset)
    policy.update(_collect(loader, templar, task_vars, explicit, roles))
    _refuse_unknown(explicit, policy)
    _roles.validate(policy, roles)
    _check_query(policy["panic_hardening_query"])
    return policy


def seen(
    delegate: str | None, task_vars: t.Mapping[str, t.Any], explicit: t.Mapping[str, t.Any]
) -> t.Mapping[str, t.Any]:
    """The variables that are the policy of the machine that is looked at; raises PolicyError."""
    if not delegate or delegate == task_vars.get("inventory_hostname"):
        return task_vars
    if not explicit:
        raise PolicyError(
            f"policy: is required with delegate_to, because the variables of {task_vars.get('inventory_hostname')} "
            f"are not the policy of {delegate}"
        )
    return {}


def build_fleet(loader: t.Any, templar: t.Any, task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The variables that span roles; raises PolicyError."""
    policy = _collect(loader, templar, task_vars, {}, [FLEET])
    _check_query(policy["panic_hardening_query"])
    return policy


def _collect(
    loader: t.Any,
    templar: t.Any,
    task_vars: t.Mapping[str, t.Any],
    explicit: t.Mapping[str, t.Any],
    roles: list[str],
) -> dict[str, t.Any]:
    defaults: dict[str, t.Any] = {}
    options: dict[str, t.Any] = {}
    for role in roles:
        defaults.update(_load(loader, role, "defaults/main.yml") or {})
        options.update(_load(loader, role, "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {}))
    _refuse_unknown([name for name in task_vars if name.startswith(tuple(role + "_" for role in roles))], options)
    variables = {**defaults, **task_vars, **explicit}
    fresh = templar.copy_with_new_env(available_variables=variables)
    chosen = {name: _plain(fresh.template(variables[name])) for name in options if name in variables}
    checked = ArgumentSpecValidator(options).validate(chosen)
    if checked.error_messages:
        raise PolicyError("; ".join(checked.error_messages))
    return dict(checked.validated_parameters)


def _load(loader: t.Any, role: str, path: str) -> t.Any:
    file = os.path.realpath(os.path.join(ROLES_DIR, role, path))
    # From ansible-core 2.19 on, text that is not trusted stays literal, braces and all.
    trusted = "trusted_as_template" in inspect.signature(loader.load_from_file).parameters
    return loader.load_from_file(file, **({"trusted_as_template": True} if trusted else {}))


def _refuse_unknown(names: t.Iterable[str], known: t.Mapping[str, t.Any]) -> None:
    for name in sorted(names):
        if name not in known and not name.endswith("_reboot_required"):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise PolicyError(f"{name}: is not a variable of the collection's roles{hint}")


def _plain(value: t.Any) -> t.Any:
    """The value without dates, which YAML makes of an unquoted 2027-01-31 and JSON does not know."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _check_query(expression: str) -> None:
    if not expression:
        return
    try:
        import jmespath
    except ImportError:
        raise PolicyError("panic_hardening_query: needs the Python package jmespath on the controller") from None
    try:
        jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise PolicyError(f"panic_hardening_query: is not a JMESPath expression: {error}") from None


def query(expression: str, data: t.Any) -> t.Any:
    """What a checked JMESPath expression selects; raises PolicyError where it does not fit the data."""
    import jmespath

    try:
        return jmespath.search(expression, data)
    except jmespath.exceptions.JMESPathError as error:
        raise PolicyError(f"panic_hardening_query: {error}") from None
