# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a systemd that crashes does is decided by the last file that says it. For Python 3.6 too."""

from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _fallback_kernel,
    _fallback_kernel_config,
    _fallback_kernel_policy,
    _fallback_kernel_trial_judges,
)
from unit.plugins.module_utils.fixture_kernels import complete_machine
from unit.plugins.module_utils.test_fallback_kernel import POLICY


@pytest.mark.parametrize("version, key", [("252", "CrashReboot"), ("257", "CrashAction")])
@pytest.mark.parametrize(
    "value, status", [("no", "fail"), ("freeze", "fail"), ("reboot", "pass"), ("on", "pass"), ("", "pass")]
)
def test_a_later_file_decides(make_host: Any, version: str, key: str, value: str, status: str) -> None:
    host = complete_machine(make_host, version)
    _fallback_kernel_config.apply(host, _boot_kernel.observe(host), _fallback_kernel_policy.options(POLICY))
    path = "/etc/systemd/system.conf.d/zzz.conf"
    host.put(path, "[Manager]\n%s=%s\n" % (key, value))
    found = _fallback_kernel_trial_judges.confirmation_installed(POLICY, _fallback_kernel.observe(host), {})
    assert (found["status"], (path + ":2 has a systemd") in found.get("reason", "")) == (status, status == "fail")
