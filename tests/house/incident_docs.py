# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Write docs/incidents.md from the table of kinds that crash_info uses: `python -m house.incident_docs`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._cases import CASES
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kinds import KINDS, Kind, explain
from house.sources import TOP

PAGE = Path("docs") / "incidents.md"
# What only a log can fill in.
WORDS = {
    "who": "*the driver or function*",
    "fix": "*the driver*",
    "function": "*the function*",
    "task": "*task*",
    "title": "*its words*",
    "device": ": *the device*",
    "users": ": *the biggest processes*",
    "biggest": ": *the biggest process*",
    "limit": " (*its name and limit*)",
}
HEAD = """\
<!-- Copyright (c) 2026, kernelops contributors -->
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Made by `PYTHONPATH=tests .venv/bin/python -m house.incident_docs` from plugins/module_utils/_crash/_kinds.py: change that, not this. -->
# Incidents: causes and first steps

What `crash_info` and `diagnose.yml` say about each kind of incident. Words in *italics* come from the log. A first step is where to begin,
not a verdict: the likely cause is the most common one, and the same message may have another.

After a kind with a † the kernel's state is damaged: what follows in the same boot follows from it, and belongs to the same incident. A host that
lived on should be restarted.

The sources are files of the Linux kernel, where the message is written or explained. Which words of the kernel stand for which kind is in
`plugins/module_utils/_crash/_messages.py`.
"""
COLUMNS = """
| kind | suspect | likely cause | first step | source |
|---|---|---|---|---|
"""
CASES_HEAD = """
## Other causes in some cases

The same kinds, where the lines of the report tell of something else.
"""


def row(title: str, kind: Kind) -> str:
    # Behind the mark of italics explain() finds no letter to begin a sentence with.
    said = {key: re.sub(r"^\*\w", lambda start: start[0].upper(), text) for key, text in explain(kind, WORDS).items()}
    source = ", ".join(f"`{path}`" for path in kind.source.split(", "))
    cells = [title, kind.suspect, said["cause"], said["first_step"], source]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def page() -> str:
    kinds = "".join(row(f"`{name}`{' †' if kind.lethal else ''}", kind) for name, kind in KINDS.items())
    cases = "".join(row(", ".join(f"`{kind}`" for kind in case.kinds) + f": {case.name}", case.entry) for case in CASES)
    return HEAD + COLUMNS + kinds + CASES_HEAD + COLUMNS + cases


def main(top: Path = TOP) -> int:
    path = top / PAGE
    path.parent.mkdir(exist_ok=True)
    path.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
