# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with disks. The reports have the form of smartctl --json (7.3); their numbers are made up."""

import json
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Result
from unit.plugins.module_utils.fixture_hardware import ALERT, HardwareHost

POLICY: Dict[str, Any] = dict(
    ALERT,
    smartmontools_interval=1800,
    smartmontools_scan=True,
    smartmontools_devices=[],
    smartmontools_virtual=False,
    smartmontools_short_test_hour=2,
    smartmontools_long_test_day=6,
    smartmontools_long_test_hour=3,
    smartmontools_stagger_hours=2,
    smartmontools_temperature_high=55,
    smartmontools_temperature_critical=65,
    smartmontools_nvme_temperature_high=75,
    smartmontools_nvme_temperature_critical=85,
    smartmontools_attribute_limits={"5": 10, "187": 0, "197": 0, "198": 0},
    smartmontools_error_limit=0,
    smartmontools_wear_limit=100,
    smartmontools_result_max_age=72,
)
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'
REDHAT = 'PRETTY_NAME="AlmaLinux 9.4"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n'


def machine(root: str, kind: str = "metal", release: str = DEBIAN, version: str = "7.3") -> HardwareHost:
    """A machine with smartmontools as the distribution installs them, one ATA and one NVMe disk."""
    host = HardwareHost(root)
    host.put("/usr/bin/systemd-detect-virt", "")
    for question, yes in (("container", "lxc"), ("vm", "kvm")):
        host.answers[("systemd-detect-virt", "--" + question)] = Result(
            0, (yes if kind == question else "none") + "\n", ""
        )
    host.put("/etc/os-release", release)
    host.put("/usr/bin/python3", "")
    for name in ("smartd", "smartctl"):
        host.put("/usr/sbin/" + name, "")
    host.unit("smartmontools.service" if release == DEBIAN else "smartd.service", True, True)
    for name, removable in (("sda", 0), ("nvme0n1", 0), ("nvme0n2", 0), ("sdb", 1), ("vda", 0), ("loop0", 0)):
        host.put("/sys/block/%s/removable" % name, "%d\n" % removable)
    host.programs["smartd"] = Smartd(version)
    host.programs["smartctl"] = Smartctl()
    return host


class Smartd:
    """smartd as far as its version and the check of a configuration go."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.rc = 17
        self.said = ""
        self.read: List[str] = []

    def __call__(self, argv: List[str]) -> Result:
        if argv[1] == "--version":
            return Result(0, "smartd %s 2022-02-28 r5338 [x86_64-linux-6.1.0]\n" % self.version, "")
        assert argv[1] == "-c" and argv[3:] == ["-q", "showtests"], argv
        with open(argv[2]) as stream:
            self.read.append(stream.read())
        return Result(self.rc, self.said, "")


class Smartctl:
    """smartctl: a report for each device, and the status it ends with."""

    def __init__(self) -> None:
        self.reports: Dict[str, Any] = {"/dev/sda": ata(), "/dev/nvme0": nvme()}
        self.asleep: List[str] = []
        self.hangs: List[str] = []
        self.calls: List[List[str]] = []
        self.tests: List[List[str]] = []
        self.test_says = "Self-test has begun (NSID 0xffffffff)\nUse smartctl -X to abort test\n"

    def __call__(self, argv: List[str]) -> Result:
        device = argv[-1]
        if "-t" in argv:
            self.tests.append(argv[1:])
            if device in self.hangs:
                raise CommandError("smartctl %s: did not end within 120 seconds" % device)
            return Result(0, "smartctl 7.4 2023-08-01 r5530\nCopyright (C) 2002-23\n\n" + self.test_says, "")
        self.calls.append(argv[1:])
        if device in self.hangs:
            raise CommandError("smartctl %s: did not end within 120 seconds" % device)
        if device in self.asleep:
            return Result(250, '{"smartctl": {"exit_status": 250}}', "")
        report = _asked_for(self.reports.get(device), argv)
        if report is None:
            message = {"string": "Smartctl open device: %s failed: No such device" % device, "severity": "error"}
            return Result(2, json.dumps({"smartctl": {"exit_status": 2, "messages": [message]}}), "")
        return Result(report["smartctl"]["exit_status"], json.dumps(report), "")


# What smartctl puts into its report for which option; the rest it always tells.
SECTIONS = {
    "-i": ("model_name", "scsi_model_name", "serial_number", "smart_support"),
    "-H": ("smart_status",),
    "-A": ("ata_smart_attributes", "nvme_smart_health_information_log", "temperature"),
    "-l selftest": ("ata_smart_self_test_log", "nvme_self_test_log", "scsi_self_test_0"),
    "-l error": ("scsi_error_counter_log",),
}


def _asked_for(report: Any, argv: List[str]) -> Any:
    asked = " ".join(argv)
    left_out = [name for option, names in SECTIONS.items() if " %s " % option not in asked for name in names]
    return dict((name, value) for name, value in report.items() if name not in left_out) if report else None


def ata(**raw: int) -> Dict[str, Any]:
    """A healthy ATA disk; a1_=2 style names give attribute 1 the raw value 2."""
    rows = [
        (5, "Reallocated_Sector_Ct", 0),
        (187, "Reported_Uncorrect", 0),
        (190, "Airflow_Temperature_Cel", 588709920),
    ]
    rows += [(197, "Current_Pending_Sector", 0), (198, "Offline_Uncorrectable", 0)]
    table = []
    for number, name, value in rows:
        value = raw.get("a%d" % number, value)
        shown = "32 (Min/Max 23/35)" if number == 190 else str(value)
        table.append(
            {
                "id": number,
                "name": name,
                "value": 100,
                "thresh": 10,
                "when_failed": "",
                "raw": {"value": value, "string": shown},
            }
        )
    return {
        "smartctl": {"version": [7, 3], "exit_status": 0},
        "device": {"name": "/dev/sda", "type": "sat", "protocol": "ATA"},
        "model_name": "EXAMPLE HDD 1000",
        "serial_number": "A1B2C3",
        "smart_support": {"available": True, "enabled": True},
        "smart_status": {"passed": True},
        "ata_smart_attributes": {"revision": 10, "table": table},
        "ata_smart_self_test_log": {
            "standard": {"table": [{"status": {"value": 0, "string": "Completed without error", "passed": True}}]}
        },
        "temperature": {"current": 32},
    }


def nvme(**log: int) -> Dict[str, Any]:
    """A healthy NVMe disk, as smartctl 7.3 reports it."""
    values = dict(critical_warning=0, temperature=40, available_spare=100, available_spare_threshold=10)
    values.update(percentage_used=3, media_errors=0, power_on_hours=12798)
    values.update(log)
    failing = values["critical_warning"] != 0
    return {
        "smartctl": {"version": [7, 3], "exit_status": 8 if failing else 0},
        "device": {"name": "/dev/nvme0", "type": "nvme", "protocol": "NVMe"},
        "model_name": "EXAMPLE NVMe 500",
        "serial_number": "N1",
        "smart_support": {"available": True, "enabled": True},
        "smart_status": {"passed": not failing, "nvme": {"value": values["critical_warning"]}},
        "nvme_smart_health_information_log": values,
        "temperature": {"current": values["temperature"]},
    }


def scsi(uncorrected: int, kind: str = "megaraid,0") -> Dict[str, Any]:
    """A SAS disk, behind a controller or not."""
    return {
        "smartctl": {"version": [7, 3], "exit_status": 0},
        "device": {"name": "/dev/sda", "type": kind, "protocol": "SCSI"},
        "scsi_model_name": "EXAMPLE SAS 4000",
        "serial_number": "S1",
        "smart_status": {"passed": True},
        "temperature": {"current": 34, "drive_trip": 68},
        "scsi_error_counter_log": {
            "read": {"total_uncorrected_errors": uncorrected},
            "write": {"total_uncorrected_errors": 0},
        },
    }
