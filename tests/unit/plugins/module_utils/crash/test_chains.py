# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to one incident, how boots are told apart, and how streams are cut into lines."""

import random
from typing import List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _chains, _scan
from unit.plugins.module_utils.crash import samples

BANNER = "[    0.000000] Linux version 6.1.0-99-amd64 (x@y) (gcc 12) #1 SMP\n"
QUIET = "".join("[  %3d.000000] usb 1-1: new device number %d\n" % (n, n) for n in range(10, 99))


def test_a_second_oops_and_the_panic_belong_to_the_first_crash() -> None:
    second = (
        samples.stamped(samples.ARM64_PAGING, 103.0) + "[  104.000000] Kernel panic - not syncing: Fatal exception\n"
    )
    first = samples.stamped(samples.X86_NULL.replace("Kernel panic - not syncing: Fatal exception in interrupt\n", ""))
    found = samples.only(first + second)
    assert (found["kind"], found["module"], found["fatal"]) == ("null-deref", "r8125", True)
    assert found["follow_ups"] == ["Unable to handle kernel paging request at virtual address ffff80001234f000"]


@pytest.mark.parametrize(
    "complaint, kind",
    [
        ("I/O error, dev sdb, sector 12345 op 0x0:(READ) flags 0x80700", "io-error"),
        ("CPU3: Core temperature above threshold, cpu clock throttled (total events = 12)", "thermal"),
        ("pcieport 0000:00:1c.0: AER: Corrected error received: 0000:01:00.0", "pcie-error"),
    ],
)
def test_a_complaint_about_a_device_does_not_name_the_fault_behind_it(complaint: str, kind: str) -> None:
    first, second = samples.judge("[   95.000000] %s\n" % complaint + samples.stamped(samples.X86_NULL))
    assert len(samples.judge(complaint + "\n" + samples.X86_NULL)) == 2
    assert (first["kind"], first["fatal"], first["follow_ups"]) == (kind, False, [])
    assert (second["kind"], second["function"], second["fatal"]) == ("null-deref", "rtl8125_poll", True)


def test_a_panic_belongs_to_the_complaint_before_it() -> None:
    text = samples.stamped(samples.OOM) + "[  101.000000] Kernel panic - not syncing: Out of memory: system-wide\n"
    assert (samples.only(text)["kind"], samples.only(text)["fatal"]) == ("oom", True)


AER = "pcieport 0000:00:1c.0: AER: Corrected error received: 0000:01:00.0"
CORRECTED = "EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0 (channel:1 slot:0)"
THROTTLED = "CPU3: Core temperature above threshold, cpu clock throttled (total events = 12)"
INIT = "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b"
ROOT = "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"
ASKED = "Kernel panic - not syncing: sysrq triggered crash"
HUNG = "INFO: task dd:2210 blocked for more than 120 seconds."
DISK = "I/O error, dev sda, sector 12345 op 0x0:(READ) flags 0x80700"
FS = "EXT4-fs error (device sda3): ext4_lookup:1855: inode #131073: comm ls: deleted inode referenced"
WARNED = "WARNING: CPU: 0 PID: 1 at drivers/x.c:12 x_init+0x1/0x2"


@pytest.mark.parametrize(
    "first, second, kinds",
    [
        (AER, INIT, "pcie-error panic-init"),
        (AER, "Kernel panic - not syncing: hung_task: blocked tasks", "pcie-error hung-task"),
        (AER, FS, "pcie-error fs-error"),
        (THROTTLED, ASKED, "thermal panic-other"),
        (CORRECTED, samples.X86_NULL, "mce null-deref"),
        ("mce: [Hardware Error]: Machine check events logged", samples.SOFT_LOCKUP, "mce soft-lockup"),
        ("{1}[Hardware Error]: event severity: corrected", samples.X86_NULL, "mce null-deref"),
        (FS, samples.X86_NULL, "fs-error null-deref"),
        (HUNG, samples.X86_NULL, "hung-task null-deref"),
        (WARNED, ROOT, "warning panic-vfs-root"),
        (WARNED, ASKED, "warning panic-other"),
        # What does follow.
        (CORRECTED, CORRECTED, "mce"),
        (
            AER,
            "pcieport 0000:00:1c.0: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer",
            "pcie-error",
        ),
        ("EDAC MC0: 1 UE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0", samples.X86_NULL, "mce"),
        (HUNG, samples.SOFT_LOCKUP, "hung-task"),
        (WARNED, samples.X86_NULL, "warning"),
        (WARNED, "Kernel panic - not syncing: UBSAN: panic_on_warn set ...", "warning"),
        (
            "BUG: scheduling while atomic: x/1/0x00000201",
            "Kernel panic - not syncing: scheduling while atomic",
            "atomic-context",
        ),
        (DISK, INIT, "io-error"),
        (DISK, ROOT, "io-error"),
        (FS, "Kernel panic - not syncing: EXT4-fs (device sda3): panic forced after error", "fs-error"),
        (samples.X86_NULL, CORRECTED, "null-deref"),
    ],
)
def test_what_may_lead_to_what(first: str, second: str, kinds: str) -> None:
    found = samples.judge(samples.stamped(first) + samples.stamped(second, 105.0))
    assert [incident["kind"] for incident in found] == kinds.split()
    assert found[-1]["fatal"] is ("panic" in first + second)
    assert len(found) == 1 or not found[0]["fatal"]
    assert [incident["kind"] for incident in samples.judge(first + "\n" + second)] == kinds.split()


def test_corrected_errors_that_go_on_hide_no_crash() -> None:
    text = "".join("[%12.6f] %s\n" % (100 + 60 * n, CORRECTED) for n in range(10)) + samples.stamped(
        samples.X86_NULL, 655
    )
    first, second = samples.judge(text)
    assert (first["kind"], first["fatal"], len(first["follow_ups"])) == ("mce", False, 9)
    assert (second["kind"], second["function"], second["fatal"]) == ("null-deref", "rtl8125_poll", True)


def test_two_crashes_with_hours_between_them_are_two() -> None:
    found = samples.judge(samples.stamped(samples.RISCV_NULL) + samples.stamped(samples.SOFT_LOCKUP, 9000.0))
    assert [incident["kind"] for incident in found] == ["null-deref", "soft-lockup"]


def test_an_oops_that_the_host_survived_is_not_fatal() -> None:
    assert samples.only(samples.stamped(samples.RISCV_NULL) + QUIET.replace("[  ", "[ 9"))["fatal"] is False


@pytest.mark.parametrize(
    "end", ["---[ end Kernel panic - not syncing: Fatal exception in interrupt ]---", "Rebooting in 10 seconds.."]
)
def test_the_last_words_of_a_panic_are_proof_of_it(end: str) -> None:
    """They may be all that the console or the record still got."""
    found = samples.only(samples.stamped(samples.RISCV_NULL) + "[  101.000000] %s\n" % end)
    assert (found["kind"], found["fatal"], found["follow_ups"]) == ("null-deref", True, [])
    hours = samples.stamped(HUNG) + "[ 9999.000000] %s\n" % end
    assert samples.judge(hours)[0]["fatal"] is False


def test_of_a_panic_only_the_end_is_left() -> None:
    found = samples.only(
        "[  101.000000] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0) ]---\n"
    )
    assert (found["kind"], found["fatal"]) == ("panic-vfs-root", True)
    assert found["title"].startswith("Kernel panic - not syncing: VFS")


def test_the_next_boot_right_after_a_lockup_makes_it_fatal() -> None:
    found = samples.only(samples.stamped(samples.SOFT_LOCKUP) + BANNER)
    assert found["fatal"] is True


@pytest.mark.parametrize("next_line, fatal", [("10:00:40", True), ("15:00:00", False)])
def test_a_host_that_went_on_for_hours_did_not_end_with_its_oops(next_line: str, fatal: bool) -> None:
    """rsyslog ends before an orderly end is told."""
    text = "".join("Jan  5 10:00:25 n kernel: %s\n" % line for line in samples.RISCV_NULL.splitlines())
    text += "Jan  5 %s n kernel: usb 1-1: new device\n" % next_line
    text += "Jan  5 15:30:00 n kernel: Linux version 6.6.20 (x@y) #1 SMP\n"
    assert samples.only(text)["fatal"] is fatal
    # Programs go on, too.
    assert samples.only(text.replace("n kernel: usb 1-1", "n app[7]: usb"))["fatal"] is fatal


def test_a_console_that_starts_again_without_a_word_is_a_reset() -> None:
    found = samples.only(QUIET + BANNER + "[    0.000000] Command line: x\n")
    assert (found["kind"], found["fatal"], found["kernel"]) == ("unexpected-reboot", False, "6.1.0-99-amd64")


@pytest.mark.parametrize("before", [CORRECTED, WARNED])
def test_what_the_kernel_lived_on_after_explains_no_reset(before: str) -> None:
    found = samples.judge("[    9.000000] " + before + "\n" + QUIET + BANNER)
    assert [(incident["kind"], incident["fatal"]) for incident in found][1:] == [("unexpected-reboot", False)]
    assert found[0]["fatal"] is False


@pytest.mark.parametrize(
    "end",
    [
        "[  100.000000] reboot: Restarting system\n",
        "[  100.000000] systemd-shutdown[1]: Rebooting.\n",
        "[  OK  ] Reached target Reboot.\n",
        "[  OK  ] Reached target reboot.target - System Reboot.\n",
        "[  100.000000] kexec_core: Starting new kernel\n",
    ],
)
def test_a_wanted_restart_is_none(end: str) -> None:
    assert samples.judge(QUIET + end + BANNER) == []


def test_the_first_boot_of_a_console_is_no_reset() -> None:
    assert samples.judge("SeaBIOS (version 1.16)\nBooting from Hard Disk...\n" + BANNER + QUIET) == []


def test_the_kernel_of_a_boot_is_known_from_its_first_line() -> None:
    found = samples.only(BANNER + QUIET + "[  100.000000] BUG: Bad rss-counter state mm:0 type:1 val:3\n")
    assert found["kernel"] == "6.1.0-99-amd64"


@pytest.mark.parametrize("size", [1, 7, 100, 4096])
def test_the_answer_does_not_depend_on_the_chunks(size: int) -> None:
    data = (QUIET + samples.stamped(samples.X86_NULL) + QUIET).encode()
    whole = _scan.incidents([data])
    assert _scan.incidents(data[n : n + size] for n in range(0, len(data), size)) == whole
    assert whole[0]["line"] == QUIET.count("\n") + 1


def test_lines_are_numbered_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    data = (QUIET * 30 + samples.stamped(samples.X86_NULL) + QUIET * 30 + samples.stamped(samples.ATA, 9000.0)).encode()
    whole = [incident["line"] for incident in _scan.incidents([data])]
    assert whole == [data[: data.index(word)].count(b"\n") + 1 for word in (b"BUG: kernel NULL", b"ata3.00: exception")]
    for block in (3000, 5000, 20000):
        monkeypatch.setattr(_scan, "BLOCK", block)
        assert [i["line"] for i in _scan.incidents(data[n : n + 1000] for n in range(0, len(data), 1000))] == whole


def test_no_line_is_seen_twice_where_a_block_begins_with_a_hit() -> None:
    head = samples.stamped("BUG: Bad page state in process x  pfn:12345\n" + "x\n" * 3)
    tail = samples.stamped("Kernel panic - not syncing: Fatal exception\n", 100.5)
    scan = _scan.Scan()
    scan.block(head.encode())
    scan.block(tail.encode())
    found = scan.finish().all()
    assert [(incident["fatal"], incident["follow_ups"]) for incident in found] == [(True, [])]


def test_a_journal_of_the_whole_system_is_judged_by_its_kernel_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_scan, "BLOCK", 40000)
    user = "".join("Jan 05 10:00:25 node1 app[%d]: BUG: we are broken\n" % n for n in range(3000))
    kernel = "".join("Jan 05 10:00:25 node1 kernel: %s\n" % line for line in samples.X86_NULL.splitlines())
    found = samples.only(user + kernel + user)
    assert (found["function"], found["line"]) == ("rtl8125_poll", 3001)


def pstore(parts: int, order: List[int]) -> str:
    lines = samples.stamped(samples.X86_NULL).splitlines(True)
    size = (len(lines) + parts - 1) // parts
    # Part1 is the newest text.
    pieces = {
        parts - n: "Panic#1 Part%d\n" % (parts - n) + "".join(lines[n * size : (n + 1) * size]) for n in range(parts)
    }
    return "".join(pieces[n] for n in order)


def test_the_parts_of_a_pstore_record_are_put_in_order() -> None:
    order = [1, 2, 3, 4]
    random.Random(5).shuffle(order)
    for each in ([1, 2, 3, 4], [4, 3, 2, 1], order):
        found = samples.only(pstore(4, each))
        assert (found["kind"], found["function"], found["fatal"]) == ("null-deref", "rtl8125_poll", True)


def recorded(name: str, lines: List[str], cut: int = 0) -> str:
    """Lines of the log as a record of pstore has them, from any byte on."""
    return "%s Part1\n%s" % (name, "".join("<4>" + line for line in lines)[cut:])


@pytest.mark.parametrize("panic_begins", [0, 5, 14])
def test_an_oops_that_panics_is_recorded_twice_and_is_one(panic_begins: int) -> None:
    """Both records are in one file of systemd-pstore, the newer one first."""
    lines = samples.stamped(samples.X86_NULL).splitlines(True)
    found = samples.judge(recorded("Panic#2", lines[panic_begins:], 10) + recorded("Oops#1", lines[:-2]))
    assert [(i["kind"], i["function"], i["fatal"]) for i in found] == [("null-deref", "rtl8125_poll", True)]


def test_records_of_different_crashes_are_kept_apart() -> None:
    both = [samples.stamped(text).splitlines(True) for text in (samples.X86_NULL, samples.SOFT_LOCKUP)]
    found = samples.judge(recorded("Panic#2", both[0]) + recorded("Oops#1", both[1]))
    assert sorted(incident["kind"] for incident in found) == ["null-deref", "soft-lockup"]


def test_an_endless_report_ends() -> None:
    text = samples.stamped(samples.SOFT_LOCKUP) + "[  100.5] x\n" * 5000
    triage = _scan.Scan()
    triage.block(text.encode())
    assert triage.triage.chain is not None
    assert not triage.triage.active
    assert len(triage.triage.chain.report.lines) < 2 * _chains.QUIET
