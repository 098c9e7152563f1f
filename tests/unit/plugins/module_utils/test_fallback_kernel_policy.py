# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the policy of fallback_kernel means on the lab's machine, and what is none. For Python 3.6 too."""

from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _fallback_kernel,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import OLD, complete_machine, kernel
from unit.plugins.module_utils.test_fallback_kernel import POLICY


class TestPurge:
    @pytest.fixture
    def host(self, make_host: Any) -> FixtureHost:
        made = complete_machine(make_host)
        _boot_kernel_changes.apply(made, _boot_kernel.observe(made), _boot_kernel_changes.Wish(OLD, None))
        return made

    def test_packages_of_what_may_go(self, host: FixtureHost) -> None:
        older = "6.1.0-50-cloud-amd64"
        kernel(host, older)
        rows = (("image-" + older, "installed"), ("headers-" + older, "installed"), ("image-" + OLD, "installed"))
        gone = ("modules-" + older, "config-files")
        text = "".join("Package: linux-%s\nStatus: install ok %s\nVersion: 1\n\n" % row for row in rows + (gone,))
        host.put("/var/lib/dpkg/status", text)
        state = _fallback_kernel.observe(host)
        wanted = _fallback_kernel.resolve(POLICY, state)
        assert wanted["purge"] == ["linux-image-" + older, "linux-headers-" + older]
        assert _fallback_kernel.resolve(dict(POLICY, fallback_kernel_retain=2), state)["purge"] == []


@pytest.mark.parametrize("value", [0, -1, 21, "two", 1.5, True, None])
def test_a_policy_that_means_nothing_is_refused(value: Any) -> None:
    with pytest.raises(PolicyError, match="^fallback_kernel_retain: "):
        _fallback_kernel.validate(dict(POLICY, fallback_kernel_retain=value))


@pytest.mark.parametrize(
    "name, value",
    [
        ("boot_timeout", 300),
        ("boot_timeout", 59),
        ("ssh_port", 65536),
        ("menu_timeout", 0),
        ("scripts", "etc"),
        ("scripts", "/etc/../root"),
        ("scripts", "/etc/%n"),
        ("scripts", "/etc/a b"),
    ],
)
def test_an_option_that_means_nothing_is_refused(name: str, value: Any) -> None:
    with pytest.raises(PolicyError, match="^fallback_kernel_%s: " % name):
        _fallback_kernel.validate(dict(POLICY, **{"fallback_kernel_" + name: value}))
