# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes of crash memory: the tables, the kernel's notation, and what a machine has."""

from typing import Dict, Tuple

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_sizing as module
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_host import FixtureHost

MIB = 1024 * 1024
GIB = 1024 * MIB
KDUMP_UTILS = "2G-64G:256M,64G-:512M"
# What each distribution sets itself (FACTS.md C1).
DEFAULTS: Dict[Tuple[str, str, str], str] = {
    ("debian", "12", "x86_64"): "384M-:128M",
    ("debian", "13", "x86_64"): "512M-:192M",
    ("ubuntu", "22", "x86_64"): "512M-:192M",
    ("ubuntu", "24", "x86_64"): "2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M",
    ("ubuntu", "26", "x86_64"): "2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M",
    ("redhat", "9", "x86_64"): "1G-4G:192M,4G-64G:256M,64G-:512M",
    ("redhat", "10", "x86_64"): KDUMP_UTILS,
    ("redhat", "", "x86_64"): KDUMP_UTILS,
    ("redhat", "9", "aarch64"): "2G-4G:256M,4G-64G:320M,64G-:576M",
    ("redhat", "10", "aarch64"): "2G-4G:256M,4G-64G:320M,64G-:576M",
}
SIZES = [MIB * n for n in (384, 512, 896, 960, 1024, 1536, 2047)] + [
    GIB * n for n in (2, 3, 4, 8, 31, 63, 64, 128, 4096)
]


@pytest.mark.parametrize("key", sorted(DEFAULTS))
@pytest.mark.parametrize("memory", SIZES)
def test_no_table_is_below_the_distribution_s_own(key: Tuple[str, str, str], memory: int) -> None:
    table = module.table(*key)
    assert table is not None
    assert module.valid(table)
    assert module.reserved(table, memory) >= module.reserved(DEFAULTS[key], memory)


@pytest.mark.parametrize("family", ["debian", "ubuntu", "redhat"])
@pytest.mark.parametrize("major", ["8", "9", "10", "11", "12", "13", "20", "22", "24", ""])
@pytest.mark.parametrize("memory", [m for m in SIZES if m >= 2 * GIB])
def test_from_2_gib_on_no_release_gets_less_than_kdump_utils_gives(family: str, major: str, memory: int) -> None:
    table = module.table(family, major, "x86_64")
    assert table is not None
    assert module.reserved(table, memory) >= module.reserved(KDUMP_UTILS, memory)


def test_the_release_s_own_table_comes_first() -> None:
    assert module.table("debian", "12", "x86_64") == "384M-2G:128M,2G-64G:256M,64G-:512M"
    assert module.table("debian", "13", "x86_64") == "512M-2G:192M,2G-64G:256M,64G-:512M"


@pytest.mark.parametrize("key", [("debian", "12", "riscv64"), ("", "", "x86_64"), ("suse", "15", "x86_64")])
def test_nobody_s_table(key: Tuple[str, str, str]) -> None:
    assert module.table(*key) is None


@pytest.mark.parametrize("key", sorted(module.TABLES))
def test_every_table_is_in_the_kernel_s_notation(key: Tuple[str, str]) -> None:
    assert module.valid(module.TABLES[key])


@pytest.mark.parametrize(
    "text",
    [
        "256M",
        "256m",
        "1G",
        "262144K",
        "256M@16M",
        "256M,high",
        "1G-2G:192M",
        "2G-64G:256M,64G-:512M",
        "512M-2G:64M,2G-:128M@16M",
    ],
)
def test_notation(text: str) -> None:
    assert module.valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "auto",
        "256",
        "256\n",
        "256M\n",
        "256MB",
        "256 M",
        "256M ",
        " 256M",
        "-256M",
        "256M@",
        "256M@16M,high",
        "256M,low",
        "256M,high,high",
        "1-2G:192M",
        "1G-2:192M",
        "1G-2G:192",
        "1G-2G:192M,",
        "1G-2G:192M,2G-:256",
        "1G-2G",
        "-2G:192M",
        "256M panic=0",
        '256M"',
        "$(id)",
        "256M;1G",
        "0x10M",
    ],
)
def test_not_the_kernel_s_notation(text: str) -> None:
    assert not module.valid(text)


@pytest.mark.parametrize(
    "text, memory, mebibytes",
    [
        ("256M", GIB, 256),
        ("1g", GIB, 1024),
        ("256M@16M", GIB, 256),
        ("256M,high", GIB, 256),
        ("1G-2G:192M,2G-64G:256M,64G-:512M", GIB - 1, 0),
        ("1G-2G:192M,2G-64G:256M,64G-:512M", GIB, 192),
        ("1G-2G:192M,2G-64G:256M,64G-:512M", 2 * GIB - 1, 192),
        ("1G-2G:192M,2G-64G:256M,64G-:512M", 2 * GIB, 256),
        ("1G-2G:192M,2G-64G:256M,64G-:512M", 64 * GIB - 1, 256),
        ("1G-2G:192M,2G-64G:256M,64G-:512M", 64 * GIB, 512),
        ("1G-2G:192M,2G-64G:256M,64G-:512M", 64 * 1024 * GIB, 512),
        ("1G-2G:192M@16M", GIB, 192),
        ("2G-4G:320M", 4 * GIB, 0),
        ("0M", GIB, 0),
    ],
)
def test_what_is_reserved(text: str, memory: int, mebibytes: int) -> None:
    assert module.reserved(text, memory) == mebibytes * MIB


@pytest.mark.parametrize("text, size", [("1", 1), ("2K", 2048), ("3m", 3 * MIB), ("4G", 4 * GIB), ("1T", 1024 * GIB)])
def test_sizes(text: str, size: int) -> None:
    assert module.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "1P", "1M\n", "1 M"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError):
        module.parse_size(text)


class TestMemory:
    """What a machine has, the crash kernel's part included."""

    BLOCKS = "/sys/devices/system/memory"

    def blocks(self, host: FixtureHost, count: int, size: str) -> None:
        host.put(self.BLOCKS + "/block_size_bytes", size + "\n")
        host.put(self.BLOCKS + "/probe", "")
        for number in range(count):
            host.put("%s/memory%d/online" % (self.BLOCKS, number), "1\n")

    def test_blocks_are_counted_and_their_size_is_hexadecimal(self, empty: FixtureHost) -> None:
        self.blocks(empty, 11, "8000000")
        empty.put("/proc/meminfo", "MemTotal:         100 kB\n")
        assert module.memory(empty) == 11 * 128 * MIB

    def test_blocks_as_large_as_a_machine_tell_too_little(self, empty: FixtureHost) -> None:
        self.blocks(empty, 2, "80000000")
        empty.put("/proc/meminfo", "MemTotal:        %d kB\n" % (1000 * 1024))
        assert module.memory(empty) == GIB

    def test_without_blocks_the_crash_kernel_s_part_is_added(self, empty: FixtureHost) -> None:
        empty.put("/proc/meminfo", "MemFree: 1 kB\nMemTotal:        %d kB\nMemX: 7 kB\n" % (1750 * 1024))
        empty.put("/sys/kernel/kexec_crash_size", "%d\n" % (256 * MIB))
        assert module.memory(empty) == 2 * GIB

    def test_a_whole_sum_is_not_rounded_up(self, empty: FixtureHost) -> None:
        empty.put("/proc/meminfo", "MemTotal: %d kB\n" % (512 * 1024))
        assert module.memory(empty) == 512 * MIB

    def test_nothing_tells(self, empty: FixtureHost) -> None:
        with pytest.raises(HostError, match="^/proc/meminfo: has no MemTotal; is /proc mounted"):
            module.memory(empty)
