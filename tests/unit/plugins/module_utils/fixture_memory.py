# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with a memory controller: trees as Documentation/admin-guide/RAS describes them, a database with rasdaemon's tables."""

import os
import sqlite3
from typing import Any, Dict

from unit.plugins.module_utils.fixture_disks import DEBIAN
from unit.plugins.module_utils.fixture_disks import machine as plain
from unit.plugins.module_utils.fixture_hardware import ALERT, HardwareHost

POLICY: Dict[str, Any] = dict(
    ALERT,
    rasdaemon_interval=60,
    rasdaemon_corrected_limit=10,
    rasdaemon_page_threshold=50,
    rasdaemon_page_hours=24,
    rasdaemon_page_action="soft",
    rasdaemon_labels={},
)
DATABASE = "/var/lib/rasdaemon/ras-mc_event.db"
# The tables of rasdaemon 0.6.8, as its ras-mc-ctl asks for their columns.
TABLES = {
    "mc_event": "id INTEGER PRIMARY KEY, timestamp TEXT, err_count INTEGER, err_type TEXT, err_msg TEXT, label TEXT, mc INTEGER, "
    "top_layer INTEGER, middle_layer INTEGER, lower_layer INTEGER, address INTEGER, grain INTEGER, syndrome INTEGER, driver_detail TEXT",
    "aer_event": "id INTEGER PRIMARY KEY, timestamp TEXT, dev_name TEXT, err_type TEXT, err_msg TEXT",
    "mce_record": "id INTEGER PRIMARY KEY, timestamp TEXT, bank_name TEXT, error_msg TEXT, mcgstatus_msg TEXT, mcistatus_msg TEXT",
}
MC = "/sys/devices/system/edac/mc/mc0/"


def machine(root: str, kind: str = "metal", release: str = DEBIAN) -> HardwareHost:
    """A machine with rasdaemon and no memory controller."""
    host = plain(root, kind, release)
    host.put("/usr/sbin/rasdaemon", "")
    host.unit("rasdaemon.service", True, True)
    host.unit("ras-mc-ctl.service", True, True)
    host.put("/proc/sys/kernel/random/boot_id", "one\n")
    host.put("/sys/class/dmi/id/board_vendor", "EXAMPLE Inc.\n")
    host.put("/sys/class/dmi/id/board_name", "X1\n")
    return host


def server(root: str, **more: Any) -> HardwareHost:
    """Two modules of memory, healthy; one has a label."""
    host = machine(root, **more)
    count(host, 0, 0)
    count(host, 1, 0)
    host.put(MC + "dimm0/dimm_label", "DIMM_A1\n")
    host.put(MC + "ce_noinfo_count", "0\n")
    host.put(MC + "ue_noinfo_count", "0\n")
    return host


def count(host: HardwareHost, dimm: int, corrected: int, uncorrected: int = 0) -> None:
    host.put(MC + "dimm%d/dimm_ce_count" % dimm, "%d\n" % corrected)
    host.put(MC + "dimm%d/dimm_ue_count" % dimm, "%d\n" % uncorrected)


def record(host: HardwareHost, table: str, **values: Any) -> None:
    """What rasdaemon writes down; a database without this table gets it."""
    path = host.root + DATABASE
    os.makedirs(os.path.dirname(path), exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("create table if not exists %s (%s)" % (table, TABLES[table]))
    names = sorted(values)
    marks = ", ".join("?" for _name in names)
    connection.execute(
        "insert into %s (%s) values (%s)" % (table, ", ".join(names), marks), [values[name] for name in names]
    )
    connection.commit()
    connection.close()


def corrected(host: HardwareHost, label: str = "DIMM_A1", errors: int = 1) -> None:
    record(host, "mc_event", err_count=errors, err_type="Corrected", err_msg="memory read error", label=label)
