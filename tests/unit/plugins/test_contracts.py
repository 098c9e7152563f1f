# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down twice must say the same: defaults, argument specs, playbooks, documentation, argument specs of modules."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _panic_sysctl_policy, _roles

TOP = pathlib.Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (TOP / "roles").iterdir() if path.is_dir())
MODULES = sorted(path.stem for path in (TOP / "plugins/modules").glob("*.py"))
PLAYBOOKS = sorted((TOP / "playbooks").glob("*.yml"))
# What Ansible reads of a result itself: of another meaning there, each of them would fail a task or change a play.
READ_BY_ANSIBLE = {"failed", "skipped", "unreachable", "exception", "ansible_facts", "invocation"}
PREFIX = "ansible_collections.kernelops.panic_hardening.plugins"


def load(path: pathlib.Path) -> t.Any:
    return yaml.safe_load(path.read_text())


def defaults(role: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", load(TOP / "roles" / role / "defaults/main.yml"))


def specs(role: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", load(TOP / "roles" / role / "meta/argument_specs.yml")["argument_specs"])


def module(name: str) -> t.Any:
    return importlib.import_module(f"{PREFIX}.modules.{name}")


def documentation(name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load(module(name).DOCUMENTATION))


def test_there_is_something_to_compare() -> None:
    assert {"panic_hardening", "panic_sysctl"} <= set(ROLES)
    assert {"audit_report", "hardening_info", "kernel_cmdline", "sysctl_profile"} <= set(MODULES)
    assert {path.name for path in PLAYBOOKS} >= {"audit.yml", "diagnose.yml", "harden.yml", "remove.yml"}


@pytest.mark.parametrize("role", ROLES)
class TestRole:
    """A role's variables, in its defaults and in its argument specs."""

    def test_every_default_is_an_option_and_every_option_has_a_default(self, role: str) -> None:
        assert set(defaults(role)) == set(specs(role)["main"]["options"])

    def test_a_switch_may_come_from_the_command_line(self, role: str) -> None:
        """There -e name=true is a text, and ansible-core refuses a text as a condition."""
        tasks = "".join(path.read_text() for path in sorted((TOP / "roles" / role / "tasks").glob("*.yml")))
        for name, option in specs(role)["main"]["options"].items():
            if option["type"] == "bool":
                assert not re.search(rf"(?m)^ *(?:- |when: |that: )(?:not )?{name}(?! \| bool)\b", tasks)

    def test_the_documented_defaults_are_the_real_ones(self, role: str) -> None:
        real = defaults(role)
        for name, option in specs(role)["main"]["options"].items():
            if "default" in option:
                assert option["default"] == real[name], name

    def test_every_option_is_described_and_bears_the_role_s_name(self, role: str) -> None:
        for name, option in specs(role)["main"]["options"].items():
            assert name.startswith(role + "_"), name
            assert option["description"], name
            assert option["type"], name

    def test_every_entry_point_has_its_tasks(self, role: str) -> None:
        for entry, spec in specs(role).items():
            assert (TOP / "roles" / role / "tasks" / f"{entry}.yml").is_file(), entry
            assert spec["short_description"]
            assert spec["description"]


def test_the_roles_that_harden_offers_are_those_that_the_audit_knows() -> None:
    option = specs("panic_hardening")["main"]["options"]["panic_hardening_roles"]
    known = set(_roles.KERNEL + _roles.HARDWARE)
    assert set(option["choices"]) == known
    assert set(option["default"]) <= known <= set(ROLES)


def test_every_profile_can_be_chosen_and_is_valid_for_every_role() -> None:
    option = specs("panic_hardening")["main"]["options"]["panic_hardening_profile"]
    policy = defaults("panic_hardening") | defaults("panic_sysctl")
    assert sorted(option["choices"]) == sorted(policy["panic_sysctl_profiles"])
    for profile in option["choices"]:
        _panic_sysctl_policy.validate(policy | {"panic_hardening_profile": profile})


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_the_defaults_that_a_play_needs_are_those_of_the_role(playbook: pathlib.Path) -> None:
    """A play's own keywords are read before any role: they cannot use its defaults."""
    real = {name: value for role in ROLES for name, value in defaults(role).items()}
    found = re.findall(r"\{\{\s*(\w+)\s*\|\s*default\(([^)]*)\)\s*\}\}", playbook.read_text())
    for name, written in found:
        assert yaml.safe_load(written) == real[name], name
    assert len(found) == playbook.read_text().count("default("), "a default in a form that this test does not see"


@pytest.mark.parametrize("option", ["since", "boots", "limit", "kinds"])
def test_crash_info_alone_and_the_diagnosis_have_the_same_defaults(option: str) -> None:
    written = defaults("panic_hardening")[f"panic_hardening_diagnose_{option}"]
    assert (documentation("crash_info")["options"][option].get("default") or type(written)()) == written


def options_of(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """The argument spec that the module's main() builds."""

    class Caught(Exception):
        pass

    seen: dict[str, t.Any] = {}

    def catch(*_arguments: t.Any, **keywords: t.Any) -> None:
        seen.update(keywords)
        raise Caught

    monkeypatch.setattr(module(name), "AnsibleModule", catch)
    with pytest.raises(Caught):
        module(name).main()
    return seen


@pytest.mark.parametrize("name", MODULES)
class TestModule:
    """A module's documentation against what it does."""

    def test_the_documentation_is_whole(self, name: str) -> None:
        text = documentation(name)
        assert text["module"] == name
        assert text["short_description"]
        assert "kernelops.panic_hardening.attributes" in text["extends_documentation_fragment"]
        for option, about in text["options"].items():
            assert about["description"], option
            assert about["type"], option
        for key, about in yaml.safe_load(module(name).RETURN).items():
            assert about["description"], key
            assert about["returned"], key
            assert about["type"], key
            assert key not in READ_BY_ANSIBLE, key

    def test_the_examples_use_what_there_is(self, name: str) -> None:
        known = set(documentation(name)["options"])
        tasks = yaml.safe_load(module(name).EXAMPLES)
        used = [task for task in tasks if f"kernelops.panic_hardening.{name}" in task]
        assert used
        for task in tasks:
            assert task["name"]
            arguments = task.get(f"kernelops.panic_hardening.{name}") or {}
            assert set(arguments) <= known

    def test_the_argument_spec_is_the_documented_one(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        if not hasattr(module(name), "main"):
            pytest.skip("only an action plugin: it runs on the controller alone")
        documented = documentation(name)["options"]
        built = options_of(name, monkeypatch)
        assert built["supports_check_mode"] is True
        for option in set(documented) | set(built["argument_spec"]):
            ours, theirs = built["argument_spec"][option], documented[option]
            for part in ("type", "default", "choices", "elements", "required"):
                assert ours.get(part) == theirs.get(part), (option, part)


@pytest.mark.parametrize("name", ["sysctl_profile", "kernel_cmdline"])
def test_a_writer_without_what_it_shall_write_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    built = options_of(name, monkeypatch)
    assert [(key, value) for key, value, _needs in built["required_if"]] == [("state", "present")]
