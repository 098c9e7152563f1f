# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role kdump accepts, and what its policy means on a host."""

from typing import Any, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_policy as module
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from unit.plugins.module_utils.fixture_kdump import OVER_SSH, POLICY, TABLE

GIB = 1 << 30
OVER_NFS: Dict[str, Any] = {"kdump_target": "nfs", "kdump_nfs": "dumps.example.com:/srv/dumps"}


def state(**changes: Any) -> Dict[str, Any]:
    made: Dict[str, Any] = {
        "virtualization": {"kind": "vm", "name": "kvm"},
        "system": "Debian GNU/Linux 12 (bookworm)",
        "family": "debian",
        "major": "12",
        "backend": "kdump-tools",
        "supported": True,
        "architecture": "x86_64",
        "memory": 2 * GIB,
        "reserved": 256 << 20,
        "running_crashkernel": [TABLE],
        "packages": {"kdump-tools": True, "kexec-tools": True},
    }
    made.update(changes)
    return made


def refusal(**changes: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        module.validate(dict(POLICY, **changes))
    return str(caught.value)


@pytest.mark.parametrize("changes", [{}, OVER_SSH, OVER_NFS, {"kdump_crashkernel": "256M"}])
def test_a_policy_that_is_good(changes: Dict[str, Any]) -> None:
    module.validate(dict(POLICY, **changes))


@pytest.mark.parametrize("name", sorted(module.NUMBERS))
def test_numbers_have_their_limits(name: str) -> None:
    low, high = module.NUMBERS[name]
    for good in (low, high):
        module.validate(dict(POLICY, **{name: good}))
    for bad in (low - 1, high + 1):
        assert refusal(**{name: bad}) == "%s: %d is not a whole number from %d to %d" % (name, bad, low, high)


def test_a_capture_kernel_that_never_restarts_is_refused() -> None:
    assert refusal(kdump_capture_panic=0).startswith("kdump_capture_panic: 0 is not")


@pytest.mark.parametrize(
    "value",
    ["256", "", "256M\n", "256M quiet", "$(id)", "1G-2G", '256M"', "256M,HIGH", "2G-64G:256M,high", "256M@16M,high"],
)
def test_crash_memory_that_the_kernel_would_not_understand(value: str) -> None:
    assert refusal(kdump_crashkernel=value).startswith("kdump_crashkernel: '%s' is neither 'auto' nor" % value)


@pytest.mark.parametrize("name", ["kdump_directory", "kdump_ssh_key"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "/",
        "var/crash",
        "/var/../etc/x",
        "/var/..",
        "/..",
        "/var/crash\n",
        "/var/crash\n/x",
        "/var/cra sh",
        "/var/cra'sh",
        '/var/cra"sh',
        "/var/$(id)",
        "/var/`id`",
        "/var/crash;id",
        "/var/crash/",
        "/var/./crash",
        "~/crash",
    ],
)
def test_paths_that_would_be_more_than_text(name: str, value: str) -> None:
    assert refusal(**{name: value}) == "%s: '%s' is not an absolute path" % (name, value)


@pytest.mark.parametrize(
    "value",
    ["/etc", "/etc/ssh", "/root", "/root/x", "/boot", "/usr/lib", "/lib64", "/var", "/home", "/tmp", "/var/tmp"],
)
def test_directories_that_hold_more_than_dumps(value: str) -> None:
    assert refusal(kdump_directory=value) == "kdump_directory: '%s' is not a directory for dumps alone" % value


@pytest.mark.parametrize("value", ["/crash", "/var/crash..d/x", "/srv/dumps/web_1-a", "/var/lib/dumps", "/home/dumps"])
def test_paths_that_are_text(value: str) -> None:
    module.validate(dict(POLICY, kdump_directory=value))


@pytest.mark.parametrize(
    "value", ["", "host", "@host", "a@", "a@b c", "a@b\n", "a@$(id)", "a b@c", "-o@x", "a@-oProxyCommand=x", "a'@b"]
)
def test_ssh_needs_somebody_on_a_host(value: str) -> None:
    text = refusal(**dict(OVER_SSH, kdump_ssh=value))
    assert text == "kdump_ssh: '%s' is not user@host, which the target ssh needs" % value


def test_ssh_needs_a_known_host() -> None:
    text = refusal(**dict(OVER_SSH, kdump_ssh_known_hosts=[]))
    assert text.startswith("kdump_ssh_known_hosts: is empty")
    assert "ssh-keyscan" in text


@pytest.mark.parametrize("changes", [{}, OVER_SSH])
@pytest.mark.parametrize(
    "line",
    [
        "",
        "# remark",
        "dumps.example.com",
        "dumps.example.com ssh-ed25519",
        "dumps.example.com ssh-ed25519 AAAA\nother ssh-rsa AAAA",
        "dumps.example.com ssh-ed25519 AAAA\n",
        "dumps.example.com ssh-ed25519 A$A",
        "@cert-authority * ssh-rsa AAAA",
    ],
)
def test_lines_that_are_no_known_hosts(changes: Dict[str, Any], line: str) -> None:
    good = OVER_SSH["kdump_ssh_known_hosts"]
    text = refusal(**dict(changes, kdump_ssh_known_hosts=good + [line]))
    assert text == "kdump_ssh_known_hosts: '%s' is not a line of known_hosts" % line


@pytest.mark.parametrize(
    "line",
    [
        "[dumps.example.com]:2222 ecdsa-sha2-nistp256 AAAAE2Vj=",
        "|1|abc=|def= ssh-rsa AAAAB3 root@x",
        "h sk-ssh-ed25519@openssh.com AAAA",
    ],
)
def test_lines_that_ssh_keyscan_prints(line: str) -> None:
    module.validate(dict(POLICY, **dict(OVER_SSH, kdump_ssh_known_hosts=[line])))


@pytest.mark.parametrize(
    "value", ["", "host", "host:", ":/x", "host:x", "host:/a b", "host:/x\n", 'host:/"', "h:/$(id)"]
)
def test_nfs_needs_an_export(value: str) -> None:
    text = refusal(**dict(OVER_NFS, kdump_nfs=value))
    assert text == "kdump_nfs: '%s' is not host:/export, which the target nfs needs" % value


def test_the_module_names_its_own_options() -> None:
    given = dict(module.options(POLICY), directory="/")
    with pytest.raises(PolicyError, match="^directory: '/' is not"):
        module.check_options(given)


def test_the_options_are_those_of_the_policy() -> None:
    assert module.options(dict(POLICY, kdump_keep=7))["keep"] == 7
    assert set(module.options(POLICY)) == set(module.OPTIONS)


class TestWhyNot:
    @pytest.mark.parametrize(
        "changes, reason",
        [
            ({"backend": "", "system": "openSUSE"}, "openSUSE: this role knows kdump-tools"),
            ({"supported": False}, "the running kernel has no kexec for crash kernels (CONFIG_CRASH_DUMP)"),
            ({"memory": 512 << 20}, "512 MiB of memory are too little for kdump; it begins at 960"),
            ({"architecture": "riscv64"}, "nobody has published a size of crash memory for Debian GNU/Linux 12"),
            (
                {"family": "redhat", "major": "10", "memory": GIB},
                "crashkernel=2G-64G:256M,64G-:512M reserves nothing on",
            ),
        ],
    )
    def test_it_gets_none(self, changes: Dict[str, Any], reason: str) -> None:
        found = module.resolve(POLICY, state(**changes))
        assert found["reason"].startswith(reason)
        assert (found["applicable"], found["reboot_required"], found["install"]) == (False, False, [])
        assert (found["crashkernel"], found["bytes"], found["package_manager"]) == ("", 0, "")

    def test_of_a_container_nothing_else_is_known(self) -> None:
        found = module.resolve(POLICY, {"virtualization": {"kind": "container", "name": "docker"}})
        assert found["reason"] == "a container (docker) has no kernel of its own; set up its host"

    def test_an_operator_s_value_does_where_nobody_published_one(self) -> None:
        found = module.resolve(dict(POLICY, kdump_crashkernel="300M"), state(architecture="riscv64"))
        assert (found["applicable"], found["crashkernel"], found["bytes"]) == (True, "300M", 300 << 20)

    def test_an_operator_s_table_that_reserves_nothing_here(self) -> None:
        found = module.resolve(dict(POLICY, kdump_crashkernel="4G-:256M"), state())
        assert found["reason"] == "crashkernel=4G-:256M reserves nothing on 2048 MiB of memory"

    @pytest.mark.parametrize("mebibytes, applicable", [(959, False), (960, True)])
    def test_where_it_begins(self, mebibytes: int, applicable: bool) -> None:
        assert module.resolve(POLICY, state(memory=mebibytes << 20))["applicable"] is applicable


class TestResolve:
    def test_all_is_there(self) -> None:
        assert module.resolve(POLICY, state()) == {
            "applicable": True,
            "reason": "",
            "crashkernel": TABLE,
            "bytes": 256 << 20,
            "install": [],
            "package_manager": "apt",
            "reboot_required": False,
        }

    def test_what_must_be_installed(self) -> None:
        found = module.resolve(POLICY, state(packages={"z": False, "kexec-tools": True, "a": False}))
        assert found["install"] == ["a", "z"]
        redhat = state(family="redhat", backend="kdump-utils", packages={})
        assert module.resolve(POLICY, redhat)["package_manager"] == "dnf"

    @pytest.mark.parametrize(
        "reserved, running, required",
        [
            (256 << 20, [TABLE], False),
            (0, [TABLE], True),
            (256 << 20, [], True),
            (256 << 20, ["384M-:128M"], True),
            (256 << 20, [TABLE, TABLE], True),
            (256 << 20, ["384M-:128M", TABLE], True),
        ],
    )
    def test_when_it_must_reboot(self, reserved: int, running: List[str], required: bool) -> None:
        found = module.resolve(POLICY, state(reserved=reserved, running_crashkernel=running))
        assert found["reboot_required"] is required
