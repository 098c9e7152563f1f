# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The triage on real crashes with known answers, where they are at hand.

The logs come from test suites of others and are not part of this project: KERNELOPS_CRASH_CORPUS names the directory that holds
dev.jsonl.xz and variants.jsonl.xz.
"""

import collections
import json
import lzma
import os
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _scan

CORPUS = os.environ.get("KERNELOPS_CRASH_CORPUS", "")
# Kinds whose culprit is no matter of taste.
FAULTS = frozenset(
    ("null-deref", "paging-fault", "gpf", "kernel-bug", "divide-error", "double-fault", "cpu-exception", "stack-overflow", "soft-lockup",
     "hard-lockup", "warning", "kasan", "kfence", "bug-other", "mem-corruption")
)  # fmt: skip
GOALS = {"detect": 98.0, "kind": 95.0, "function": 85.0, "module": 85.0, "fatal": 97.0}
OTHERS = {"detect": 95.0, "kind": 91.0, "function": 90.0, "module": 85.0}

pytestmark = pytest.mark.skipif(not CORPUS, reason="KERNELOPS_CRASH_CORPUS names no corpus")
Score = Dict[str, List[int]]


def rows(name: str) -> Iterator[Dict[str, Any]]:
    with lzma.open(os.path.join(CORPUS, name), "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def first(row: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    found = _scan.incidents([row["log"].encode("utf-8", "surrogateescape")])
    return min(found, key=lambda incident: int(incident["line"])) if found else None


def symbol(name: Optional[str]) -> Optional[str]:
    return (name or "").lstrip(".").split("+")[0].split(".")[0] or None


def judge(row: Dict[str, Any], score: Score) -> None:
    expect, scored, found = row["expect"], row["score"], first(row)
    if not scored["detect"]:
        return
    if not expect["crashed"]:
        score["false alarm"].append(int(found is not None and found["kind"] not in (expect.get("allow") or [])))
        return
    score["detect"].append(int(found is not None))
    got = found or {}
    if scored["kind"]:
        score["kind"].append(int(got.get("kind") in expect["kinds_ok"]))
    if scored["function"] and expect["kind"] in FAULTS:
        score["function"].append(int(symbol(got.get("function")) in {symbol(name) for name in expect["functions_ok"]}))
    if scored["module"]:
        score["module"].append(int(got.get("module") == expect["module"]))
    if expect.get("panicked") is not None:
        score["fatal"].append(int(bool(got.get("fatal")) == expect["panicked"]))


def percent(score: Score) -> Dict[str, float]:
    return {key: round(100.0 * sum(values) / len(values), 1) for key, values in sorted(score.items())}


def test_the_development_set() -> None:
    every: Score = collections.defaultdict(list)
    others: Score = collections.defaultdict(list)
    for row in rows("dev.jsonl.xz"):
        for score in [every] + ([] if row["source"].startswith("syzkaller") else [others]):
            judge(row, score)
    print("\nall: %s\nnot syzkaller: %s" % (percent(every), percent(others)))
    assert sum(every["false alarm"]) <= 1
    for goals, figures in ((GOALS, percent(every)), (OTHERS, percent(others))):
        assert {key: figures[key] for key, goal in goals.items() if figures[key] < goal} == {}


def test_the_nine_forms() -> None:
    forms: Dict[str, Score] = collections.defaultdict(lambda: collections.defaultdict(list))
    said: Dict[str, Dict[str, Tuple[Any, ...]]] = collections.defaultdict(dict)
    for row in rows("variants.jsonl.xz"):
        judge(row, forms[row["source"]])
        found = first(row) or {}
        said[row["id"].rsplit("@", 1)[0]][row["source"]] = tuple(
            found.get(key) for key in ("kind", "function", "module", "fatal", "fingerprint")
        )
    for name, score in sorted(forms.items()):
        print("%s: %s" % (name, percent(score)))
    assert {crash: answers for crash, answers in said.items() if len(set(answers.values())) != 1} == {}
