# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of ours in a configuration file of a package, that can be taken out again to the last byte."""

import re
from typing import Callable, List

BEGIN = "# BEGIN kernelops.panic_hardening %s (managed by Ansible: changes in here are overwritten)"
# The file of others may end without a newline, which ours must put there and take away again.
BEGIN_JOINED = BEGIN + " (after a line without end)"
END = "# END kernelops.panic_hardening %s"
ASIDE = "#kernelops.panic_hardening# "


def strip(text: str, name: str) -> str:
    """The file as it is without our part, with the lines that we had set aside."""
    end = re.escape(END % name)
    # What others have written behind our part begins a line of its own, so there the newline stays.
    text = re.sub(r"(?ms)\n?^%s\n.*?^%s\n\Z" % (re.escape(BEGIN_JOINED % name), end), "", text)
    text = re.sub(r"(?ms)^%s\n.*?^%s\n" % (re.escape(BEGIN_JOINED % name), end), "", text)
    text = re.sub(r"(?ms)^%s\n.*?^%s\n" % (re.escape(BEGIN % name), end), "", text)
    return "".join(line[len(ASIDE) :] if line.startswith(ASIDE) else line for line in text.splitlines(True))


def merge(text: str, name: str, lines: List[str], clashes: Callable[[str], bool]) -> str:
    """The file with C(lines) at its end, if there are any; lines of others for which C(clashes) says so are set aside as remarks."""
    if not lines:
        return strip(text, name)
    body = "".join(ASIDE + line if clashes(line) else line for line in strip(text, name).splitlines(True))
    joined = bool(body) and not body.endswith("\n")
    begin = (BEGIN_JOINED if joined else BEGIN) % name
    return body + ("\n" if joined else "") + "".join(line + "\n" for line in [begin] + lines + [END % name])
