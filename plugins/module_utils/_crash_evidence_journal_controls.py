# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls of the role crash_evidence that concern its files, the journal, and room for evidence.

Each gets the policy, the state and what the policy means on the host, and returns the parts of a finding.
"""

from typing import Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _crash_evidence_files,
    _crash_evidence_policy,
    _systemd,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Dictionary,
    part,
    unread,
)

LEFT_ALONE = "crash_evidence_journal is false: the journal is left as it is"


def configuration(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    expected = "this role's files as the policy wants them"
    if "own" in state["errors"]:
        return unread(expected, state["errors"]["own"])
    texts = _crash_evidence_files.texts(_crash_evidence_policy.options(policy))
    wrong = [path for path in _crash_evidence_files.OWN if state["own"][path] != texts.get(path)]
    if not wrong:
        return part("pass", expected, "all of them", evidence=sorted(texts))
    missing = [path for path in wrong if state["own"][path] is None]
    reason = "; ".join("%s is %s" % (path, "missing" if path in missing else "not as wanted") for path in wrong)
    return part("fail", expected, "%d differ" % len(wrong), reason=reason, remedy=HARDEN, evidence=wrong)


def _effective(state: Dictionary, key: str) -> Tuple[Optional[str], str]:
    value, source = state["journald"].get(key, (None, ""))
    return value, source


def _remedy(key: str, source: str) -> str:
    path = source.rsplit(":", 1)[0]
    ours = _crash_evidence_files.JOURNALD
    # The name decides, whatever folder a drop-in is in; /etc/systemd/journald.conf is read before all of them.
    later = ".d/" in path and path.rsplit("/", 1)[1] > ours.rsplit("/", 1)[1]
    return "remove %s from %s, then %s" % (key, source, HARDEN) if later else HARDEN


def journal_persistent(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    expected = "Storage=persistent, and a journal below /var/log/journal"
    if not policy["crash_evidence_journal"]:
        return part("not_applicable", expected, "", reason=LEFT_ALONE)
    if "journald" in state["errors"]:
        return unread(expected, state["errors"]["journald"])
    value, source = _effective(state, "Storage")
    observed = "Storage=%s, %s" % (value or "auto", "on the disk" if state["journal_on_disk"] else "not on the disk")
    reasons, remedy = [], HARDEN
    if value != "persistent":
        reasons.append(
            "%s sets Storage=%s" % (source, value)
            if value
            else "Storage is auto, the default: without the directory /var/log/journal a restart loses the journal"
        )
        remedy = _remedy("Storage", source)
    if not state["journal_on_disk"]:
        reasons.append("there is no journal of this system below /var/log/journal")
    evidence = [source.rsplit(":", 1)[0] or "/etc/systemd/journald.conf", "/var/log/journal"]
    if not reasons:
        return part("pass", expected, observed, evidence=evidence)
    return part("fail", expected, observed, reason="; ".join(reasons), remedy=remedy, evidence=evidence)


def journal_size(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    wanted = policy["crash_evidence_journal_size"]
    expected = "SystemMaxUse=%s" % wanted
    if not policy["crash_evidence_journal"]:
        return part("not_applicable", expected, "", reason=LEFT_ALONE)
    if "journald" in state["errors"]:
        return unread(expected, state["errors"]["journald"])
    value, source = _effective(state, "SystemMaxUse")
    observed = "SystemMaxUse=%s" % (value or "a tenth of the file system, at most 4G (journald's own)")
    if wanted == "auto":
        return part(
            "not_applicable", expected, observed, reason="crash_evidence_journal_size is auto: journald decides"
        )
    if value is not None and _systemd.size(value) == _systemd.size(wanted):
        return part("pass", expected, observed, evidence=[source])
    reason = "%s sets SystemMaxUse=%s" % (source, value) if value else "no file sets it"
    return part("fail", expected, observed, reason=reason, remedy=_remedy("SystemMaxUse", source))


def journal_sync(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    expected = "SyncIntervalSec of at most %d s" % policy["crash_evidence_journal_sync"]
    if not policy["crash_evidence_journal"]:
        return part("not_applicable", expected, "", reason=LEFT_ALONE)
    if "journald" in state["errors"]:
        return unread(expected, state["errors"]["journald"])
    value, source = _effective(state, "SyncIntervalSec")
    span = _systemd.seconds(value) if value else 300.0
    observed = "SyncIntervalSec=%s" % (value or "5m, journald's own")
    if span is not None and span <= policy["crash_evidence_journal_sync"]:
        return part("pass", expected, observed, evidence=[source] if source else [])
    lost = "a power cut or a crash loses what the journal took in since the last time it was written to the disk"
    reason = "%s sets it to %s: %s" % (source, value, lost) if value else lost
    return part("fail", expected, observed, reason=reason, remedy=_remedy("SyncIntervalSec", source))


def evidence_space(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    least = policy["crash_evidence_space_minimum"]
    expected = "%d MiB free for the journal and for the archive of pstore" % least
    if "space" in state["errors"]:
        return unread(expected, state["errors"]["space"])
    reasons = []
    for place in state["space"]:
        if place["read_only"]:
            reasons.append("%s is on a file system that is mounted read-only" % place["path"])
        elif place["free"] < least << 20:
            reasons.append("%s has %d MiB" % (place["path"], place["free"] >> 20))
    observed = ", ".join("%s: %d MiB" % (place["path"], place["free"] >> 20) for place in state["space"])
    evidence = [place["path"] for place in state["space"]]
    if not reasons:
        return part("pass", expected, observed, evidence=evidence)
    remedy = "make room there, or mount it read-write: what a crash leaves cannot be kept"
    return part("fail", expected, observed, reason="; ".join(reasons), remedy=remedy, evidence=evidence)
