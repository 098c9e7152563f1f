# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which errors were corrected, whoever reports them; and what the round keeps cannot break the next one."""

from typing import Any, Iterator, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _memory_watch, _rasdaemon
from unit.plugins.module_utils.fixture_hardware import HardwareHost, Journal
from unit.plugins.module_utils.fixture_memory import POLICY, record, server


@pytest.fixture
def host(tmp_path: Any) -> HardwareHost:
    made = server(str(tmp_path / "h"))
    made.put("/etc/kernelops-panic_hardening/alarm.json", '{"mail": ""}')
    made.put(_memory_watch.SETTINGS, '{"corrected_limit": 10}')
    return made


@pytest.fixture
def journal(host: HardwareHost) -> Iterator[Journal]:
    made = Journal(host)
    _memory_watch.watch(host)
    yield made
    made.close()


def told(journal: Journal) -> List[str]:
    return [entry["PANIC_HARDENING_KEY"] for entry in journal.entries()]


def failed(host: HardwareHost) -> List[str]:
    """The health controls that fail."""
    findings = _rasdaemon.evaluate(POLICY, _rasdaemon.observe(host))
    return [item["control"] for item in findings if (item["category"], item["status"]) == ("health", "fail")]


def test_data_that_is_lost_but_not_yet_used_was_not_corrected(host: HardwareHost, journal: Journal) -> None:
    record(host, "mc_event", err_count=1, err_type="Deferred", err_msg="poisoned", label="DIMM_A1")
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.uncorrected:DIMM_A1"]


@pytest.mark.parametrize(
    "status, message, key",
    [
        ("Uncorrected_error Error_enabled", "", "rasdaemon.uncorrected:processor L2"),
        ("UECC", "Uncorrected, software containable error.", "rasdaemon.uncorrected:processor L2"),
        (None, "Deferred error, no action required.", "rasdaemon.uncorrected:processor L2"),
        ("CECC", "Corrected error, no action required.", None),
        ("Corrected_error", None, None),
    ],
)
def test_what_the_processor_says_of_an_error(
    host: HardwareHost, journal: Journal, status: Any, message: Any, key: Any
) -> None:
    record(host, "mce_record", bank_name="L2", mcistatus_msg=status, error_msg=message)
    _memory_watch.watch(host)
    assert told(journal) == ([key] if key else [])


def test_one_error_that_memory_and_processor_report_is_one_alarm(host: HardwareHost, journal: Journal) -> None:
    record(host, "mc_event", err_count=1, err_type="Uncorrected", err_msg="read error", label="DIMM_A1")
    record(host, "mce_record", bank_name="MC0", mcistatus_msg="Uncorrected_error")
    record(host, "aer_event", err_type="Uncorrected (Fatal)", dev_name="0000:3b:00.0")
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.uncorrected:DIMM_A1", "rasdaemon.uncorrected:PCIe 0000:3b:00.0"]
    assert "rasdaemon.errors.processor_MC0" in failed(host)
    record(host, "mce_record", bank_name="MC0", mcistatus_msg="Uncorrected_error")
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.uncorrected:processor MC0"]


@pytest.mark.parametrize(
    "text",
    ['{"rises": []}', '{"rises": {"x": [1]}}', '{"counters": {"mc0": 1}}', '{"at": "x"}', '{"last": [1]}', "[1]", "{"],
)
def test_damaged_results_are_none(host: HardwareHost, journal: Journal, text: str) -> None:
    host.put(_memory_watch.RESULTS, text)
    assert _memory_watch.results(host) == _memory_watch.NOTHING
    assert _memory_watch.watch(host) == 0
    assert failed(host) == []
