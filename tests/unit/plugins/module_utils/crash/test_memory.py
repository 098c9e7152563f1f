# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who used the memory when it ran out, from tables of any length."""

import time
import tracemalloc
from typing import Callable, Iterator, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _scan
from unit.plugins.module_utils.crash import samples

# The heads that kernels have written since 2.6.32, and what stands between rss and the name. A task that is swapped out and
# has a score of its own leaves no column of zeros.
TABLES = {
    "2.6.32": ("cpu oom_adj oom_score_adj", "  3     -17         -1000"),
    "3.10": ("nr_ptes swapents oom_score_adj", "    1234    56789          -250"),
    "4.4": ("nr_ptes nr_pmds swapents oom_score_adj", "    1234       12    56789          -250"),
    "4.19": ("pgtables_bytes swapents oom_score_adj", "  3416064    56789          -250"),
    "6.8": ("rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj", "   417661     1234      463   3416064    56789          -250"),
}  # fmt: skip
BIG = {3: ("7 zip -9", 300000), 2500: ("java", 400000), 4999: ("12 34", 200000)}
HEAD = "java invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0\n"
ORDERS = "Node 0 Normal: 1024*4kB (UME) 512*8kB (UME) 0*16kB = 8192kB\n"
KILL = "Out of memory: Killed process 2500 (java) total-vm:8000000kB, anon-rss:1600000kB, file-rss:0kB\n"


def row(pid: int, numbers: str) -> str:
    name, rss = BIG.get(pid, ("worker-%d" % pid, 1000 + pid % 7))
    return "[%7d]  1000 %5d %8d %8d %s %s\n" % (pid, pid, 2000000, rss, numbers, name)


def table(version: str, between: Callable[[int], str] = lambda _pid: "", count: int = 5000) -> str:
    head, numbers = TABLES[version]
    text = "Tasks state (memory values in pages):\n[  pid  ]   uid  tgid total_vm      rss %s name\n" % head
    return text + "".join(row(pid, numbers) + between(pid) for pid in range(count))


def noise(pid: int) -> str:
    lines = ["e1000: eth0 NIC Link is Up 1000 Mbps\n"] * (pid % 5)
    lines += ["WARNING: CPU: 3 PID: 9 at net/core/dev.c:100 dev_open+0x10/0x20\n"] * (pid % 1000 == 77)
    return "".join(lines)


FORMS = ("[  100.000000] ", "[  100.000000][ T1403] ", "Jan  5 10:00:25 node1 kernel: ")
KINDS = [(version, FORMS[0]) for version in TABLES] + [("6.8", form) for form in FORMS[1:]]


@pytest.mark.parametrize("version, form", KINDS)
@pytest.mark.parametrize("between", [lambda _pid: "", noise], ids=["alone", "others between"])
def test_of_thousands_of_processes_the_biggest(version: str, between: Callable[[int], str], form: str) -> None:
    text = HEAD + ORDERS + table(version, between) + KILL
    found = samples.judge("".join(form + line + "\n" for line in text.splitlines()))
    assert [incident["kind"] for incident in found] == ["oom"]
    assert found[0]["cause"] == (
        "Memory ran out: the biggest processes were java (1562 MiB), 7 zip -9 (1171 MiB), 12 34 (781 MiB); killed: java."
    )


def test_programs_may_speak_between_the_rows_too() -> None:
    stamp = "2026-01-05T10:00:25.123456+0000 node1 "
    lines: List[str] = []
    for line in (HEAD + ORDERS + table("6.8") + KILL).splitlines():
        lines += [stamp + "kernel: " + line] + [stamp + "app[7]: cannot allocate memory"] * 3
    (found,) = samples.judge("\n".join(lines))
    assert "java (1562 MiB), 7 zip -9 (1171 MiB)" in found["cause"]


@pytest.mark.parametrize("page, size", [(4, "1562 MiB"), (64, "25000 MiB")])
def test_a_cgroup_has_many_counters_and_no_free_pages(page: int, size: str) -> None:
    """mm/memcontrol.c: each counter is a line of its own, and nothing but the killed process tells what a page is."""
    counters = "".join("counter_%d %d\n" % (n, n * 4096) for n in range(90))
    text = HEAD + "memory: usage 51200kB, limit 51200kB, failcnt 37\nMemory cgroup stats for /user.slice:\n" + counters
    text += table("6.8", count=3000)
    text += "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,oom_memcg=/x,task_memcg=/x,task=java,pid=2500,uid=0\n"
    text += "Memory cgroup " + KILL.replace("Out", "out").replace("8000000kB", "%dkB" % (2000000 * page))
    found = samples.only(samples.stamped(text))
    assert "java (%s), 7 zip -9 (" % size in found["cause"]


@pytest.mark.parametrize("total", [8000001, 10000000, 7])
def test_a_size_that_cannot_be_that_of_pages_is_not_believed(total: int) -> None:
    text = HEAD + table("6.8") + KILL.replace("8000000kB", "%dkB" % total)
    assert "java (400000 pages)" in samples.only(samples.stamped(text))["cause"]


def test_a_crash_in_the_middle_is_an_incident_of_its_own() -> None:
    text = HEAD + ORDERS + table("6.8", count=3000) + samples.X86_NULL
    assert [incident["kind"] for incident in samples.judge(samples.stamped(text))] == ["oom", "null-deref"]


def test_after_the_kill_the_report_is_over() -> None:
    """In a storm of such reports what comes between them is not taken apart."""
    scan = _scan.Scan()
    scan.block((HEAD + table("6.8", count=9) + KILL + "usb 1-1: new device\n" * 30).encode())
    assert not scan.triage.active


def test_a_table_without_end_costs_its_length() -> None:
    def endless(rows: int) -> Iterator[bytes]:
        yield (HEAD + table("6.8", count=1)).encode()
        for start in range(0, rows, 10000):
            yield "".join(row(pid, TABLES["6.8"][1]) for pid in range(start, start + 10000)).encode()

    def seconds(rows: int) -> float:
        started = time.process_time()
        (found,) = _scan.incidents(endless(rows))
        assert "java (400000 pages)" in found["cause"]
        return time.process_time() - started

    seconds(10000)
    assert seconds(40000) < 8 * seconds(10000)
    tracemalloc.start()
    try:
        _scan.incidents(endless(40000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The text comes in pieces of a megabyte, and is in memory thrice while one is cut into lines.
    assert peak < 14 * 1024 * 1024
