# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy of the role panic_sysctl: which parameters it knows, which values it accepts, what they mean on a host."""

from typing import Any, Dict, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._sysctl import KEXEC_KEY

INT_MAX = 2147483647


class Key(NamedTuple):
    """A parameter this role may set: its range, and how bad it is when it is not as wanted."""

    minimum: int
    maximum: int
    severity: str = "warning"
    auto: bool = False  # 1 on metal, 0 elsewhere: steal time and missing hardware raise false alarms in VMs


SWITCH = Key(0, 1)
# Ranges: Documentation/admin-guide/sysctl/kernel.rst and vm.rst. Newer kernels read the lockup and hung task
# switches as a count, which a 1 means on all of them.
KEYS = {
    "kernel.panic": Key(-1, 3600, "critical"),
    "kernel.panic_on_oops": Key(0, 1, "critical"),
    "kernel.oops_limit": Key(0, INT_MAX),
    "kernel.warn_limit": Key(0, INT_MAX),
    "kernel.panic_on_warn": SWITCH,
    "kernel.panic_print": Key(0, 255, "info"),
    "kernel.softlockup_panic": Key(0, 1, "warning", True),
    "kernel.hardlockup_panic": Key(0, 1, "warning", True),
    "kernel.watchdog_thresh": Key(1, 60),
    "kernel.nmi_watchdog": SWITCH,
    "kernel.hung_task_panic": SWITCH,
    "kernel.hung_task_timeout_secs": Key(0, 86400),
    "kernel.hung_task_warnings": Key(-1, INT_MAX, "info"),
    "kernel.panic_on_rcu_stall": SWITCH,
    "kernel.max_rcu_stall_to_panic": Key(1, INT_MAX),
    "kernel.panic_on_unrecovered_nmi": Key(0, 1, "warning", True),
    "kernel.panic_on_io_nmi": SWITCH,
    "kernel.unknown_nmi_panic": SWITCH,
    "kernel.oops_all_cpu_backtrace": Key(0, 1, "info"),
    "kernel.softlockup_all_cpu_backtrace": Key(0, 1, "info"),
    "kernel.hardlockup_all_cpu_backtrace": Key(0, 1, "info"),
    "kernel.hung_task_all_cpu_backtrace": Key(0, 1, "info"),
    "kernel.sysrq": Key(0, 511, "info"),
    "vm.panic_on_oom": Key(0, 2),
}


def validate(policy: Dict[str, Any]) -> None:
    """Refuse a policy that this role could not apply; raises PolicyError that begins with the variable."""
    profiles = policy["panic_sysctl_profiles"]
    for name in profiles:
        if not isinstance(profiles[name], dict):
            raise PolicyError("panic_sysctl_profiles['%s']: must be a dictionary of sysctl to value" % name)
        _validate_values(profiles[name], "panic_sysctl_profiles['%s']" % name)
    if policy["panic_hardening_profile"] not in profiles:
        raise PolicyError(
            "panic_hardening_profile: '%s' is not one of %s"
            % (policy["panic_hardening_profile"], ", ".join(sorted(profiles)))
        )
    _validate_values(policy["panic_sysctl_overrides"], "panic_sysctl_overrides")
    if chosen(policy).get("kernel.panic") is None and policy["panic_sysctl_cmdline"]:
        raise PolicyError(
            "panic_sysctl_overrides['kernel.panic']: is left alone, so panic= on the command line has no value; "
            "give it one, or set panic_sysctl_cmdline to false"
        )


def _validate_values(values: Dict[str, Any], variable: str) -> None:
    for key, value in sorted(values.items(), key=str):
        where = "%s['%s']" % (variable, str(key).replace("\n", "\\n"))
        if key == KEXEC_KEY:
            raise PolicyError("%s: would keep kdump from loading; this collection does not set it" % where)
        if key not in KEYS:
            raise PolicyError("%s: is not a panic parameter; known: %s" % (where, ", ".join(sorted(KEYS))))
        rule = KEYS[key]
        if value is None or (value == "auto" and rule.auto):
            continue
        number = _integer(value)
        if number is None or not rule.minimum <= number <= rule.maximum:
            auto = " or 'auto'" if rule.auto else ""
            raise PolicyError(
                "%s: '%s' is not a whole number from %d to %d%s" % (where, value, rule.minimum, rule.maximum, auto)
            )
        if key == "kernel.panic" and number == 0:
            raise PolicyError("%s: 0 leaves the host hanging after a panic; use 1 to 3600, or -1 for at once" % where)


def _integer(value: Any) -> Optional[int]:
    # A boolean is an int in Python, but 'true' for a number of seconds is a mistake.
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def chosen(policy: Dict[str, Any]) -> Dict[str, Any]:
    """The values of the profile with the operator's overrides; None leaves a parameter alone."""
    values = dict(policy["panic_sysctl_profiles"][policy["panic_hardening_profile"]])
    values.update(policy["panic_sysctl_overrides"])
    return values


def resolve(policy: Dict[str, Any], state: Dict[str, Any]) -> Dict[str, Any]:
    """What the policy means on this host: C(sysctls) (key to text), and C(cmdline), boot arguments or None."""
    sysctls: Dict[str, str] = {}
    cmdline: Optional[Dict[str, str]] = None
    if state["virtualization"]["kind"] != "container":
        metal = state["virtualization"]["kind"] == "metal"
        for key, value in sorted(chosen(policy).items()):
            if value is not None:
                sysctls[key] = str(int(metal) if value == "auto" else int(value))
        if policy["panic_sysctl_cmdline"]:
            cmdline = {"panic": sysctls["kernel.panic"]}
    return {"sysctls": sysctls, "cmdline": cmdline}
