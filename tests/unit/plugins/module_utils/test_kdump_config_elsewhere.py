# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kdump's configuration writes for a remote target, and for kdump-utils of the RHEL family."""

import os
from typing import Any, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump_config,
    _kdump_files,
    _kdump_plan,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_kdump import (
    KdumpHost,
    debian,
    redhat,
    wish,
)
from unit.plugins.module_utils.fixture_kdump_config import (
    KDUMP_CONF,
    NFS,
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


class TestRemote:
    def test_over_ssh(self, host: KdumpHost) -> None:
        planned = present(host, **SSH)
        assert "/var/crash" not in planned, "the directory is on the other host"
        assert host.mode("/var/crash") == 0o755
        found = settings(host)
        assert (found["SSH"], found["SSH_KEY"]) == ("kdump@dumps.example.com", "/root/.ssh/kdump_id_rsa")
        assert found["HOSTTAG"] == "hostname"
        known = host.text(_kdump_files.KNOWN_HOSTS).splitlines()
        assert known[1:-1] == SSH["ssh_known_hosts"]
        config = host.text(_kdump_files.SSH_CONFIG)
        assert 'Match originalhost dumps.example.com exec "test -s /proc/vmcore"\n' in config
        assert "BatchMode yes\n" in config
        assert "StrictHostKeyChecking yes\n" in config

    def test_known_hosts_are_for_root_alone(self, host: KdumpHost) -> None:
        present(host, **SSH)
        assert host.mode(_kdump_files.KNOWN_HOSTS) == 0o600

    def test_known_hosts_of_others_stay(self, host: KdumpHost) -> None:
        host.put(_kdump_files.KNOWN_HOSTS, "other ssh-rsa AAAA")
        os.chmod(host.root + _kdump_files.KNOWN_HOSTS, 0o644)
        present(host, **SSH)
        assert host.text(_kdump_files.KNOWN_HOSTS).startswith("other ssh-rsa AAAA\n# BEGIN")
        assert host.mode(_kdump_files.KNOWN_HOSTS) == 0o644
        absent(host)
        assert host.text(_kdump_files.KNOWN_HOSTS) == "other ssh-rsa AAAA"

    def test_back_to_local_takes_it_away(self, host: KdumpHost) -> None:
        present(host, **SSH)
        present(host)
        assert settings(host)["SSH"] == ""
        assert not host.exists(_kdump_files.SSH_CONFIG)
        assert not host.exists(_kdump_files.KNOWN_HOSTS)

    def test_over_nfs(self, host: KdumpHost) -> None:
        present(host, **NFS)
        found = settings(host)
        assert (found["NFS"], found["SSH"], found["HOSTTAG"]) == (NFS["nfs"], "", "hostname")
        assert not host.exists(_kdump_files.KNOWN_HOSTS)


def directives(host: KdumpHost) -> List[str]:
    return [line for line in host.text(KDUMP_CONF).splitlines() if line and not line.startswith("#")]


class TestKdumpUtils:
    def test_rhel_9(self, rhel: KdumpHost) -> None:
        rhel.link("/etc/systemd/system/multi-user.target.wants/kdump.service", "/usr/lib/systemd/system/kdump.service")
        planned = present(rhel, failure_action="poweroff")
        assert planned == [
            _kdump_files.ROTATE,
            "/etc/systemd/system/kdump.service.d/kernelops-kdump.conf",
            KDUMP_CONF,
            "/var/crash",
            "kdump.service",
        ]
        assert directives(rhel) == [
            "auto_reset_crashkernel no",
            "core_collector makedumpfile -l --message-level 7 -d 31",
            "failure_action poweroff",
            "path /var/crash",
        ]
        assert systemctl(rhel).done == ["daemon-reload", "restart kdump.service"]

    def test_rhel_8_does_not_know_auto_reset_crashkernel(self, tmp_path: Any) -> None:
        host = redhat(str(tmp_path / "host"), "rhel8")
        present(host)
        assert "auto_reset_crashkernel" not in host.text(KDUMP_CONF)
        assert "failure_action reboot" in directives(host)

    @pytest.mark.parametrize("name", ["rhel9", "rhel8"])
    def test_absent_gives_the_machine_back(self, tmp_path: Any, name: str) -> None:
        host = redhat(str(tmp_path / "host"), name)
        host.link("/etc/systemd/system/multi-user.target.wants/kdump.service", "/usr/lib/systemd/system/kdump.service")
        before = tree(host)
        present(host, ["kexec-tools"])
        absent(host)
        left = tree(host)
        assert dict((path, left[path]) for path in before) == before
        assert all(left[path][0] == "directory" for path in left if path not in before)

    def test_a_target_in_the_way_is_set_aside(self, rhel: KdumpHost) -> None:
        before = rhel.text(KDUMP_CONF) + "default halt\nnfs old.example.com:/x\next4 UUID=1\nextra_modules gfs2"
        rhel.put(KDUMP_CONF, before)
        present(rhel, **SSH)
        assert directives(rhel) == [
            "extra_modules gfs2",
            "auto_reset_crashkernel no",
            "core_collector makedumpfile -F -l --message-level 7 -d 31",
            "failure_action reboot",
            "path /var/crash",
            "ssh kdump@dumps.example.com",
            "sshkey /root/.ssh/kdump_id_rsa",
        ]
        absent(rhel)
        assert rhel.text(KDUMP_CONF) == before

    @pytest.mark.parametrize("compression, flags", [("auto", "-l "), ("lzo", "-l "), ("zlib", "-c "), ("none", "")])
    def test_compression(self, rhel: KdumpHost, compression: str, flags: str) -> None:
        present(rhel, compression=compression, dump_level=1)
        assert "core_collector makedumpfile %s--message-level 7 -d 1" % flags in directives(rhel)

    def test_over_nfs(self, rhel: KdumpHost) -> None:
        present(rhel, **NFS)
        assert "nfs dumps.example.com:/srv/dumps" in directives(rhel)
        assert not [line for line in directives(rhel) if line.startswith("ssh")]

    def test_a_crash_kernel_that_does_not_load(self, rhel: KdumpHost) -> None:
        systemctl(rhel).loads = False
        with pytest.raises(HostError, match="^kdump.service was restarted, but no crash kernel is loaded"):
            _kdump_config.apply(rhel, wish(rhel), [])


def test_no_tool_is_known_for_other_systems(host: KdumpHost) -> None:
    host.put("/usr/lib/os-release", "ID=alpine\n")
    assert _kdump_plan.wish(host, None) is None
