# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file wins at boot (FACTS B1 to B5, the rules of sysctl.d(5)), and the live value."""

from typing import Any, Callable, List, Optional, Tuple

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _sysctl
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_host import FixtureHost, refuse

KEY = "kernel.panic"


def winner(host: FixtureHost, key: str = KEY) -> Optional[Tuple[Optional[str], str]]:
    found, _beaten = _sysctl.persisted(_sysctl.assignments(host), key)
    return (found.value, "%s:%d" % (found.source, found.line)) if found else None


def test_a_stock_debian_12_sets_nothing(debian12: FixtureHost) -> None:
    assert _sysctl.files(debian12) == [
        "/usr/lib/sysctl.d/50-pid-max.conf",
        "/usr/lib/sysctl.d/99-protect-links.conf",
        "/etc/sysctl.d/99-sysctl.conf",
    ]
    assert winner(debian12) is None
    assert winner(debian12, "kernel.pid_max") == ("4194304", "/usr/lib/sysctl.d/50-pid-max.conf:16")


def test_the_hardened_debian_12_has_all_of_its_keys(make_host: Callable[..., FixtureHost]) -> None:
    host = make_host("debian12/stock", "debian12/hardened")
    assert winner(host) == ("10", "/etc/sysctl.d/99-zz-panic_sysctl.conf:6")


def test_names_sort_by_bytes_whatever_their_folder(empty: FixtureHost) -> None:
    for name in ("zz.conf", "60-b.conf", "100-a.conf", "Upper.conf", "9.conf"):
        empty.put("/etc/sysctl.d/" + name, "")
    empty.put("/usr/lib/sysctl.d/70-c.conf", "")
    empty.put("/run/sysctl.d/65-r.conf", "")
    empty.put("/usr/local/lib/sysctl.d/66-l.conf", "")
    names = [path.rsplit("/", 1)[1] for path in _sysctl.files(empty)]
    assert names == [
        "100-a.conf",
        "60-b.conf",
        "65-r.conf",
        "66-l.conf",
        "70-c.conf",
        "9.conf",
        "Upper.conf",
        "zz.conf",
    ]


def test_a_hundred_loses_to_sixty(empty: FixtureHost) -> None:
    empty.put("/etc/sysctl.d/100-a.conf", "kernel.panic=1\n")
    empty.put("/etc/sysctl.d/60-b.conf", "kernel.panic=2\n")
    assert winner(empty) == ("2", "/etc/sysctl.d/60-b.conf:1")


@pytest.mark.parametrize(
    "folders",
    [
        ("/etc/sysctl.d", "/run/sysctl.d"),
        ("/run/sysctl.d", "/usr/local/lib/sysctl.d"),
        ("/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"),
        ("/usr/lib/sysctl.d", "/lib/sysctl.d"),
        ("/etc/sysctl.d", "/usr/lib/sysctl.d"),
    ],
)
def test_one_name_is_taken_once_from_the_highest_folder(empty: FixtureHost, folders: Tuple[str, str]) -> None:
    empty.put(folders[0] + "/50-x.conf", "kernel.panic=1\n")
    empty.put(folders[1] + "/50-x.conf", "kernel.panic=2\nkernel.sysrq=0\n")
    assert winner(empty) == ("1", folders[0] + "/50-x.conf:1")
    assert winner(empty, "kernel.sysrq") is None


def test_a_later_name_wins_over_a_higher_folder(empty: FixtureHost) -> None:
    empty.put("/etc/sysctl.d/10-a.conf", "kernel.panic=1\n")
    empty.put("/usr/lib/sysctl.d/20-b.conf", "kernel.panic=2\n")
    assert winner(empty) == ("2", "/usr/lib/sysctl.d/20-b.conf:1")


@pytest.mark.parametrize("target", ["/dev/null", "../../dev/null"])
def test_a_link_to_dev_null_masks_a_vendor_file(empty: FixtureHost, target: str) -> None:
    empty.put("/usr/lib/sysctl.d/50-x.conf", "kernel.panic=2\n")
    empty.link("/etc/sysctl.d/50-x.conf", target)
    assert _sysctl.files(empty) == []
    assert winner(empty) is None


def test_an_empty_file_masks_too(empty: FixtureHost) -> None:
    empty.put("/usr/lib/sysctl.d/50-x.conf", "kernel.panic=2\n")
    empty.put("/etc/sysctl.d/50-x.conf", "")
    assert winner(empty) is None


def test_only_conf_is_read(empty: FixtureHost) -> None:
    for name in ("a.conf.bak", "a.cfg", "README.sysctl", "conf", "a.conf~"):
        empty.put("/etc/sysctl.d/" + name, "kernel.panic=1\n")
    assert _sysctl.files(empty) == []


def test_sysctl_conf_counts_through_its_link_and_is_shown(debian12: FixtureHost) -> None:
    debian12.put("/etc/sysctl.d/99-kernel-panic.conf", "kernel.panic = 10\n")
    debian12.put("/etc/sysctl.conf", "# x\nkernel.panic = 3\n")
    found, beaten = _sysctl.persisted(_sysctl.assignments(debian12), KEY)
    assert found is not None
    assert found.value == "3"
    assert _sysctl.shown(debian12, found) == "/etc/sysctl.d/99-sysctl.conf:2 (a link to /etc/sysctl.conf)"
    assert [_sysctl.shown(debian12, item) for item in beaten] == ["/etc/sysctl.d/99-kernel-panic.conf:1"]


def test_the_drop_in_sorts_behind_that_link(debian12: FixtureHost) -> None:
    debian12.put("/etc/sysctl.conf", "kernel.panic = 3\n")
    debian12.put(_sysctl.drop_in("x"), "kernel.panic = 10\n")
    assert winner(debian12) == ("10", "/etc/sysctl.d/99-zz-x.conf:1")


def test_a_link_into_nothing_is_no_assignment(empty: FixtureHost) -> None:
    """Debian 13 has no /etc/sysctl.conf; a link to it may have stayed."""
    empty.link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf")
    empty.put("/etc/sysctl.d/10-a.conf", "kernel.panic=1\n")
    assert winner(empty) == ("1", "/etc/sysctl.d/10-a.conf:1")


def test_without_the_link_sysctl_conf_is_not_read(empty: FixtureHost) -> None:
    empty.put("/etc/sysctl.conf", "kernel.panic = 3\n")
    assert winner(empty) is None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("kernel.panic=5", "5"),
        ("kernel.panic = 5", "5"),
        ("  kernel.panic\t=\t5  ", "5"),
        ("-kernel.panic = 5", "5"),
        ("kernel/panic = 5", "5"),
        ("-kernel/panic=5", "5"),
        ("kernel.panic = 5 # seconds", "5 # seconds"),
        ("kernel.panic = 5\nkernel.panic = 6", "6"),
        ("kernel.panic = 6\nkernel.panic = 5\n", "5"),
        ("#kernel.panic = 5", None),
        (";kernel.panic = 5", None),
        ("  # kernel.panic = 5", None),
        ("kernel.panic 5", None),
        ("kernel.panic", None),
        ("kernel.panic_on_oops = 1", None),
        ("kernel.panic =", ""),
        # globs
        ("kernel.pan* = 5", "5"),
        ("kernel/pan?c = 5", "5"),
        ("kernel.[op]anic = 5", "5"),
        ("kernel.* = 5\nkernel.panic = 6", "6"),
        ("kernel.panic = 6\nkernel.* = 5", "6"),
        ("kernel.* = 5\nkernel.pan* = 6", "6"),
        ("kernel.pan* = 6\nkernel.* = 5", "5"),
        ("* = 5", None),
        ("kernel.*.* = 5", None),
        ("vm.* = 5", None),
        # taken out of globs
        ("kernel.* = 5\n-kernel.panic", None),
        ("-kernel.panic\nkernel.* = 5", None),
        ("-kernel/panic\nkernel.* = 5", None),
        ("-kernel.sysrq\nkernel.* = 5", "5"),
        ("-kernel.panic\nkernel.panic = 6\nkernel.* = 5", "6"),
        # tried with systemd 252: the later line takes the earlier back
        ("kernel.panic = 6\n-kernel.panic", None),
        ("kernel.panic = 6\n-kernel.panic\nkernel.* = 5", None),
    ],
)
def test_one_file(empty: FixtureHost, text: str, expected: Optional[str]) -> None:
    empty.put("/etc/sysctl.d/x.conf", text + "\n")
    found = winner(empty)
    assert (found[0] if found else None) == expected


def test_all_earlier_assignments_are_beaten(empty: FixtureHost) -> None:
    empty.put("/etc/sysctl.d/a.conf", "kernel.panic=1\nkernel.panic=2\n")
    empty.put("/etc/sysctl.d/b.conf", "kernel.panic=3\n")
    _found, beaten = _sysctl.persisted(_sysctl.assignments(empty), KEY)
    assert [(a.source, a.line) for a in beaten] == [("/etc/sysctl.d/a.conf", 1), ("/etc/sysctl.d/a.conf", 2)]


def test_a_text_can_stand_in_for_a_file(empty: FixtureHost) -> None:
    empty.put("/etc/sysctl.d/50-a.conf", "kernel.panic=1\n")
    for path, text, value in (
        ("/etc/sysctl.d/60-new.conf", "kernel.panic=9\n", "9"),
        ("/etc/sysctl.d/40-new.conf", "kernel.panic=9\n", "1"),
        ("/etc/sysctl.d/50-a.conf", "kernel.panic=8\n", "8"),
    ):
        found, _beaten = _sysctl.persisted(_sysctl.assignments(empty, {path: text}), KEY)
        assert found is not None
        assert found.value == value
    assert _sysctl.persisted(_sysctl.assignments(empty, {"/etc/sysctl.d/50-a.conf": ""}), KEY) == (None, [])


@pytest.mark.parametrize(
    "key, path",
    [
        ("kernel.panic", "/proc/sys/kernel/panic"),
        ("net.ipv4.conf.eth0/1.forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"),
    ],
)
def test_the_file_of_a_key(key: str, path: str) -> None:
    assert _sysctl.proc_path(key) == path


@pytest.mark.parametrize(
    "text, key",
    [
        ("kernel.panic", "kernel.panic"),
        ("kernel/panic", "kernel.panic"),
        ("net/ipv4/conf/eth0.1/forwarding", "net.ipv4.conf.eth0/1.forwarding"),
        ("net.ipv4.conf.eth0/1.forwarding", "net.ipv4.conf.eth0/1.forwarding"),
    ],
)
def test_the_first_separator_decides(text: str, key: str) -> None:
    assert _sysctl.normalize_key(text) == key


@pytest.mark.parametrize(
    "one, other, equal",
    [
        ("10", "10", True),
        ("10", " 10 ", True),
        ("16", "0x10", True),
        ("438", "0x01b6", True),
        ("8", "010", True),  # octal: the kernel showed 8 after a write of 010
        ("10", "010", False),
        ("10 # seconds", "10", True),
        ("-1", "-1", True),
        ("4 4 1 7", "4\t4  1 7", True),
        ("1", "-1", False),
        ("10", "100", False),
        ("", "0", False),
        (None, None, False),
        (None, "0", False),
        ("tasks,mem", "tasks,mem", True),
    ],
)
def test_same(one: Optional[str], other: Optional[str], equal: bool) -> None:
    assert _sysctl.same(one, other) is equal
    assert _sysctl.same(other, one) is equal


def test_the_live_value_has_plain_blanks(empty: FixtureHost) -> None:
    empty.put("/proc/sys/kernel/printk", "4\t4\t1\t7\n")
    assert _sysctl.live(empty, "kernel.printk") == "4 4 1 7"
    assert _sysctl.live(empty, "kernel.hung_task_panic") is None


def test_a_value_that_the_kernel_bends_is_an_error(empty: FixtureHost) -> None:
    empty.put("/proc/sys/kernel/watchdog_thresh", "10\n")
    empty.kernel["/proc/sys/kernel/watchdog_thresh"] = lambda _value: "10\n"
    with pytest.raises(HostError, match="^/proc/sys/kernel/watchdog_thresh: the kernel took '30' but shows '10'"):
        _sysctl.set_live(empty, "kernel.watchdog_thresh", "30")


def test_a_value_that_the_kernel_refuses_is_an_error(empty: FixtureHost) -> None:
    empty.put("/proc/sys/kernel/panic_on_warn", "0\n")
    empty.kernel["/proc/sys/kernel/panic_on_warn"] = refuse("2")
    with pytest.raises(HostError, match="^/proc/sys/kernel/panic_on_warn: the kernel refused the value '2'"):
        _sysctl.set_live(empty, "kernel.panic_on_warn", "2")
    assert empty.text("/proc/sys/kernel/panic_on_warn") == "0\n"


def test_a_file_for_root_alone_is_not_taken_for_an_empty_one(empty: FixtureHost) -> None:
    empty.put("/etc/sysctl.d/50-a.conf", "kernel.panic=1\n")
    empty.denied.add("/etc/sysctl.d/50-a.conf")
    with pytest.raises(HostError, match="^/etc/sysctl.d/50-a.conf: Permission denied"):
        _sysctl.assignments(empty)


def test_a_crowd_of_lines_is_read_in_linear_time(empty: FixtureHost) -> None:
    empty.put("/etc/sysctl.d/a.conf", "kernel.panic = 1\nkernel.*x*y*z*[ = 2\n" * 20000 + "-" * 100000 + "=\n")
    found: List[Any] = _sysctl.assignments(empty)
    assert len(found) == 40001


def test_debian_13_has_no_link_to_sysctl_conf(make_host: Callable[..., FixtureHost]) -> None:
    host = make_host("debian13/packages")
    assert winner(host, "kernel.sysrq") == ("0x01b6", "/usr/lib/sysctl.d/50-default.conf:19")
    host.put("/etc/sysctl.conf", "kernel.sysrq = 1\nkernel.panic = 3\n")
    assert winner(host, "kernel.sysrq") == ("0x01b6", "/usr/lib/sysctl.d/50-default.conf:19")
    assert winner(host) is None


def test_a_remark_is_no_assignment() -> None:
    assert _sysctl.parse(";kernel.panic = 5\n#kernel.panic = 5\n\n", "x") == []
