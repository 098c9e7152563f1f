# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kdump's configuration writes on machines made of trees, and that it all can be taken back."""

import json
import os
from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump_config,
    _kdump_files,
    _kdump_plan,
    _kdump_proof,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_kdump import (
    CONFIG,
    KEXEC_CMD,
    MASK,
    UNIT,
    KdumpHost,
    debian,
    redhat,
    wish,
)
from unit.plugins.module_utils.fixture_kdump_config import (
    LOADED,
    SSH,
    absent,
    present,
    settings,
    systemctl,
    tree,
)


@pytest.fixture
def host(tmp_path: Any) -> KdumpHost:
    return debian(str(tmp_path / "host"))


@pytest.fixture
def rhel(tmp_path: Any) -> KdumpHost:
    return redhat(str(tmp_path / "host"))


class TestKdumpTools:
    def test_the_plan_names_all_of_it(self, host: KdumpHost) -> None:
        host.remove("/etc/systemd/system/multi-user.target.wants/" + UNIT)
        assert present(host) == [
            _kdump_files.ROTATE,
            "/etc/systemd/system/kdump-tools.service.d/kernelops-kdump.conf",
            "/etc/systemd/system/kdump-tools-dump.service.d/kernelops-kdump.conf",
            "/etc/systemd/system/emergency.service.d/kernelops-kdump.conf",
            CONFIG,
            "/var/crash",
            UNIT,
            UNIT,
        ]
        assert systemctl(host).done == ["daemon-reload", "enable " + UNIT, "restart " + UNIT]

    def test_the_settings(self, host: KdumpHost) -> None:
        present(host, keep=5, dump_level=17, failure_action="halt", capture_panic=7)
        found = settings(host)
        assert found["USE_KDUMP"] == "1"
        assert found["KDUMP_NUM_DUMPS"] == "5"
        assert found["MAKEDUMP_ARGS"] == "-c -d 17"
        assert found["KDUMP_FAIL_CMD"] == "halt -f"
        assert found["KDUMP_CMDLINE_APPEND"] == (
            "reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1 irqpoll usbcore.nousb"
            " panic=7 systemd.mask=systemd-sysctl.service"
        )
        assert (found["SSH"], found["NFS"], found["FTP"]) == ("", "", "")
        assert "HOSTTAG" not in found
        assert "KDUMP_KEXEC_ARGS" not in found

    def test_the_loaded_kernel_has_them(self, host: KdumpHost) -> None:
        present(host, capture_panic=7)
        assert 'usbcore.nousb panic=7 systemd.mask=systemd-sysctl.service"' in host.text(KEXEC_CMD)

    def test_an_operator_s_arguments_stay_and_an_older_panic_goes(self, host: KdumpHost) -> None:
        host.put(CONFIG, host.text(CONFIG) + 'KDUMP_CMDLINE_APPEND="panic=0 nr_cpus=2 mine=1"\n')
        present(host)
        present(host)
        wanted = "nr_cpus=2 mine=1 panic=10 systemd.mask=systemd-sysctl.service"
        assert settings(host)["KDUMP_CMDLINE_APPEND"] == wanted

    def test_a_locked_kernel_takes_only_signed_images(self, host: KdumpHost) -> None:
        host.put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
        present(host)
        assert settings(host)["KDUMP_KEXEC_ARGS"] == "-s"

    def test_a_remote_target_brings_up_the_network_as_the_host_does(self, host: KdumpHost) -> None:
        """In the lab the wait-online unit is masked, as on many servers: the capture kernel had no network."""
        host.link(
            "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service", "/lib/systemd/system/x.service"
        )
        present(host)
        assert "networkd" not in host.text(_kdump_files.drop_in("kdump-tools-dump.service"))
        present(host, **SSH)
        lines = host.text(_kdump_files.drop_in("kdump-tools-dump.service")).splitlines()
        assert "Wants=systemd-networkd.service" in lines
        assert "After=systemd-networkd.service" in lines

    def test_our_own_files(self, host: KdumpHost) -> None:
        present(host, capture_timeout=1234)
        unit = host.text(_kdump_files.drop_in("kdump-tools-dump.service"))
        assert "TimeoutStartSec=1234\n" in unit
        assert "JobTimeoutSec=1234\nJobTimeoutAction=reboot-force\n" in unit
        assert "FailureAction=reboot-force\n" in unit
        assert "ExecStartPre=-%s before-dump\n" % _kdump_files.ROTATE in unit
        assert "before-dump" not in host.text(_kdump_files.drop_in(UNIT))
        assert "test -s /proc/vmcore" in host.text(_kdump_files.drop_in("emergency.service"))
        assert host.mode(_kdump_files.ROTATE) == 0o755
        assert "directory='/var/crash'\nkeep=3\npercent=30\n" in host.text(_kdump_files.ROTATE)

    def test_without_a_timeout_no_unit_has_one(self, host: KdumpHost) -> None:
        present(host, capture_timeout=0)
        unit = host.text(_kdump_files.drop_in("kdump-tools-dump.service"))
        assert "Timeout" not in unit
        assert "FailureAction=reboot-force" in unit

    def test_absent_gives_the_machine_back(self, host: KdumpHost) -> None:
        before = tree(host)
        present(host, ["kdump-tools"])
        assert tree(host) != before
        assert host.mode("/var/crash") == 0o700
        absent(host)
        left = tree(host)
        # Directories that a service manager and a system have anyway may stay empty.
        new = sorted(path for path in left if path not in before)
        assert all(left[path][0] == "directory" for path in new)
        assert not [path for path in new if path.endswith(".d")], "no empty folder of a unit"
        assert dict((path, left[path]) for path in before) == before

    @pytest.mark.parametrize("text", ["USE_KDUMP=1", "USE_KDUMP=1\r\nSSH_KEY='/x'\r\n", "# only\n\n"])
    def test_absent_gives_any_file_back(self, host: KdumpHost, text: str) -> None:
        host.put(CONFIG, text)
        os.chmod(host.root + CONFIG, 0o640)
        present(host)
        present(host, keep=7)
        assert host.mode(CONFIG) == 0o640
        absent(host)
        with open(host.root + CONFIG, "rb") as stream:
            assert stream.read() == text.encode("utf-8")
        assert host.mode(CONFIG) == 0o640

    def test_absent_takes_the_proof_of_a_drill_along(self, host: KdumpHost) -> None:
        present(host)
        for path in _kdump_proof.RECORDS:
            host.put(path, "{}\n")
        changed = absent(host)
        assert set(_kdump_proof.RECORDS) | {_kdump_plan.RECORD} <= set(changed)
        assert not host.exists("/var/lib/kernelops-panic_hardening")

    def test_a_proof_outlives_another_run(self, host: KdumpHost) -> None:
        host.put(_kdump_proof.PROOF, "{}\n")
        present(host)
        assert host.text(_kdump_proof.PROOF) == "{}\n"

    def test_absent_on_a_machine_that_we_never_saw(self, host: KdumpHost) -> None:
        before = tree(host)
        assert absent(host) == []
        assert tree(host) == before
        assert systemctl(host).done == []

    @pytest.mark.parametrize("mode", [0o755, 0o2750, 0o700])
    def test_the_directory_s_mode_comes_back(self, host: KdumpHost, mode: int) -> None:
        host.make_directory("/var/crash", mode)
        planned = present(host)
        assert ("/var/crash" in planned) is (mode != 0o700)
        assert host.mode("/var/crash") == 0o700
        present(host, keep=9)
        absent(host)
        assert host.mode("/var/crash") == mode

    def test_the_mode_of_the_first_run_comes_back(self, host: KdumpHost) -> None:
        present(host)
        host.make_directory("/var/crash", 0o777)
        assert present(host) == ["/var/crash"]
        absent(host)
        assert host.mode("/var/crash") == 0o755

    def test_a_directory_that_was_not_there_goes(self, host: KdumpHost) -> None:
        host.put("/sys/kernel/kexec_crash_size", "0\n")
        present(host, directory="/srv/dumps")
        assert host.mode("/srv/dumps") == 0o700
        absent(host)
        assert not host.exists("/srv/dumps")

    def test_a_directory_with_dumps_stays(self, host: KdumpHost) -> None:
        host.put("/sys/kernel/kexec_crash_size", "0\n")
        present(host, directory="/srv/dumps")
        host.put("/srv/dumps/202611020314/dump.202611020314", "x")
        absent(host)
        assert host.text("/srv/dumps/202611020314/dump.202611020314") == "x"

    def test_an_edited_rotation_and_its_mode_are_drift(self, host: KdumpHost) -> None:
        present(host)
        os.chmod(host.root + _kdump_files.ROTATE, 0o644)
        assert present(host) == [_kdump_files.ROTATE]
        assert host.mode(_kdump_files.ROTATE) == 0o755
        host.put(_kdump_files.ROTATE, "#!/bin/sh\n")
        assert present(host) == [_kdump_files.ROTATE]

    def test_the_rotation_does_not_change_with_every_page_in_use(self, host: KdumpHost) -> None:
        present(host)
        host.put("/proc/meminfo", host.text("/proc/meminfo").replace("1302716", "1002716"))
        assert _kdump_plan.plan(host, wish(host)) == []


class TestRecord:
    def test_packages_add_up(self, host: KdumpHost) -> None:
        present(host, ["kexec-tools", "kdump-tools"])
        present(host, ["makedumpfile"], keep=4)
        assert _kdump_plan.record(host)["packages"] == ["kdump-tools", "kexec-tools", "makedumpfile"]
        assert _kdump_plan.record(host)["directories"] == {"/var/crash": 0o755}

    def test_nothing_is_recorded_at_first(self, host: KdumpHost) -> None:
        assert _kdump_plan.record(host) == {"packages": [], "directories": {}}

    def test_absent_forgets(self, host: KdumpHost) -> None:
        present(host, ["kexec-tools"])
        assert json.loads(host.text(_kdump_plan.RECORD))["packages"] == ["kexec-tools"]
        absent(host)
        assert not host.exists(_kdump_plan.RECORD)

    @pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"packages": 1, "directories": {}}', '{"packages": []}'])
    def test_a_damaged_one_stops_everything(self, host: KdumpHost, text: str) -> None:
        host.put(_kdump_plan.RECORD, text)
        before = host.snapshot()
        with pytest.raises(HostError, match="kdump.json: is damaged .*; remove it"):
            _kdump_config.apply(host, wish(host), [])
        assert host.snapshot() == before


class TestFailure:
    @pytest.mark.parametrize(
        "path",
        [
            _kdump_files.ROTATE,
            _kdump_files.drop_in(UNIT),
            _kdump_files.drop_in("emergency.service"),
            CONFIG,
        ],
    )
    @pytest.mark.parametrize("first", [True, False])
    def test_a_write_that_fails_leaves_the_others(self, host: KdumpHost, path: str, first: bool) -> None:
        if not first:
            present(host)
            for own in (_kdump_files.ROTATE, _kdump_files.drop_in(UNIT), _kdump_files.drop_in("emergency.service")):
                host.put(own, "# edited\n")
            host.put(CONFIG, host.text(CONFIG).replace('USE_KDUMP="1"', 'USE_KDUMP="0"'))
        before, ran = tree(host), list(systemctl(host).done)
        host.refused.add(path)
        with pytest.raises(HostError, match="No space left on device"):
            _kdump_config.apply(host, wish(host), [])
        after = tree(host)
        assert dict((p, after[p]) for p in before) == before
        files = [p for p in after if p not in before and after[p][0] != "directory"]
        assert files in ([], [_kdump_plan.RECORD])
        assert systemctl(host).done == ran

    def test_a_crash_kernel_that_does_not_load(self, host: KdumpHost) -> None:
        systemctl(host).loads = False
        with pytest.raises(HostError) as caught:
            _kdump_config.apply(host, wish(host), [])
        assert str(caught.value) == (
            "kdump-tools.service was restarted, but no crash kernel is loaded: 'journalctl -u kdump-tools.service' says why"
        )

    def test_removal_needs_no_crash_kernel(self, host: KdumpHost) -> None:
        present(host)
        systemctl(host).loads = False
        absent(host)
        assert "kernelops" not in host.text(CONFIG)


class TestLoading:
    def test_no_memory_in_this_boot(self, host: KdumpHost) -> None:
        host.put("/sys/kernel/kexec_crash_size", "0\n")
        host.put(LOADED, "0\n")
        present(host)
        assert systemctl(host).done == ["daemon-reload"]

    def test_a_masked_unit_is_left_alone(self, host: KdumpHost) -> None:
        host.remove("/etc/systemd/system/multi-user.target.wants/" + UNIT)
        host.link(MASK, "/dev/null")
        host.put(LOADED, "0\n")
        assert UNIT not in present(host)
        assert systemctl(host).done == ["daemon-reload"]
        assert host.readlink(MASK) == "/dev/null"

    def test_one_that_was_unloaded_is_drift(self, host: KdumpHost) -> None:
        present(host)
        host.put(LOADED, "0\n")
        assert present(host) == [UNIT]
        assert host.text(LOADED) == "1\n"
        assert systemctl(host).done[-1] == "restart " + UNIT

    def test_one_with_other_arguments_is_drift(self, host: KdumpHost) -> None:
        present(host)
        host.put(KEXEC_CMD, host.text(KEXEC_CMD).replace(" panic=10 systemd.mask", " panic=0 systemd.mask"))
        assert present(host) == [UNIT]

    def test_one_for_another_kernel_is_drift(self, host: KdumpHost) -> None:
        present(host)
        host.link("/var/lib/kdump/vmlinuz", "/boot/vmlinuz-6.1.0-54-cloud-amd64")
        assert present(host) == [UNIT]

    def test_another_setting_is_loaded_at_once(self, host: KdumpHost) -> None:
        present(host)
        assert present(host, keep=4) == [_kdump_files.ROTATE, CONFIG, UNIT]

    def test_a_file_that_the_loaded_kernel_does_not_read_is_no_reason(self, host: KdumpHost) -> None:
        present(host)
        del systemctl(host).done[:]
        assert present(host, space_percent=50) == [_kdump_files.ROTATE]
        assert systemctl(host).done == []

    def test_a_disabled_unit_is_enabled(self, host: KdumpHost) -> None:
        present(host)
        host.remove("/etc/systemd/system/multi-user.target.wants/" + UNIT)
        assert present(host) == [UNIT]
        assert systemctl(host).done[-1] == "enable " + UNIT
