# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role panic_sysctl accepts, and what its policy means on a host."""

from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _panic_sysctl_policy as module
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError

VM = {"virtualization": {"kind": "vm", "name": "kvm"}}
METAL = {"virtualization": {"kind": "metal", "name": "none"}}
UNKNOWN = {"virtualization": {"kind": "unknown", "name": "unknown"}}
CONTAINER = {"virtualization": {"kind": "container", "name": "docker"}}


def policy(**changes: Any) -> Dict[str, Any]:
    made: Dict[str, Any] = {
        "panic_hardening_profile": "availability",
        "panic_sysctl_profiles": {"availability": {"kernel.panic": 10, "kernel.softlockup_panic": "auto"}},
        "panic_sysctl_overrides": {},
        "panic_sysctl_cmdline": True,
    }
    made.update(changes)
    return made


def refusal(**changes: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        module.validate(policy(**changes))
    return str(caught.value)


def test_the_smallest_policy_is_good() -> None:
    module.validate(policy())


@pytest.mark.parametrize("value", [-1, 1, 3600, "10", " 10 "])
def test_seconds_that_are_good(value: Any) -> None:
    module.validate(policy(panic_sysctl_overrides={"kernel.panic": value}))


@pytest.mark.parametrize("value", ["ten", "", 10.0, True, "true", [10], {}, -2, 3601, "1e1", "0x10", "auto", "10\nx"])
def test_seconds_that_are_not(value: Any) -> None:
    text = refusal(panic_sysctl_overrides={"kernel.panic": value})
    assert text.startswith("panic_sysctl_overrides['kernel.panic']: '")
    assert text.endswith("is not a whole number from -1 to 3600")


@pytest.mark.parametrize("value", [0, "0"])
def test_a_zero_would_hang(value: Any) -> None:
    text = refusal(panic_sysctl_overrides={"kernel.panic": value})
    assert text.startswith("panic_sysctl_overrides['kernel.panic']: 0 leaves the host hanging")


@pytest.mark.parametrize(
    "key, value",
    [
        ("kernel.panic_on_oops", 2),
        ("kernel.panic_on_oops", -1),
        ("kernel.panic_on_oops", False),
        ("vm.panic_on_oom", 3),
        ("kernel.watchdog_thresh", 61),
        ("kernel.watchdog_thresh", 0),
        ("kernel.max_rcu_stall_to_panic", 0),
        ("kernel.warn_limit", -1),
        ("kernel.oops_limit", 2147483648),
    ],
)
def test_values_that_the_kernel_refuses(key: str, value: Any) -> None:
    assert refusal(panic_sysctl_overrides={key: value}).startswith("panic_sysctl_overrides['%s']: '" % key)


def test_auto_is_only_for_what_differs_on_metal() -> None:
    module.validate(policy(panic_sysctl_overrides={"kernel.hardlockup_panic": "auto"}))
    assert "or 'auto'" in refusal(panic_sysctl_overrides={"kernel.hardlockup_panic": "always"})
    assert "or 'auto'" not in refusal(panic_sysctl_overrides={"kernel.panic_on_oops": "auto"})


@pytest.mark.parametrize("key", ["kernel.panik", "../../etc", "kernel.panic\n", "kernel/panic", "vm.swappiness", 5])
def test_a_key_that_is_no_panic_parameter(key: Any) -> None:
    text = refusal(panic_sysctl_overrides={key: 1})
    assert text.startswith(
        "panic_sysctl_overrides['%s']: is not a panic parameter; known: " % str(key).replace("\n", "\\n")
    )


def test_kexec_is_never_switched_off() -> None:
    assert refusal(panic_sysctl_overrides={"kernel.kexec_load_disabled": 1}).startswith(
        "panic_sysctl_overrides['kernel.kexec_load_disabled']: would keep kdump from loading"
    )


def test_every_profile_is_checked_also_one_not_chosen() -> None:
    profiles = dict(policy()["panic_sysctl_profiles"], forensic={"kernel.panic": 0})
    assert refusal(panic_sysctl_profiles=profiles).startswith("panic_sysctl_profiles['forensic']['kernel.panic']: 0")
    assert refusal(panic_sysctl_profiles={"availability": [1]}).startswith(
        "panic_sysctl_profiles['availability']: must"
    )


def test_an_unknown_profile_is_named_with_those_there_are() -> None:
    assert (
        refusal(panic_hardening_profile="paranoid") == "panic_hardening_profile: 'paranoid' is not one of availability"
    )


def test_panic_on_the_command_line_needs_a_value() -> None:
    alone = {"kernel.panic": None}
    assert refusal(panic_sysctl_overrides=alone).startswith("panic_sysctl_overrides['kernel.panic']: is left alone")
    module.validate(policy(panic_sysctl_overrides=alone, panic_sysctl_cmdline=False))


@pytest.mark.parametrize("state, value", [(METAL, "1"), (VM, "0"), (UNKNOWN, "0")])
def test_auto_is_one_on_metal_alone(state: Dict[str, Any], value: str) -> None:
    wanted = module.resolve(policy(), state)
    assert wanted == {"sysctls": {"kernel.panic": "10", "kernel.softlockup_panic": value}, "cmdline": {"panic": "10"}}


def test_an_override_wins_and_null_leaves_alone() -> None:
    wanted = module.resolve(
        policy(panic_sysctl_overrides={"kernel.panic": " 30", "kernel.softlockup_panic": None}), METAL
    )
    assert wanted == {"sysctls": {"kernel.panic": "30"}, "cmdline": {"panic": "30"}}


def test_the_command_line_can_be_left_alone() -> None:
    assert module.resolve(policy(panic_sysctl_cmdline=False), VM)["cmdline"] is None


def test_a_container_gets_nothing() -> None:
    assert module.resolve(policy(), CONTAINER) == {"sysctls": {}, "cmdline": None}


def test_what_differs_on_metal_may_be_wanted_or_not() -> None:
    for key, rule in module.KEYS.items():
        if rule.auto:
            assert (rule.minimum, rule.maximum) == (0, 1), key
