# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rasdaemon has recorded: errors of memory, PCIe and processor, from its SQLite database, read only."""

import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import quote

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

DATABASE = "/var/lib/rasdaemon/ras-mc_event.db"
WAIT_SECONDS = 5
# By table: how many errors a row stands for, what tells whether they were corrected, what they happened to, and more words.
# A build of rasdaemon without a kind of event has no table for it.
TABLES = {
    "mc_event": ("err_count", "err_type", "label", "err_msg"),
    "aer_event": ("1", "err_type", "dev_name", "err_msg"),
    # Of AMD's processors only the message tells.
    "mce_record": ("1", "coalesce(mcistatus_msg, '') || ' ' || coalesce(error_msg, '')", "bank_name", "''"),
}
# Deferred: nobody has used the broken data yet, but it is lost.
LOST = re.compile("uncorrected|fatal|deferred", re.IGNORECASE)
NAMES = {"mc_event": "", "aer_event": "PCIe ", "mce_record": "processor "}


class Event(NamedTuple):
    """A recorded error: C(label) is what it happened to."""

    id: int
    label: str
    errors: int
    corrected: bool
    words: str


def since(host: Host, last: Optional[Dict[str, int]]) -> Tuple[List[Event], Dict[str, int]]:
    """What was recorded after these ids, and the ids reached; raises HostError where there is a database that cannot be read.

    Without ids it only learns where each table stands: what is there already is no news.
    """
    if not host.exists(DATABASE):
        return [], dict(last or {})
    try:
        import sqlite3
    except ImportError:
        raise HostError("%s: this Python has no module sqlite3 to read it" % DATABASE) from None
    found: List[Event] = []
    reached = dict(last or {})
    try:
        address = "file:%s?mode=ro" % quote(host.real(DATABASE))
        connection = sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS)
        try:
            there = set(row[0] for row in connection.execute("select name from sqlite_master where type = 'table'"))
            for table in sorted(set(TABLES) & there):
                if last is None:
                    reached[table] = _highest(connection, table)
                else:
                    found += _read(connection, table, reached)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise HostError("%s: could not be read: %s" % (DATABASE, error)) from None
    return found, reached


def _read(connection: Any, table: str, reached: Dict[str, int]) -> List[Event]:
    query = "select id, %s, %s, %s, %s from %s where id > ? order by id limit 10000" % (TABLES[table] + (table,))
    found = []
    for number, count, kind, label, words in connection.execute(query, (_valid(connection, table, reached),)):
        corrected = not LOST.search(str(kind))
        name = NAMES[table] + (str(label or "") or "unknown")
        found.append(Event(number, name, int(count or 1), corrected, "%s %s" % (kind or "", words or "")))
        reached[table] = number
    return found


def _valid(connection: Any, table: str, reached: Dict[str, int]) -> int:
    """The id to begin behind: a database that was made anew begins at 1 again."""
    return reached.get(table, 0) if _highest(connection, table) >= reached.get(table, 0) else 0


def _highest(connection: Any, table: str) -> int:
    (highest,) = connection.execute("select max(id) from %s" % table).fetchone()
    return int(highest or 0)
