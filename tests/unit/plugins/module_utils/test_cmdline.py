# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel command line as text."""

from typing import Any, Dict, List, Optional, Tuple

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _cmdline
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError

DEFAULT = "GRUB_CMDLINE_LINUX_DEFAULT"
LINUX = "GRUB_CMDLINE_LINUX"
DROP_IN = "/etc/default/grub.d/zz-x.cfg"


@pytest.mark.parametrize(
    "line, name, values",
    [
        ("ro quiet", "panic", []),
        ("ro panic=10 quiet", "panic", ["10"]),
        ("panic=10 panic=0", "panic", ["10", "0"]),
        ("xpanic=1 panicx=2 panic.x=3", "panic", []),
        ("quiet", "quiet", [""]),
        ("ro -- panic=10", "panic", []),
        ('foo="a panic=1 b" panic=2', "panic", ["2"]),
        ('"panic=5" ro', "panic", ["5"]),
        ('panic="5" ro', "panic", ["5"]),
        ("panic_on_warn=1", "panic-on-warn", ["1"]),
        ("panic-on-warn=1", "panic_on_warn", ["1"]),
        ("\tro  panic=10\n", "panic", ["10"]),
        ("", "panic", []),
    ],
)
def test_values(line: str, name: str, values: List[str]) -> None:
    assert _cmdline.values(line, name) == values


def test_the_last_value_counts() -> None:
    assert _cmdline.effective("panic=10 panic=0", "panic") == "0"
    assert not _cmdline.has("panic=10 panic=0", {"panic": "10"})
    assert _cmdline.has("panic=0 panic=10", {"panic": "10"})
    assert _cmdline.effective("ro", "panic") is None


@pytest.mark.parametrize(
    "line, arguments, drop, result",
    [
        ("", {"panic": "10"}, (), "panic=10"),
        ("ro quiet", {"panic": "10"}, (), "ro quiet panic=10"),
        ("panic=1 ro panic=2", {"panic": "10"}, (), "ro panic=10"),
        ("ro -- panic=1 -s", {"panic": "10"}, (), "ro panic=10 -- panic=1 -s"),
        ("panic-on-warn=1 ro", {"panic_on_warn": "0"}, (), "ro panic_on_warn=0"),
        ("ro nokaslr", {"nokaslr": None, "a": "1"}, (), "ro a=1 nokaslr"),
        ('dyndbg="file a +p" ro', {"panic": "10"}, (), 'dyndbg="file a +p" ro panic=10'),
        ("ro panic=10 quiet", {}, ("panic",), "ro quiet"),
        ("ro quiet", {}, ("panic",), "ro quiet"),
    ],
)
def test_replace(line: str, arguments: Dict[str, Optional[str]], drop: Tuple[str, ...], result: str) -> None:
    assert _cmdline.replace(line, arguments, drop) == result
    assert _cmdline.replace(result, arguments, drop) == result


def test_check_makes_text_of_values_and_keeps_flags() -> None:
    checked = _cmdline.check({"panic": 10, "nokaslr": None, "panic_on_taint": "0x20,nousertaint"}, "arguments")
    assert checked == {"panic": "10", "nokaslr": None, "panic_on_taint": "0x20,nousertaint"}


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a$(id)", "a'b", 'a"b', "a;b", "a\nb", "panic\n", "../x", "a`id`"])
def test_check_refuses_a_name_that_is_more_than_a_name(name: str) -> None:
    with pytest.raises(PolicyError, match="^arguments: '"):
        _cmdline.check({name: "1"}, "arguments")


@pytest.mark.parametrize("value", ["", "1 2", "$(id)", "a'b", 'a"b', "1;2", "1\n2", "10\n", "`id`", "a\\b", True, {}])
def test_check_refuses_a_value_that_a_shell_would_read(value: Any) -> None:
    with pytest.raises(PolicyError, match=r"^arguments\['panic'\]: '"):
        _cmdline.check({"panic": value}, "arguments")


CONSOLES = ["tty0", "ttyS0,115200n8"]


def test_an_argument_may_stand_several_times_in_its_order() -> None:
    wanted = _cmdline.check({"console": CONSOLES, "panic": 10}, "arguments")
    assert _cmdline.render(wanted) == "console=tty0 console=ttyS0,115200n8 panic=10"
    assert _cmdline.replace("ro console=ttyS1 quiet", wanted) == "ro quiet " + _cmdline.render(wanted)
    assert _cmdline.has("ro console=tty0 console=ttyS0,115200n8 panic=10", wanted)
    assert not _cmdline.has("ro console=ttyS0,115200n8 console=tty0 panic=10", wanted)
    assert not _cmdline.has("ro console=ttyS0,115200n8 panic=10", wanted)


def test_earlier_values_may_stay_in_front_of_a_list_unless_it_is_to_be_unique() -> None:
    line = "console=ttyS1 console=tty0 console=ttyS0,115200n8"
    assert _cmdline.has(line, {"console": CONSOLES})
    assert not _cmdline.has(line, {"console": CONSOLES}, unique=True)
    assert _cmdline.has(line.split(" ", 1)[1], {"console": CONSOLES}, unique=True)


@pytest.mark.parametrize("value", [[], ["tty0", "tty0"], ["tty0", None], ["tty0", "a b"], [["tty0"]], [True]])
def test_check_refuses_a_bad_list(value: Any) -> None:
    with pytest.raises(PolicyError, match=r"^arguments\['console'\]: "):
        _cmdline.check({"console": value}, "arguments")


def test_check_refuses_to_set_nothing() -> None:
    with pytest.raises(PolicyError, match="^arguments: "):
        _cmdline.check({}, "arguments")


def future(*files: Tuple[str, str]) -> Tuple[Optional[str], str]:
    found: List[Dict[str, Any]] = []
    for source, text in files:
        found.extend(dict(a._asdict()) for a in _cmdline.parse_shell(text, source))
    return _cmdline.future(found, "panic")


STOCK = ("/etc/default/grub", 'GRUB_DEFAULT=0\n%s="quiet"\n%s=""\n' % (DEFAULT, LINUX))


@pytest.mark.parametrize(
    "files, expected",
    [
        # nobody
        ([STOCK], (None, "")),
        # one file
        ([("g", '%s="quiet panic=5"' % DEFAULT)], ("5", "g:1")),
        ([("g", "%s='panic=5'" % LINUX)], ("5", "g:1")),
        ([("g", "%s=panic=5" % LINUX)], ("5", "g:1")),
        ([("g", 'export %s="panic=5"' % DEFAULT)], ("5", "g:1")),
        ([("g", '  %s="panic=5"' % DEFAULT)], ("5", "g:1")),
        ([("g", '# %s="panic=5"' % DEFAULT)], (None, "")),
        ([("g", '%s="quiet" # panic=5' % DEFAULT)], (None, "")),
        ([("g", '%s="panic=5 panic=7"' % DEFAULT)], ("7", "g:1")),
        ([("g", '%s="xpanic=5 panicky panic.x=1"' % DEFAULT)], (None, "")),
        ([("g", '%s="panic quiet"' % DEFAULT)], ("", "g:1")),
        # the default arguments stand behind the others
        ([("g", '%s="panic=5"\n%s="panic=7"' % (DEFAULT, LINUX))], ("5", "g:1")),
        ([("g", '%s="panic=7"\n%s="panic=5"' % (LINUX, DEFAULT))], ("5", "g:2")),
        # a later file appends
        ([STOCK, ("a", '%s="$%s panic=9"' % (DEFAULT, DEFAULT))], ("9", "a:1")),
        ([("g", '%s="panic=5"' % DEFAULT), ("a", '%s="${%s} x=1"' % (DEFAULT, DEFAULT))], ("5", "g:1")),
        ([("g", '%s="panic=5"' % DEFAULT), ("a", '%s+=" x=1"' % DEFAULT)], ("5", "g:1")),
        ([("g", '%s="panic=5"' % DEFAULT), ("a", '%s+=" panic=6"' % DEFAULT)], ("6", "a:1")),
        # a later file resets
        ([("g", '%s="panic=5"' % DEFAULT), ("a", '%s="quiet"' % DEFAULT)], (None, "a:1")),
        ([("g", '%s="panic=5"' % DEFAULT), ("a", '%s="$%s"' % (DEFAULT, LINUX))], (None, "a:1")),
        ([("g", '%s="panic=5"' % DEFAULT), ("a", '%s=""' % DEFAULT), ("b", '%s="panic=6"' % DEFAULT)], ("6", "b:1")),
        # another variable leaves it alone
        ([("g", '%s="panic=5"' % DEFAULT), ("a", '%s="quiet"' % LINUX)], ("5", "g:1")),
        ([("g", '%s="panic=5"' % DEFAULT), ("a", '%s_RECOVERY="x"' % LINUX)], ("5", "g:1")),
        ([("g", '%s="panic=7"' % LINUX), ("a", '%s="quiet"' % DEFAULT)], ("7", "g:1")),
        ([("g", '%s="panic=5"\n%s="panic=7"' % (DEFAULT, LINUX)), ("a", '%s=""' % DEFAULT)], ("7", "g:2")),
        ([("g", '%s_XEN="panic=5"' % LINUX)], (None, "")),
    ],
)
def test_future(files: List[Tuple[str, str]], expected: Tuple[Optional[str], str]) -> None:
    assert future(*files) == expected
