# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Program counters and stack frames, as the architectures write them.

x86    RIP: 0010:func+0x1/0x2      EIP: func+0x1/0x2    RIP: 0010:[<addr>]  [<addr>] func+0x1/0x2    IP: [<addr>] func+0x1/0x2
arm    PC is at func+0x1/0x2       [<addr>] (func) from [<addr>] (caller+0x1/0x2)      func from caller+0x1/0x2
arm64  pc : func+0x1/0x2           riscv, mips  epc : addr func+0x1/0x2  or  epc : func+0x1/0x2
ppc    NIP [addr] .func+0x1/0x2    [stack] [addr] .func+0x1/0x2 (unreliable)
s390   Krnl PSW : mask addr (func+0x1/0x2)            [<addr>] func+0x1/0x2  or  ([<addr>] func+0x1/0x2)
"""

import re
from typing import List, NamedTuple, Optional

_NAME = r"\.?([A-Za-z_$][\w.$]{0,200})"
_PLACE = _NAME + r"\+0x([0-9a-f]{1,16})/0x[0-9a-f]{1,16}"
_MODULE = r"(?: \[([\w-]{1,64})(?:\([A-Z]{1,8}\))?(?: [0-9a-f]{1,40})?\])?"

FRAME = re.compile(
    r"[ \t(]{0,20}(?:\[c[0-9a-f]{7,15}\] ?)?(?:\[<?(?:0x)?[0-9a-fxp(){}]{0,20}>?\] ?)?(?:\(\[<[0-9a-f]{1,16}>\]\) ?)?[ \t]{0,8}(\? )?[ \t]{0,4}"
    + _PLACE
    + _MODULE
)
ARM = re.compile(
    r"[ \t]{0,8}(?:\[<[0-9a-f]{8,16}>\] ?)?\(?"
    + _NAME
    + r"(?:\+0x[0-9a-f]{1,16}/0x[0-9a-f]{1,16})?(?: \[([\w-]{1,64})\])?\)? from (?:\[<[0-9a-f]{8,16}>\] ?)?\(?"
    + _PLACE
    + r"(?: \[([\w-]{1,64})\])?\)?"
)
INLINE = re.compile(r"[ \t]{1,8}" + _NAME + r" [\w./-]{1,200}:\d{1,6} \[inline\]")
# An address without a name is no frame that could name a culprit, but it is the place of the fault.
PC = (
    re.compile(
        r"[ \t]{0,8}R?E?IP: (?:[0-9a-f]{4}:)?(?:\[<[0-9a-f]{1,16}>\] {0,2})?(?:\[<[0-9a-f]{1,16}>\] {0,2})?"
        + _PLACE
        + _MODULE
    ),
    re.compile(r"[ \t]{0,8}R?E?IP  ?\[<[0-9a-f]{1,16}>\] " + _PLACE + _MODULE),
    re.compile(r"[ \t]{0,8}R?E?IP is at " + _PLACE + _MODULE),
    re.compile(r"[ \t]{0,8}PC is at " + _PLACE + _MODULE),
    re.compile(r"[ \t]{0,8}pc : (?:\[<[0-9a-f]{8,16}>\] )?" + _PLACE + _MODULE),
    re.compile(r"[ \t]{0,8}epc {0,3}: (?:[0-9a-f]{8,16} )?" + _PLACE + _MODULE),
    re.compile(r"[ \t]{0,8}NIP \[[0-9a-f]{8,16}\] " + _PLACE + _MODULE),
    re.compile(r"[ \t]{0,8}Krnl PSW : [0-9a-f]{16} [0-9a-f]{16} \(" + _PLACE + _MODULE),
    re.compile(
        r"[ \t]{0,8}EIP: (?:[0-9a-f]{4}:)?(?:\[<[0-9a-f]{8}>\] )?(?:EFLAGS: [0-9a-f]{8} CPU: \d{1,4})?"
        + _PLACE
        + _MODULE
    ),
)
USER_PC = re.compile(r"[ \t]{0,8}(?:RIP: 00(?:33|23|2b):|EIP: 00(?:73|23):|pc : \[?<?0{4,8}[0-9a-f])")
# A call of what is no function leaves a program counter without a name. Who called stands in the link register, and on the
# stack only where the callee would have put it there itself, which x86 and s390 do not leave to it.
LOST_PC = re.compile(
    r"[ \t]{0,8}(?:PC is at |pc : |epc {0,3}: |NIP \[[0-9a-f]{8,16}\] )(?:\[<[0-9a-f]{8,16}>\] |[0-9a-f]{8,16} )?"
    r"[ \t]{0,24}(?:0x[0-9a-f]{1,16}|\(null\))"
)
LINK = re.compile(
    r"[ \t]{0,8}(?:LR is at |lr : |ra {0,4}: |LR \[[0-9a-f]{8,16}\] )(?:\[<[0-9a-f]{8,16}>\] |[0-9a-f]{8,16} )?"
    + _PLACE
    + _MODULE
)


class Frame(NamedTuple):
    """One function on the stack: where in it, of which module, and whether the unwinder trusts it."""

    function: str
    offset: Optional[str]
    module: Optional[str]
    reliable: bool
    is_pc: bool


def parse(text: str) -> List[Frame]:
    """The frames that a line of a report names; most lines name one or none."""
    if "+0x" not in text:
        match = INLINE.match(text) if "[inline]" in text else None
        return [Frame(match.group(1), None, None, True, False)] if match else []
    if " from " in text:
        match = ARM.match(text)
        if match:
            inner, inner_module, outer, offset, outer_module = match.groups()
            return [Frame(inner, None, inner_module, True, False), Frame(outer, offset, outer_module, True, False)]
    pc = parse_pc(text)
    if pc:
        return [pc]
    match = FRAME.match(text)
    if match is None:
        return []
    guess, function, offset, module = match.groups()
    return [Frame(function, offset, module, not guess and "(unreliable)" not in text, False)]


def parse_pc(text: str) -> Optional[Frame]:
    """The program counter that a line of registers names."""
    if ":" not in text and "IP" not in text and "PC" not in text:
        return None
    if USER_PC.match(text):
        return None
    for pattern in PC:
        match = pattern.match(text)
        if match:
            function, offset, module = match.groups()
            return Frame(function, offset, module, True, True)
    return None


def parse_link(before: str, text: str) -> Optional[Frame]:
    """The caller in the link register, where the line before says that the program counter was lost."""
    match = LINK.match(text) if LOST_PC.match(before) else None
    return Frame(match.group(1), match.group(2), match.group(3), True, True) if match else None


SUFFIX = re.compile(r"\.(?:isra|constprop|part|cold|llvm|clone|lto_priv|ipa)\b[\w.]{0,80}|\.\d{1,9}\Z")


def plain(function: str) -> str:
    """The name without what the compiler appended and without powerpc's leading dot."""
    return SUFFIX.sub("", function.lstrip("."))
