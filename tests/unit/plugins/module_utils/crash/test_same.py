# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's grep and Python find the same incidents, whatever stands in the log and however it comes in pieces."""

import os
import random
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _grep, _hits, _scan
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from unit.plugins.module_utils.crash import samples, test_corpus

HOST = Host()
BLOCK = 9000
TEXTS = (
    samples.X86_NULL,
    samples.SOFT_LOCKUP,
    samples.OOM,
    samples.ATA,
    samples.PPC64_BUG,
    samples.NO_ROOT,
    samples.ARM_NULL,
)
FORMS = (
    "%s", "[%5d.000000] %%s", "<4>[%5d.000000][  T12] %%s", "Jan  5 10:%02d:25 node1 kernel: %%s",
    "2026-01-05T10:%02d:25.123456+0000 node1 kernel: [   12.345678] %%s", "2026-01-05T10:%02d:25,123456+00:00 %%s", "2026-01-05T10:%02d:25Z %%s",
    "2026-01-05T10:%02d:25 kernel host kernel: %%s",
)  # fmt: skip
# What is between the crashes: without meaning, or only seeming to have one.
NOISE = (
    b"usb 1-1: new high-speed USB device number 7", b"Linux version 6.1.0-56-amd64 (gcc) #1 SMP", b"BU\0G: Bad page state", b"\0" * 300,
    b"BUG: \xff\xfe Bad page state \xc3", b"\xff" * 200, b"a\rBUG: Bad page state\r", b"\r", b"", b"INFO: nothing", b"x" * 5000,
    b"x" * 5000 + b" BUG: Bad page state", b"y" * 4090 + b" BUG: Bad page state", b"BUG: Bad page state " + b"z" * 6000, b"w" * 12000, b"BUG: " + b"v" * 30000,
    b"traps: app[7] general protection fault ip:7f sp:7f", b"audit: type=1400 BUG: x", b"-- Boot 5c1d0f4e BUG --", b"Kernel panic - not syncing: x",
    b"systemd-shutdown[1]: Rebooting", b"Reached target Reboot", b"kernel: BUG: Bad page state", b"I/O error, dev sda, sector 1", b"\x1b[31mBUG: Bad page map",
)  # fmt: skip
TAGS = (
    b"Jan  5 10:00:26 node1 app[7]: ", b"2026-01-05T10:00:26.123456+0000 node1 systemd[1]: ", b"2026-01-05T10:00:26.1+0000 kernel my app: ",
    b"Jan  5 10:00:26 node1 kernel[7]: ",
    b"Jan  5 10:00:26 node1 kernel: ", b"2026-01-05T10:00:26.123456+0000 node1 kernel: [   12.345678] ", b"[   12.345678] ", b"",
)  # fmt: skip

pytestmark = pytest.mark.skipif(HOST.which("grep") is None, reason="this machine has no grep")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_grep, "WORTH", 0)
    monkeypatch.setattr(_grep, "WINDOW", 500)
    monkeypatch.setattr(_hits, "WORTH", 0)
    monkeypatch.setattr(_scan, "BLOCK", BLOCK)
    for module in (_grep, _scan):
        monkeypatch.setattr(module, "LOOK", 3000)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for place in range(0, len(data), size):
        yield data[place : place + size]


LOGS = 200 if os.environ.get("LAB_FAULTS") == "all" else 50


def short_cut(folder: Path, data: bytes) -> Optional[List[Dict[str, Any]]]:
    (folder / "log").write_bytes(data)
    with HOST.open(str(folder / "log")) as handle:
        found: Optional[List[Dict[str, Any]]] = _grep.incidents(HOST, str(folder / "log"), handle)
        return found


def log(source: random.Random) -> bytes:
    """Crashes in one form or in several, with lines of all kinds between and in them; many without a crash, some without an end."""
    forms, tags = source.sample(FORMS, source.choice((1, 1, 3))), source.sample(TAGS, source.choice((1, 2, 5)))
    noise = source.sample(NOISE, source.choice((2, 5, len(NOISE))))
    lines: List[bytes] = []
    for minute in range(source.randint(1, 5)):
        for _line in range(source.choice((0, 3, 60))):
            lines.append(source.choice(tags) + source.choice(noise))
        # So that what is found is not most of what there is, which is read as a whole.
        lines += [source.choice(tags) + NOISE[0]] * source.choice((10, 300))
        form = source.choice(forms)
        form = form % (minute * 9) if "d" in form else form
        for text in source.choice(TEXTS).splitlines():
            lines.append((form % text).encode())
            if not source.randrange(9):
                lines.append(source.choice(tags) + source.choice(noise))
    return b"\n".join(lines) + source.choice((b"", b"\n", b"\r\n", b"\0", b"\nBUG: Bad page state"))


def test_of_any_log_the_same(tmp_path: Path) -> None:
    source = random.Random(20261124)
    short = found = 0
    for number in range(LOGS):
        data = log(source)
        whole = _scan.incidents([data])
        for size in (700, 5000, BLOCK + 1):
            assert _scan.incidents(pieces(data, size)) == whole, number
        by_grep = short_cut(tmp_path, data)
        assert by_grep is None or by_grep == whole, number
        short += by_grep is not None
        found += bool(by_grep)
    # It is a short cut only where it is taken.
    assert short > LOGS / 4 and found > LOGS / 5


@pytest.mark.parametrize(
    "line",
    [
        # dmesg --time-format iso, and programs that put a time before what a console says: no host stands there, and no program.
        "2026-01-05T10:00:25,123456+00:00 watchdog: BUG: soft lockup - CPU#2 stuck for 22s! [kworker/2:1:771]",
        "2026-01-05T10:00:25 [   12.345678] BUG: Bad page state in process x  pfn:1",
        "2026-01-05T10:00:25Z BUG: Bad page state in process x  pfn:1",
    ],
)
def test_no_form_of_a_large_log_hides_a_crash(tmp_path: Path, line: str) -> None:
    head = line.split(" BUG")[0].replace("watchdog:", "")
    data = "".join("%s usb 1-1: new device %d\n" % (head, n) for n in range(3000)) + line + "\n"
    found = short_cut(tmp_path, data.encode())
    assert found is not None and len(found) == 1
    assert found == _scan.incidents([data.encode()])


def test_the_text_of_a_console_in_a_block_of_the_journal_is_seen() -> None:
    lines = ["2026-01-05T10:00:25.123456+0000 node1 app[7]: the pool is idle %d\n" % n for n in range(3000)]
    lines[1234] = "[    1.0] BUG: Bad page state in process x  pfn:1\n"
    assert [incident["line"] for incident in _scan.incidents(["".join(lines).encode()])] == [1235]


QUIET = b"".join(b"[ %4d.000000] usb 1-1: new device\n" % n for n in range(1000, 3000))


def test_nul_bytes_keep_words_apart_and_crashes_in_reach(tmp_path: Path) -> None:
    data = QUIET + b"[ 4000.0] BU\0G: Bad page state\n" + QUIET
    assert short_cut(tmp_path, data) == _scan.incidents(pieces(data, 5000)) == []
    data = QUIET + b"\0" * 5000 + b"[ 4000.0] BUG: Bad page state\n" + QUIET
    assert short_cut(tmp_path, data) is None
    assert len(_scan.incidents(pieces(data, 5000))) == 1


@pytest.mark.parametrize("length, kinds", [(100, []), (12000, ["unexpected-reboot"])])
def test_what_is_before_an_endless_line_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int, kinds: List[str]
) -> None:
    """Here the words of an orderly end; how much of such a line is in memory is a matter of how it was read."""
    for module in (_grep, _scan):
        monkeypatch.setattr(module, "LOOK", 8000)
    end = b"[ 4000.0] INFO: nothing\n[ 4000.0] systemd-shutdown[1]: Rebooting.\n" + b"w" * length
    data = QUIET + end + b"\n[    0.000000] Linux version 6.1.0-56-amd64 (gcc) #1 SMP\n" + QUIET
    found = short_cut(tmp_path, data)
    assert found is not None and [incident["kind"] for incident in found] == kinds
    for size in (700, 5000, len(data)):
        assert _scan.incidents(pieces(data, size)) == found


@pytest.mark.skipif(not test_corpus.CORPUS, reason="KERNELOPS_CRASH_CORPUS names no corpus")
@pytest.mark.parametrize("name", ["dev.jsonl.xz", "variants.jsonl.xz"])
def test_of_real_logs_the_same(tmp_path: Path, name: str) -> None:
    quiet = b"".join(b"[    0.%06d] usb 1-1: new device\n" % n for n in range(3000))
    short = 0
    for row in test_corpus.rows(name):
        for data in (
            row["log"].encode("utf-8", "surrogateescape"),
            quiet + row["log"].encode("utf-8", "surrogateescape"),
        ):
            whole = _scan.incidents([data])
            assert _scan.incidents(pieces(data, 1000)) == whole, row["id"]
            by_grep = short_cut(tmp_path, data)
            assert by_grep is None or by_grep == whole, row["id"]
            short += by_grep is not None
    assert short > 100
