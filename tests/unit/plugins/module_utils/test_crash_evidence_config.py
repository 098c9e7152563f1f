# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the role crash_evidence: what is written, that it counts at once, and the way back."""

import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _crash_evidence_config,
    _crash_evidence_files,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash_evidence_config import RECORD
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash_evidence_files import (
    JOURNALD,
    NETCONSOLE_UNIT,
    PSTORE_UNIT,
    TMPFILES,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils import fixture_evidence
from unit.plugins.module_utils.fixture_evidence import (
    JOURNAL,
    NETCONSOLE,
    POST_NOTIFIERS,
    configure,
    options,
    systemctl,
)
from unit.plugins.module_utils.fixture_host import refuse
from unit.plugins.module_utils.fixture_kdump import KdumpHost

RESTART = "systemctl restart systemd-journald.service"
EVERYTHING: Dict[str, Any] = dict(
    journal_size="2G", pstore_days=0, post_notifiers=True, ramoops="oops", netconsole=NETCONSOLE
)


@pytest.fixture
def host(tmp_path: Path) -> KdumpHost:
    return fixture_evidence.debian(str(tmp_path / "host"))


def test_the_defaults(host: KdumpHost) -> None:
    configure(host)
    assert host.text(JOURNALD).splitlines()[1:] == ["[Journal]", "Storage=persistent", "SyncIntervalSec=60s"]
    assert host.text(TMPFILES).splitlines()[1:] == ["d /var/lib/systemd/pstore 0755 root root 365d"]
    assert systemctl(host).done == [RESTART, "journalctl --flush"]
    for path in (PSTORE_UNIT, NETCONSOLE_UNIT, RECORD):
        assert not host.exists(path), path


def test_everything(host: KdumpHost) -> None:
    configure(host, **EVERYTHING)
    assert host.text(JOURNALD).splitlines()[-1] == "SystemMaxUse=2G"
    assert host.text(TMPFILES).splitlines()[1:] == [
        "d /var/lib/systemd/pstore 0755 root root -",
        "w- %s - - - - Y" % POST_NOTIFIERS,
    ]
    assert re.search(r"(?m)^After=modprobe@ramoops.service$", host.text(PSTORE_UNIT))
    assert "ExecStart=/sbin/modprobe netconsole netconsole=%s\n" % NETCONSOLE in host.text(NETCONSOLE_UNIT)
    assert host.text(POST_NOTIFIERS) == "Y"
    assert systemctl(host).done == [
        "systemctl daemon-reload",
        RESTART,
        "journalctl --flush",
        "systemctl enable kernelops-netconsole.service",
        "systemctl restart kernelops-netconsole.service",
    ]


@pytest.mark.parametrize("changes", [{}, EVERYTHING])
def test_a_plan_changes_nothing_and_is_fulfilled_at_once(host: KdumpHost, changes: Dict[str, Any]) -> None:
    wanted = options(**changes)
    before = host.snapshot()
    assert _crash_evidence_config.plan(host, wanted)
    assert host.snapshot() == before
    assert systemctl(host).done == []
    _crash_evidence_config.apply(host, wanted)
    assert _crash_evidence_config.plan(host, wanted) == []
    done, after = len(systemctl(host).done), host.snapshot()
    _crash_evidence_config.apply(host, wanted)
    assert (len(systemctl(host).done), host.snapshot()) == (done, after)


def test_removal_gives_the_machine_back(host: KdumpHost) -> None:
    before = {path: what for path, what in host.snapshot().items() if what != "directory"}
    configure(host, **EVERYTHING)
    _crash_evidence_config.apply(host, None)
    after = {path: what for path, what in host.snapshot().items() if what != "directory"}
    # The kernel's own file ends its lines itself.
    before[POST_NOTIFIERS], after[POST_NOTIFIERS] = None, host.text(POST_NOTIFIERS)
    assert after.pop(POST_NOTIFIERS) == "N"
    before.pop(POST_NOTIFIERS)
    assert after == before
    assert systemctl(host).done[-3:] == [
        "systemctl disable --now kernelops-netconsole.service",
        "systemctl daemon-reload",
        RESTART,
    ]
    assert not host.exists("/var/lib/kernelops-panic_hardening")
    assert not host.exists("/etc/systemd/journald.conf.d")
    assert _crash_evidence_config.plan(host, None) == []


def test_what_is_no_longer_asked_for_goes_back(host: KdumpHost) -> None:
    configure(host, **EVERYTHING)
    configure(host)
    assert host.text(POST_NOTIFIERS) == "N"
    for path in (PSTORE_UNIT, NETCONSOLE_UNIT, RECORD):
        assert not host.exists(path), path


def test_a_value_that_others_set_is_left_to_them(host: KdumpHost) -> None:
    host.put(POST_NOTIFIERS, "Y\n")
    configure(host)
    assert host.text(POST_NOTIFIERS) == "Y\n"
    configure(host, post_notifiers=True)
    _crash_evidence_config.apply(host, None)
    assert host.text(POST_NOTIFIERS) == "Y\n"


def test_a_journal_in_memory_comes_to_the_disk(host: KdumpHost) -> None:
    os.unlink(host.root + JOURNAL)
    os.rmdir(host.root + os.path.dirname(JOURNAL))
    os.rmdir(host.root + "/var/log/journal")
    configure(host)
    assert systemctl(host).done[0] == "systemd-tmpfiles --create --prefix /var/log/journal"
    assert host.exists(JOURNAL)


def test_a_half_finished_earlier_run_is_finished(host: KdumpHost) -> None:
    configure(host)
    os.unlink(host.root + JOURNAL)
    assert [change.path for change in _crash_evidence_config.plan(host, options())] == ["/var/log/journal"]
    configure(host)
    assert host.exists(JOURNAL)


def test_a_journald_that_does_not_follow_is_an_error(host: KdumpHost) -> None:
    os.unlink(host.root + JOURNAL)
    systemctl(host).persists = False
    with pytest.raises(HostError, match="keeps no journal below /var/log/journal: 'journalctl -u systemd-journald"):
        configure(host)


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(host: KdumpHost) -> None:
    host.refused.add(TMPFILES)
    before = {path: what for path, what in host.snapshot().items() if what != "directory"}
    with pytest.raises(HostError, match="No space left"):
        configure(host, **EVERYTHING)
    assert {path: what for path, what in host.snapshot().items() if what != "directory"} == before
    assert RESTART not in systemctl(host).done


def files_of(host: KdumpHost) -> Dict[str, Any]:
    return {path: what for path, what in host.snapshot().items() if what != "directory"}


STEPS = [
    "daemon-reload",
    "restart systemd-journald",
    "journalctl --flush",
    "enable kernelops-netconsole",
    "restart kernelops-netconsole",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_is_made_up_for_by_the_next_run(host: KdumpHost, step: str) -> None:
    before = files_of(host)
    systemctl(host).fails = step
    with pytest.raises(HostError, match="Job failed"):
        configure(host, **EVERYTHING)
    assert files_of(host) == before
    systemctl(host).fails = ""
    assert len(_crash_evidence_config.plan(host, options(**EVERYTHING))) == 7
    systemctl(host).done = []
    configure(host, **EVERYTHING)
    assert [done for done in systemctl(host).done if step in done]
    assert host.text(POST_NOTIFIERS) == "Y"
    _crash_evidence_config.apply(host, None)
    assert host.text(POST_NOTIFIERS) == "N"


@pytest.mark.parametrize("step", ["disable --now kernelops-netconsole", "daemon-reload", "restart systemd-journald"])
def test_a_removal_that_fails_is_made_up_for_by_the_next_one(host: KdumpHost, step: str) -> None:
    configure(host, **EVERYTHING)
    before = files_of(host)
    systemctl(host).fails = step
    with pytest.raises(HostError, match="Job failed"):
        _crash_evidence_config.apply(host, None)
    before[POST_NOTIFIERS] = files_of(host)[POST_NOTIFIERS]
    assert files_of(host) == before
    systemctl(host).fails = ""
    _crash_evidence_config.apply(host, None)
    assert host.text(POST_NOTIFIERS) == "N"
    assert not host.exists(RECORD) and not host.exists(NETCONSOLE_UNIT) and not host.exists(JOURNALD)
    assert _crash_evidence_config.plan(host, None) == []


def test_what_the_kernel_does_not_take_back_keeps_its_record(host: KdumpHost) -> None:
    configure(host, **EVERYTHING)
    host.kernel[POST_NOTIFIERS] = refuse()
    with pytest.raises(HostError, match="the kernel refused"):
        _crash_evidence_config.apply(host, None)
    del host.kernel[POST_NOTIFIERS]
    _crash_evidence_config.apply(host, None)
    assert host.text(POST_NOTIFIERS) == "N"


def test_netconsole_is_on_again_where_its_removal_fails(host: KdumpHost) -> None:
    configure(host, netconsole=NETCONSOLE)
    host.refused.add(TMPFILES)
    with pytest.raises(HostError, match="No space left"):
        configure(host, pstore_days=20)
    assert systemctl(host).done[-1] == "systemctl enable --now kernelops-netconsole.service"
    assert [change.path for change in _crash_evidence_config.plan(host, options(netconsole=NETCONSOLE))] == []


def test_another_target_restarts_netconsole(host: KdumpHost) -> None:
    configure(host, netconsole=NETCONSOLE)
    configure(host, netconsole="@/eth1,@192.0.2.20/")
    assert systemctl(host).done[-1] == "systemctl restart kernelops-netconsole.service"


def test_a_damaged_record_is_named(host: KdumpHost) -> None:
    host.put(RECORD, "[1")
    with pytest.raises(HostError, match="^%s: is damaged" % RECORD):
        _crash_evidence_config.plan(host, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="systemd-tmpfiles changes owners")
@pytest.mark.skipif(not os.path.exists("/usr/bin/systemd-tmpfiles"), reason="this machine has no systemd")
@pytest.mark.parametrize("days, kept", [(None, False), (20, False), (365, True), (0, True)])
def test_systemd_itself_keeps_the_archive_as_long(host: KdumpHost, days: int, kept: bool) -> None:
    if days is not None:
        host.put(TMPFILES, _crash_evidence_files.texts(options(pstore_days=days))[TMPFILES])
    for path in ("/etc/passwd", "/etc/group"):
        host.put(path, "root:x:0:0::/root:/bin/sh\n" if path == "/etc/passwd" else "root:x:0:\n")
    record = "/var/lib/systemd/pstore/1/dmesg.txt"
    host.put(record, "x")
    old = time.time() - 30 * 86400
    os.utime(host.root + record, (old, old))
    # The time of its last change of state cannot be set back: only the others count.
    text = host.text(TMPFILES) if days is not None else host.text("/usr/lib/tmpfiles.d/systemd-pstore.conf")
    path = TMPFILES if days is not None else "/usr/lib/tmpfiles.d/systemd-pstore.conf"
    host.put(path, re.sub(r"(0755 root root )(\d+d)", r"\1mM:\2", text))
    command = ["systemd-tmpfiles", "--clean", "--root", host.root]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = process.communicate(timeout=60)[0].decode("utf-8", "replace")
    assert process.returncode == 0, out
    assert host.exists(record) is kept
