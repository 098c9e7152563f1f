# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd's files say together, and what its values mean."""

from pathlib import Path
from typing import Callable, Dict, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _systemd, _tmpfiles
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost

CONF = "/etc/systemd/journald.conf"
PSTORE = "/var/lib/systemd/pstore"
VENDOR = "/usr/lib/tmpfiles.d/systemd-pstore.conf"


def storage(host: FixtureHost) -> Optional[_systemd.Setting]:
    found = _systemd.settings(host, "journald.conf", "Journal")
    return found.get("Storage")


class TestSettings:
    """The configuration file and its drop-ins."""

    def test_stock_files_set_nothing_but_what_debian_changed(self, make_host: Callable[..., FixtureHost]) -> None:
        assert _systemd.settings(make_host("debian12/evidence"), "journald.conf", "Journal") == {}
        found = _systemd.settings(make_host("debian13/evidence"), "journald.conf", "Journal")
        assert found == {"ForwardToSyslog": ("yes", "/usr/lib/systemd/journald.conf.d/syslog.conf:5")}

    def test_a_drop_in_beats_the_file_whatever_folder_it_is_in(self, empty: FixtureHost) -> None:
        empty.put(CONF, "[Journal]\nStorage=volatile\n")
        empty.put("/usr/lib/systemd/journald.conf.d/10-x.conf", "[Journal]\n# Storage=auto\nStorage = persistent\n")
        assert storage(empty) == ("persistent", "/usr/lib/systemd/journald.conf.d/10-x.conf:3")

    def test_the_name_decides_among_drop_ins_and_the_highest_folder_for_a_name(self, empty: FixtureHost) -> None:
        empty.put("/etc/systemd/journald.conf.d/20-x.conf", "[Journal]\nStorage=none\n")
        empty.put("/run/systemd/journald.conf.d/30-x.conf", "[Journal]\nStorage=volatile\n")
        assert storage(empty) == ("volatile", "/run/systemd/journald.conf.d/30-x.conf:2")
        empty.put("/etc/systemd/journald.conf.d/30-x.conf", "[Journal]\nStorage=persistent\n")
        assert storage(empty) == ("persistent", "/etc/systemd/journald.conf.d/30-x.conf:2")

    def test_a_masked_drop_in_another_section_and_an_empty_value_set_nothing(self, empty: FixtureHost) -> None:
        empty.put("/usr/lib/systemd/journald.conf.d/x.conf", "[Journal]\nStorage=volatile\n")
        empty.link("/etc/systemd/journald.conf.d/x.conf", "/dev/null")
        empty.put("/etc/systemd/journald.conf.d/y.conf", "Storage=none\n[Other]\nStorage=none\n")
        assert storage(empty) is None
        empty.put(CONF, "[Journal]\nStorage=volatile\n")
        empty.put("/etc/systemd/journald.conf.d/z.conf", "[Journal]\nStorage=\n")
        assert storage(empty) is None

    def test_only_the_first_main_file_is_read(self, empty: FixtureHost) -> None:
        empty.put("/usr/lib/systemd/journald.conf", "[Journal]\nStorage=volatile\n")
        assert storage(empty) == ("volatile", "/usr/lib/systemd/journald.conf:2")
        empty.put(CONF, "[Journal]\n")
        assert storage(empty) is None


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("60", 60),
        ("60s", 60),
        ("5m", 300),
        ("1h 30min", 5400),
        ("14d", 1209600),
        ("2w", 1209600),
        ("1M", 2629800),
        ("1.5h", 5400),
        ("500ms", 0.5),
        ("", None),
        ("soon", None),
        ("5 parsecs", None),
        ("-5", None),
        ("5m;", None),
        ("9" * 400, None),
    ],
)
def test_spans(text: str, seconds: Optional[float]) -> None:
    assert _systemd.seconds(text) == seconds


@pytest.mark.parametrize(
    "text, size", [("512M", 512 << 20), ("2G", 2 << 30), ("1.5K", 1536), ("4096", 4096), ("x", None), ("", None)]
)
def test_sizes(text: str, size: Optional[int]) -> None:
    assert _systemd.size(text) == size


class TestAge:
    """How long tmpfiles.d lets the archive of pstore stay."""

    @pytest.mark.parametrize("tree", ["debian12/evidence", "debian13/evidence"])
    def test_systemd_s_own_is_a_fortnight(self, make_host: Callable[..., FixtureHost], tree: str) -> None:
        assert _tmpfiles.age(make_host(tree), PSTORE) == ("14d", 1209600, VENDOR + ":32")

    def test_the_first_file_by_name_decides(self, make_host: Callable[..., FixtureHost]) -> None:
        host = make_host("debian12/evidence")
        host.put("/etc/tmpfiles.d/zz.conf", "d /var/lib/systemd/pstore - - - 1d\n")
        assert _tmpfiles.age(host, PSTORE) == ("14d", 1209600, VENDOR + ":32")
        host.put("/etc/tmpfiles.d/a.conf", "d /var/lib/systemd/pstore/ 0755 root root -\n")
        assert _tmpfiles.age(host, PSTORE) == ("-", None, "/etc/tmpfiles.d/a.conf:1")

    def test_a_file_of_the_same_name_takes_the_place_of_systemd_s(self, make_host: Callable[..., FixtureHost]) -> None:
        host = make_host("debian12/evidence")
        host.put("/etc/tmpfiles.d/systemd-pstore.conf", "# nothing\n")
        assert _tmpfiles.age(host, PSTORE) is None

    @pytest.mark.parametrize(
        "line, seconds",
        [
            ("d PATH 0755 root root mM:90d", 7776000),
            ("D! PATH - - - ~2d", 172800),
            ("d PATH", None),
            ("v PATH 0755", None),
        ],
    )
    def test_forms_of_a_line(self, empty: FixtureHost, line: str, seconds: Optional[float]) -> None:
        empty.put(
            "/etc/tmpfiles.d/a.conf",
            "w %s - - - - 1d\n#d %s - - - 2d\n%s\n" % (PSTORE, PSTORE, line.replace("PATH", PSTORE)),
        )
        found = _tmpfiles.age(empty, PSTORE)
        assert found is not None
        assert (found.seconds, found.source) == (seconds, "/etc/tmpfiles.d/a.conf:3")

    def test_what_is_no_age_is_no_answer(self, empty: FixtureHost) -> None:
        empty.put("/etc/tmpfiles.d/a.conf", "d %s 0755 root root later\n" % PSTORE)
        with pytest.raises(HostError, match="^/etc/tmpfiles.d/a.conf:1: 'later' is no age"):
            _tmpfiles.age(empty, PSTORE)


def test_units_as_their_links_show_them(tmp_path: Path) -> None:
    host = FixtureHost(str(tmp_path))
    assert _systemd.unit(host, "x.service") == ("x.service", False, False)
    host.link("/etc/systemd/system/sysinit.target.wants/x.service", "/lib/systemd/system/x.service")
    assert _systemd.unit(host, "x.service").enabled
    host.link("/etc/systemd/system/x.service", "/dev/null")
    assert _systemd.unit(host, "x.service").masked
    assert not _systemd.installed(host, "x.service")
    host.put("/lib/systemd/system/x.service", "")
    assert _systemd.installed(host, "x.service")


@pytest.mark.parametrize(
    "said, states",
    [
        ("active\ninactive\n", {"a.service": "active", "b.service": "inactive"}),
        ("", {"a.service": "", "b.service": ""}),
        ("Failed to connect to bus\n", {"a.service": "", "b.service": ""}),
    ],
)
def test_units_are_asked_for_in_one_call(empty: FixtureHost, said: str, states: Dict[str, str]) -> None:
    empty.answers[("systemctl", "is-active", "a.service", "b.service")] = Result(3, said, "")
    assert _systemd.active_states(empty, ["a.service", "b.service"]) == states
