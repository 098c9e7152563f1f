# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same crash in every form in which hosts hand it over: the answer does not depend on the form."""

from typing import Callable, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _text
from unit.plugins.module_utils.crash import samples

FORMS: Dict[str, Callable[[int, str], str]] = {
    "dmesg": lambda n, line: "[  100.%06d] %s" % (n, line),
    "dmesg -r": lambda n, line: "<4>[  100.%06d] %s" % (n, line),
    "dmesg -x": lambda n, line: "kern  :warn  : [  100.%06d] %s" % (n, line),
    "dmesg -T": lambda _n, line: "[Mon Jan  5 10:00:25 2026] %s" % line,
    "dmesg iso": lambda n, line: "2026-01-05T10:00:25,%06d+00:00 %s" % (n, line),
    "caller": lambda n, line: "[  100.%06d][ T4711] %s" % (n, line),
    "journal short": lambda _n, line: "Jan 05 10:00:25 node1 kernel: %s" % line,
    "journal iso": lambda _n, line: "2026-01-05T10:00:25+0000 node1 kernel: %s" % line,
    "journal monotonic": lambda n, line: "[  100.%06d] node1 kernel: %s" % (n, line),
    "syslog": lambda n, line: "Jan  5 10:00:25 node1 kernel: [  100.%06d] %s" % (n, line),
    "rsyslog iso": lambda n, line: "2026-01-05T10:00:25.123456+01:00 node1 kernel: [  100.%06d] %s" % (n, line),
    "dropped": lambda n, line: "** 12 printk messages dropped ** [  100.%06d] %s" % (n, line),
    "colours": lambda n, line: "\x1b[32m[  100.%06d] \x1b[0m%s\r" % (n, line),
    "raw": lambda _n, line: line,
}
COMPARED = (
    "kind",
    "title",
    "fatal",
    "function",
    "module",
    "kernel",
    "task",
    "cpu",
    "taint",
    "call_trace",
    "fingerprint",
)


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize(
    "text", [samples.X86_NULL, samples.ARM_NULL, samples.PPC64_BUG, samples.S390_FAULT, samples.OOM]
)
def test_every_form_says_the_same(form: str, text: str) -> None:
    plain = samples.only(samples.stamped(text))
    other = samples.only("".join(FORMS[form](n, line) + "\n" for n, line in enumerate(text.splitlines())))
    assert {key: other[key] for key in COMPARED} == {key: plain[key] for key in COMPARED}
    assert other["cause"] == plain["cause"]


@pytest.mark.parametrize(
    "line, at",
    [
        ("2026-01-05T10:00:25.5+00:00 node1 kernel: BUG: x", "2026-01-05T10:00:25Z"),
        ("2026-01-05T10:00:25+01:00 node1 kernel: BUG: x", "2026-01-05T10:00:25+01:00"),
        ("[Mon Jan  5 10:00:25 2026] BUG: x", "2026-01-05T10:00:25"),
        ("Jan  5 10:00:25 node1 kernel: BUG: x", "0000-01-05T10:00:25"),
        ("[   12.000000] BUG: x", None),
    ],
)
def test_the_time(line: str, at: str) -> None:
    read = _text.Reader().line(1, line.encode())
    assert (read.stamp, read.text, read.kernel) == (at, "BUG: x", True)


@pytest.mark.parametrize("prefix", ["<0>[   12.000000] ", "<7>", "kern  :emerg : [   12.000000] ", "kern:warn: "])
def test_the_kernel_s_own_facility_is_the_kernel(prefix: str) -> None:
    assert samples.only(prefix + "BUG: Dentry 00000000abcdef00 still in use")["kind"] == "bug-other"


@pytest.mark.parametrize(
    "lines",
    [
        ["Jan  5 10:00:25 node1 app[12]: BUG: unable to handle page fault for address: 0"],
        ["Jan  5 10:00:25 node1 app: Kernel panic - not syncing: x"],
        ["2026-01-05T10:00:25+00:00 node1 app[1]: kernel BUG at a.c:1!"],
        ["[   12.000000] app[12]: BUG: Bad page state in process x"],
        ["[   12.000000] node1 kernel: x", "[   12.100000] node1 sudo: BUG: Bad page state in process x"],
        # logger(1) takes any name, and any user may write into the kernel's buffer through systemd.
        ["Jan  5 10:00:25 node1 kernel[4711]: Kernel panic - not syncing: x"],
        ["user  :warn  : [   12.000000] BUG: unable to handle kernel request in my app"],
        ["daemon:err   : [   12.000000] BUG: Bad page state in process x"],
        ["<12>[   12.000000] BUG: worker died", "<30>[   12.1] INFO: task a:12 blocked for more than 120 seconds."],
        ["[   12.000000] ERROR BUG: worker died"],
        ["2026-01-05 10:00:25,123 ERROR BUG: worker died"],
        ["Jan  5 10:00:25 node1 app[12]: Traceback", "WARNING: at a.c:12 f+0x1/0x2()"],
    ],
)
def test_what_programs_say_is_no_crash(lines: List[str]) -> None:
    assert samples.judge("\n".join(lines)) == []


def test_cpus_that_speak_at_once_are_told_apart() -> None:
    mine = samples.X86_NULL.splitlines()
    theirs = samples.SOFT_LOCKUP.splitlines()
    text = ""
    for n in range(max(len(mine), len(theirs))):
        text += "[  100.%06d][    C1] %s\n" % (n, mine[n]) if n < len(mine) else ""
        text += "[  100.%06d][  T771] %s\n" % (n, theirs[n]) if n < len(theirs) else ""
    found = samples.only(text)
    assert (found["function"], found["module"], found["cpu"]) == ("rtl8125_poll", "r8125", 1)
    assert any("soft lockup" in title for title in found["follow_ups"])
