# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel command line as text: arguments found, replaced, and where configuration files set them."""

import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError

# Nothing that a shell, GRUB's script or the kernel's own quoting would read as more than text.
NAME = re.compile(r"^[A-Za-z0-9_.-]+\Z")
# Of the entry that checks the file systems; what has a dot, and no module of that name, means nothing to the kernel and to systemd.
CHECK = "kernelops.check"
# An entry or a boot with one of these is for a person at the console.
RECOVERY = (
    "single",
    "recovery",
    "rescue",
    "emergency",
    "systemd.unit=rescue.target",
    "systemd.unit=emergency.target",
    CHECK,
)
VALUE = re.compile(r"^[A-Za-z0-9_.,:/@=+-]+\Z")
# None for an argument without a value, a list for one that stands several times, in that order, e.g. console=.
Value = Union[None, str, List[str]]
Arguments = Dict[str, Value]


class Assignment(NamedTuple):
    """A place in a configuration file that makes up the command line of kernels to come."""

    source: str
    line: int
    variable: str
    text: str
    keeps: bool  # the earlier value of the variable is kept, and text is added


def check(arguments: Any, variable: str) -> Arguments:
    """Arguments fit to be written to a boot configuration; raises PolicyError that names C(variable)."""
    if not arguments:
        raise PolicyError("%s: is empty; with state: absent the arguments are taken back" % variable)
    checked: Arguments = {}
    for name, value in sorted(arguments.items()):
        if not NAME.match(str(name)):
            raise PolicyError("%s: '%s' is not the name of a kernel argument" % (variable, name))
        if value is None:
            checked[str(name)] = None
        elif isinstance(value, list):
            if not value or len(set(map(str, value))) < len(value):
                raise PolicyError("%s['%s']: must be a list of different values" % (variable, name))
            checked[str(name)] = [_checked(item, variable, name) for item in value]
        else:
            checked[str(name)] = _checked(value, variable, name)
    return checked


def _checked(value: Any, variable: str, name: Any) -> str:
    if value is None or isinstance(value, (dict, list, bool)) or not VALUE.match(str(value)):
        raise PolicyError("%s['%s']: '%s' is not a value for a kernel argument" % (variable, name, value))
    return str(value)


def tokens(line: str) -> List[str]:
    """The arguments for the kernel; what follows C(--) is for init."""
    found = re.findall(r'(?:[^\s"]|"[^"]*")+', line)
    return found[: found.index("--")] if "--" in found else found


def _same_name(one: str, other: str) -> bool:
    # The kernel reads a dash in a name as an underscore.
    return one.replace("-", "_") == other.replace("-", "_")


def values(line: str, name: str) -> List[str]:
    """All values of an argument in their order, the last one counts; '' for one without a value."""
    pairs = [token.strip('"').partition("=") for token in tokens(line)]
    return [value.strip('"') for key, _sep, value in pairs if _same_name(key, name)]


def effective(line: str, name: str) -> Optional[str]:
    """The value that counts, or None where the argument is not there."""
    found = values(line, name)
    return found[-1] if found else None


def each(value: Value) -> List[str]:
    """The values that an argument shall have, in their order, '' for one without a value."""
    return value if isinstance(value, list) else ["" if value is None else value]


def render(arguments: Arguments) -> str:
    """The text of arguments; one whose value is None stands alone."""
    pairs = ((name, value) for name in sorted(arguments) for value in each(arguments[name]))
    return " ".join("%s=%s" % (name, value) if value else name for name, value in pairs)


def replace(line: str, arguments: Arguments, drop: Tuple[str, ...] = ()) -> str:
    """The line with these arguments, in place of earlier ones; C(drop) names those to take away."""
    gone = list(arguments) + list(drop)
    kernel = tokens(line)
    rest = re.findall(r'(?:[^\s"]|"[^"]*")+', line)[len(kernel) :]
    kept = [t for t in kernel if not any(_same_name(t.strip('"').partition("=")[0], name) for name in gone)]
    return " ".join(kept + ([render(arguments)] if arguments else []) + rest)


def has(line: str, arguments: Arguments, unique: bool = False) -> bool:
    """Whether all the arguments count on this line, with C(unique) each of them once."""
    for name, value in arguments.items():
        found, wanted = values(line, name), each(value)
        if found[-len(wanted) :] != wanted or (unique and len(found) > len(wanted)):
            return False
    return True


def parse_shell(text: str, source: str) -> List[Assignment]:
    """The assignments of GRUB's two command line variables in a file that the shell reads."""
    found = []
    pattern = re.compile(r"^\s*(?:export\s+)?(GRUB_CMDLINE_LINUX(?:_DEFAULT)?)(\+?=)(.*)$")
    for number, line in enumerate(text.splitlines(), 1):
        match = pattern.match(line)
        if match:
            variable, operator, value = match.groups()
            value = _without_remark(value)
            refers = re.search(r"\$\{?%s\b(?!_)" % variable, value) is not None
            found.append(Assignment(source, number, variable, value, refers or operator == "+="))
    return found


def _without_remark(value: str) -> str:
    quote = ""
    for position, char in enumerate(value):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "#" and value[position - 1 : position] in ("", " ", "\t"):
            return value[:position]
    return value


def future(assignments: List[Dict[str, Any]], name: str) -> Tuple[Optional[str], str]:
    """The value that the next kernel's entry will carry, and C(file:line) of who decides it ('' where nobody)."""
    decided: Dict[str, Tuple[Optional[str], str]] = {}
    wanted = re.compile(r"(?:^|[\s\"'])%s(?:=([^\s\"']*))?(?=[\s\"']|$)" % re.escape(name))
    for item in assignments:
        place = "%s:%d" % (item["source"], item["line"])
        before = decided.get(item["variable"], (None, ""))
        match = list(wanted.finditer(item["text"]))
        if match:
            decided[item["variable"]] = (match[-1].group(1) or "", place)
        elif not item["keeps"] and before[0] is not None:
            decided[item["variable"]] = (None, place)
    # 10_linux puts the default arguments behind the others, so they are read last.
    for variable in ("GRUB_CMDLINE_LINUX_DEFAULT", "GRUB_CMDLINE_LINUX", "cmdline"):
        if decided.get(variable, (None, ""))[0] is not None:
            return decided[variable]
    return decided.get("GRUB_CMDLINE_LINUX_DEFAULT", (None, ""))
