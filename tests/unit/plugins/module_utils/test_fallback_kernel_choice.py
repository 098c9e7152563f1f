# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel a run of the role takes for the known-good one. Runs on every Python from 3.6 on."""

from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _boot_kernel, _boot_kernel_changes
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_choice import known_good
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import NEW, OLD, lab_machine, sized

STATUS = "/var/lib/dpkg/status"


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    """OLD runs and was set."""
    made = lab_machine(make_host)
    _boot_kernel_changes.apply(made, _boot_kernel.observe(made), _boot_kernel_changes.Wish(OLD, None))
    return made


def state(host: FixtureHost, **changes: Any) -> Dict[str, Any]:
    return dict(_boot_kernel.observe(host), **changes)


def half_configured(host: FixtureHost, release: str) -> None:
    host.put(STATUS, "Package: linux-image-%s\nStatus: install ok half-configured\n" % release)


def lose(host: FixtureHost, release: str) -> None:
    sized(host, "/boot/initrd.img-" + release, 0)


def test_the_one_that_was_set(host: FixtureHost) -> None:
    assert known_good(state(host)) == OLD
    assert known_good(state(host, running=NEW)) == OLD, "a run of the role is no confirmation"


def test_a_hook_that_failed_takes_nothing_from_it(host: FixtureHost) -> None:
    half_configured(host, OLD)
    found = state(host)
    assert [kernel["bootable"] for kernel in found["kernels"] if kernel["release"] == OLD] == [False]
    assert known_good(found) == OLD


def test_nor_from_the_running_one_where_none_was_set(host: FixtureHost) -> None:
    """The other one waits, and nobody has seen it run."""
    half_configured(host, OLD)
    assert known_good(state(host, known_good="")) == OLD


def test_one_whose_confirmation_was_interrupted_is_not_kept(host: FixtureHost) -> None:
    """The script names it, and the menu does not yet."""
    trial = {"status": "failed", "release": NEW}
    assert known_good(state(host, known_good=NEW, trial=trial, failed=[NEW])) == OLD
    after = dict(state(host)["default"], release=NEW)
    assert known_good(state(host, known_good=NEW, trial=trial, failed=[NEW], default=after)) == NEW


def test_without_one_the_running_one(host: FixtureHost) -> None:
    assert known_good(state(host, known_good="", running=NEW)) == NEW
    assert known_good(state(host, known_good="", running=NEW, pin=OLD)) == OLD
    lose(host, OLD)
    assert known_good(state(host, running=NEW)) == NEW


@pytest.mark.parametrize("status, failed", [("failed", [NEW]), ("none", [NEW]), ("running", [])])
def test_never_one_that_has_failed_or_is_being_tried(host: FixtureHost, status: str, failed: Any) -> None:
    second = "6.1.0-54-cloud-amd64"
    for path in ("/boot/vmlinuz-", "/boot/initrd.img-"):
        sized(host, path + second, 2**20)
    host.put("/lib/modules/%s/modules.dep" % second, "a.ko:\n")
    lose(host, OLD)
    trial = {"status": status, "release": "" if status == "none" else NEW}
    with pytest.raises(
        HostError, match="%s cannot \\(initrd: .* no other has been seen to run well; .* boot_kernel" % OLD
    ):
        known_good(state(host, running=NEW, trial=trial, failed=failed))


def test_never_one_that_nobody_has_seen_run(host: FixtureHost) -> None:
    """The running one is not whole, and two others wait."""
    with pytest.raises(HostError, match="^no kernel can be taken .*: 6.5.0-own cannot \\(it is not installed\\)"):
        known_good(state(host, known_good="", running="6.5.0-own"))


def test_where_there_is_but_one_there_is_no_choice(host: FixtureHost) -> None:
    lose(host, OLD)
    assert known_good(state(host)) == NEW
