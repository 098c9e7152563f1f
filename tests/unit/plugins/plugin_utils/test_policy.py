# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of a host: defaults, the host's variables over them, an explicit policy over all."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import typing as t

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _policy

Build = t.Callable[..., dict[str, t.Any]]
Template = t.Callable[[str], str]


def refusal(build: Build, *arguments: t.Any) -> str:
    with pytest.raises(PolicyError) as caught:
        build(*arguments)
    return str(caught.value)


def test_without_variables_it_is_the_defaults(build: Build) -> None:
    policy = build()
    assert policy["panic_hardening_profile"] == "availability"
    assert policy["panic_hardening_roles"] == ["panic_sysctl", "kdump"]
    assert policy["panic_sysctl_profiles"]["availability"]["kernel.panic"] == 10
    assert policy["panic_hardening_fail_on_drift"] is False


def test_host_variables_win_over_defaults_and_explicit_ones_over_both(build: Build) -> None:
    host = {"panic_hardening_profile": "forensic", "panic_sysctl_overrides": {"kernel.panic": 30}, "other": 1}
    assert build(host)["panic_hardening_profile"] == "forensic"
    assert build(host)["panic_sysctl_overrides"] == {"kernel.panic": 30}
    policy = build(host, {"panic_hardening_profile": "integrity"})
    assert policy["panic_hardening_profile"] == "integrity"
    assert policy["panic_sysctl_overrides"] == {"kernel.panic": 30}


def test_templates_are_resolved_with_the_host_s_own_variables(build: Build, template: Template) -> None:
    host = {
        "seconds": 20,
        "panic_sysctl_overrides": {"kernel.panic": template("{{ seconds + 5 }}")},
        "panic_sysctl_cmdline": template("{{ seconds > 10 }}"),
        "panic_hardening_profile": template("{{ wanted }}"),
        "wanted": template("{{ 'foren' ~ 'sic' }}"),
    }
    policy = build(host)
    # before 2.19 a template inside a dictionary gives text, which the roles take for a number too
    assert {key: int(value) for key, value in policy["panic_sysctl_overrides"].items()} == {"kernel.panic": 25}
    assert policy["panic_sysctl_cmdline"] is True
    assert policy["panic_hardening_profile"] == "forensic"


def test_templates_in_the_defaults_are_resolved_too(build: Build, monkeypatch: t.Any, tmp_path: t.Any) -> None:
    """With a plain YAML parser, ansible-core 2.19 hands them on as literal text, silently."""
    roles = tmp_path / "roles"
    shutil.copytree(os.path.realpath(_policy.ROLES_DIR), roles)
    defaults = roles / "panic_sysctl/defaults/main.yml"
    text = defaults.read_text()
    defaults.write_text(text.replace("panic_sysctl_cmdline: true", "panic_sysctl_cmdline: \"{{ site == 'x' }}\""))
    assert defaults.read_text() != text
    monkeypatch.setattr(_policy, "ROLES_DIR", str(roles))
    assert build({"site": "x"})["panic_sysctl_cmdline"] is True
    assert build({"site": "y"})["panic_sysctl_cmdline"] is False


@pytest.mark.parametrize(
    "name, hint",
    [
        ("panic_hardening_profil", "panic_hardening_profile"),
        ("panic_sysctl_override", "panic_sysctl_overrides"),
        ("panic_sysctl_kernel_panic", None),
        ("panic_hardening_x", None),
    ],
)
def test_a_misspelt_variable_is_refused_with_a_hint(build: Build, name: str, hint: str | None) -> None:
    text = refusal(build, {name: 1})
    assert text.startswith(f"{name}: is not a variable of the collection's roles")
    assert hint is None or text.endswith(f"; did you mean {hint}?")


def test_a_misspelt_variable_in_an_explicit_policy_is_refused(build: Build) -> None:
    text = refusal(build, {}, {"panic_sysctl_overides": {}})
    assert text.endswith("; did you mean panic_sysctl_overrides?")
    assert refusal(build, {}, {"colour": "red"}).startswith("colour: is not a variable")


@pytest.mark.parametrize(
    "name", ["panic_sysctl_reboot_required", "panicky", "__panic_sysctl_before", "kdumper", "panic"]
)
def test_variables_of_others_are_none_of_its_business(build: Build, name: str) -> None:
    assert name not in build({name: "x"})


@pytest.mark.parametrize(
    "host, variable",
    [
        ({"panic_hardening_profile": "paranoid"}, "panic_hardening_profile"),
        ({"panic_hardening_roles": ["kdmp"]}, "panic_hardening_roles"),
        ({"panic_hardening_fail_on_drift": "perhaps"}, "panic_hardening_fail_on_drift"),
        ({"panic_hardening_waivers": [1]}, "panic_hardening_waivers"),
        ({"panic_hardening_waivers": {"panic_sysctl.*": {"reason": "x", "untill": "2027-01-01"}}}, "untill"),
        ({"panic_sysctl_overrides": "ten"}, "panic_sysctl_overrides"),
        ({"panic_sysctl_overrides": {"kernel.panic": "ten"}}, "panic_sysctl_overrides['kernel.panic']"),
        ({"panic_sysctl_overrides": {"kernel.panic": 0}}, "panic_sysctl_overrides['kernel.panic']"),
        ({"panic_sysctl_overrides": {"../x": 1}}, "panic_sysctl_overrides['../x']"),
        ({"panic_sysctl_overrides": {"kernel.panic\n": 1}}, "panic_sysctl_overrides['kernel.panic\\n']"),
        ({"panic_sysctl_cmdline": "perhaps"}, "panic_sysctl_cmdline"),
        ({"panic_hardening_query": "hosts[?"}, "panic_hardening_query"),
    ],
)
def test_bad_input_is_refused_with_the_variable_named(build: Build, host: dict[str, t.Any], variable: str) -> None:
    assert variable in refusal(build, host)


def test_a_bad_value_of_a_role_that_is_not_asked_for_is_not_seen(build: Build) -> None:
    host = {"panic_hardening_roles": [], "panic_sysctl_overrides": {"kernel.panic": 0}}
    assert build(host)["panic_hardening_roles"] == []
    assert "kernel.panic" in refusal(build, host, {}, ["panic_sysctl"])


def test_an_unquoted_date_is_a_date(build: Build) -> None:
    waiver = {"panic_sysctl.*": {"reason": "x", "until": datetime.date(2027, 1, 31)}}
    assert (
        build({"panic_hardening_waivers": waiver})["panic_hardening_waivers"]["panic_sysctl.*"]["until"] == "2027-01-31"
    )


def test_a_good_query_is_accepted_and_run(build: Build) -> None:
    expression = "hosts[?verdict=='drifted'].host"
    assert build({"panic_hardening_query": expression})["panic_hardening_query"] == expression
    hosts = [{"host": "a", "verdict": "drifted"}, {"host": "b", "verdict": "hardened"}]
    assert _policy.query(expression, {"hosts": hosts}) == ["a"]


def test_a_query_that_does_not_fit_the_data_is_named() -> None:
    with pytest.raises(PolicyError, match="^panic_hardening_query: "):
        _policy.query("sum(hosts)", {"hosts": ["x"]})


def test_the_policy_is_plain_json(build: Build, template: Template) -> None:
    policy = build({"panic_sysctl_overrides": {"kernel.panic": template("{{ 3 }}")}})
    assert json.loads(json.dumps(policy)) == policy
