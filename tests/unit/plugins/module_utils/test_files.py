# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and directories of a machine: links, bytes that are no text, and what happens when one cannot be read or written."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _file_changes, _files
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError, Unreadable


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path))


def names(folder: Path) -> List[str]:
    return sorted(os.listdir(str(folder)))


def test_a_missing_file_is_none_and_a_missing_folder_is_empty(host: Host) -> None:
    assert host.read("/etc/none") is None
    assert host.listdir("/etc/none") == []
    assert not host.exists("/etc/none")


def test_a_file_below_a_file_is_missing_too(host: Host, tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("")
    assert host.read("/etc/none") is None
    assert host.listdir("/etc") == []


def test_a_folder_in_place_of_a_file_is_unreadable_and_named(host: Host, tmp_path: Path) -> None:
    (tmp_path / "x.conf").mkdir()
    with pytest.raises(Unreadable, match="^/x.conf: Is a directory"):
        host.read("/x.conf")


def test_what_may_not_be_read_is_unreadable(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0)
    if os.access(str(secret), os.R_OK):
        pytest.skip("this user may read everything; FixtureHost.denied covers the rest")
    with pytest.raises(Unreadable, match="^/secret: Permission denied"):
        Host(str(tmp_path)).read("/secret")


def test_bytes_that_are_no_text_come_through_unharmed(host: Host, tmp_path: Path) -> None:
    """A comment in Latin-1 must neither stop an audit nor be spoilt by a change of another line."""
    (tmp_path / "f").write_bytes(b"panic=1 # Gr\xf6\xdfe \xff\n")
    text = host.read("/f")
    assert text is not None
    assert text.startswith("panic=1 # Gr")
    host.write("/f", text)
    assert (tmp_path / "f").read_bytes() == b"panic=1 # Gr\xf6\xdfe \xff\n"


def test_a_kernel_file_is_read_in_small_pieces(host: Host, tmp_path: Path, monkeypatch: Any) -> None:
    """Linux 6.1 refuses a read(2) of 4 MiB or more below /proc/sys with ENOMEM."""
    asked = []
    real = open

    class Sysctl:
        def __init__(self, path: str) -> None:
            self.stream = real(path, "rb", 0)

        def read(self, size: int = -1) -> bytes:
            asked.append(size)
            if not 0 <= size < 4 * 1024 * 1024:
                raise OSError(12, "Cannot allocate memory")
            return self.stream.read(size)

        def __enter__(self) -> "Sysctl":
            return self

        def __exit__(self, *_args: object) -> None:
            self.stream.close()

    (tmp_path / "panic").write_text("10\n")
    monkeypatch.setattr(_files, "open", lambda path, _mode: Sysctl(path), raising=False)
    assert host.read("/panic") == "10\n"
    assert asked


def test_reading_ends_at_the_limit(host: Host, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(_files, "READ_LIMIT", 100000)
    monkeypatch.setattr(_files, "READ_CHUNK", 1000)
    (tmp_path / "endless").write_bytes(b"x" * 300000)
    assert len(host.read("/endless") or "") == 100000


def test_links_are_followed_inside_the_root(host: Host, tmp_path: Path) -> None:
    (tmp_path / "etc/sysctl.d").mkdir(parents=True)
    (tmp_path / "etc/sysctl.conf").write_text("inside")
    (tmp_path / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    (tmp_path / "etc/absolute").symlink_to("/etc/sysctl.d/99-sysctl.conf")
    assert host.resolve("/etc/absolute") == "/etc/sysctl.conf"
    assert host.read("/etc/absolute") == "inside"


def test_a_circle_of_links_ends_with_a_remedy(host: Host, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(HostError, match="^/a: the symbolic links turn in a circle; remove"):
        host.read("/a")


def test_writing_replaces_the_file_behind_a_link_and_leaves_no_rest(host: Host, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    host.write("/link", "new", 0o600)
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600
    assert names(tmp_path) == ["link", "real"]


def test_writing_makes_the_folders(host: Host, tmp_path: Path) -> None:
    host.write("/a/b/c", "text")
    assert (tmp_path / "a/b/c").read_text() == "text"


def test_a_failed_write_names_the_file_and_leaves_no_rest(host: Host, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    with pytest.raises(HostError, match="^/place: could not be written: /place is no regular file"):
        host.write("/place", "text")
    assert names(tmp_path) == ["place"]
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="^/file/x: could not be written: .*; the earlier file is untouched"):
        host.write("/file/x", "text")


@pytest.mark.parametrize("how", ["write", "overwrite", "move"])
def test_no_file_takes_the_place_of_a_device(host: Host, tmp_path: Path, how: str) -> None:
    """A unit that is masked is a link to /dev/null."""
    os.mkfifo(str(tmp_path / "null"))
    (tmp_path / "x.service").symlink_to("/null")
    (tmp_path / "fresh").write_text("text")
    with pytest.raises(HostError, match="^/x.service: could not be written: /null is no regular file"):
        if how == "move":
            host.move("/fresh", "/x.service")
        else:
            getattr(host, how)("/x.service", "text")
    assert stat.S_ISFIFO((tmp_path / "null").stat().st_mode)
    assert names(tmp_path) == ["fresh", "null", "x.service"]


def test_text_beyond_ascii_is_written_in_the_locale_of_a_bare_host(tmp_path: Path) -> None:
    """Ansible brings no locale along, and GRUB's defaults have comments in all languages."""
    script = "import sys\nfrom %s import Host\nHost(sys.argv[1]).write('/f', u'# Gr\\xfc\\xdfe')" % Host.__module__
    environment = dict(os.environ, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONPATH=":".join(sys.path))
    subprocess.check_call([sys.executable, "-c", script, str(tmp_path)], env=environment)
    assert (tmp_path / "f").read_bytes() == "# Gr\xfc\xdfe".encode()


def test_moving_takes_the_place_of_the_file_behind_a_link(host: Host, tmp_path: Path) -> None:
    (tmp_path / "grub.cfg").write_text("old")
    (tmp_path / "link").symlink_to("grub.cfg")
    (tmp_path / "fresh").write_text("new")
    host.move("/fresh", "/link")
    assert (tmp_path / "grub.cfg").read_text() == "new"
    assert names(tmp_path) == ["grub.cfg", "link"]


def test_a_failed_move_leaves_the_file(host: Host, tmp_path: Path) -> None:
    (tmp_path / "grub.cfg").write_text("old")
    with pytest.raises(HostError, match="^/grub.cfg: could not be replaced: No such file"):
        host.move("/fresh", "/grub.cfg")
    assert (tmp_path / "grub.cfg").read_text() == "old"


class TestSettle:
    """A boot loader reads the disk without the journal."""

    def calls(self, host: Host, monkeypatch: Any, refused: List[int], device: int) -> List[int]:
        asked: List[int] = []

        def ioctl(_handle: int, request: int, *_argument: Any) -> int:
            asked.append(request)
            if request in refused:
                raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
            return 0

        real = os.stat(host.real("/"))
        monkeypatch.setattr(_file_changes.fcntl, "ioctl", ioctl)
        other = os.stat_result(tuple(real)[:2] + (device,) + tuple(real)[3:])
        monkeypatch.setattr(_file_changes.os, "fstat", lambda _handle: other)
        host.settle("/")
        return asked

    def test_ext4_writes_its_journal_home(self, host: Host, monkeypatch: Any) -> None:
        assert self.calls(host, monkeypatch, [], 0) == [_file_changes.CHECKPOINT]

    def test_a_file_system_of_its_own_is_frozen_and_thawed(self, host: Host, monkeypatch: Any) -> None:
        asked = self.calls(host, monkeypatch, [_file_changes.CHECKPOINT], 0)
        assert asked == [_file_changes.CHECKPOINT, _file_changes.FREEZE, _file_changes.THAW]

    def test_that_of_all_programs_never(self, host: Host, monkeypatch: Any) -> None:
        device = os.stat(host.real("/")).st_dev
        assert self.calls(host, monkeypatch, [_file_changes.CHECKPOINT], device) == [_file_changes.CHECKPOINT]

    def test_what_cannot_be_frozen_is_not_thawed(self, host: Host, monkeypatch: Any) -> None:
        neither = [_file_changes.CHECKPOINT, _file_changes.FREEZE]
        assert self.calls(host, monkeypatch, neither, 0) == neither


def test_a_kernel_interface_that_is_not_there_is_named(host: Host) -> None:
    with pytest.raises(HostError, match="^/proc/sys/kernel/none: the kernel refused the value '1': No such file"):
        host.write_kernel("/proc/sys/kernel/none", "1")


def test_removing_what_is_gone_is_no_error_but_a_folder_is(host: Host, tmp_path: Path) -> None:
    host.remove("/none")
    (tmp_path / "d").mkdir()
    with pytest.raises(HostError, match="^/d: could not be removed"):
        host.remove("/d")


def test_only_an_empty_folder_is_removed(host: Host, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/f").write_text("")
    (tmp_path / "bare").mkdir()
    for path in ("/full", "/bare", "/none"):
        host.remove_empty(path)
    assert names(tmp_path) == ["full"]


def test_the_mode_of_a_file(host: Host, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    (tmp_path / "f").chmod(0o640)
    assert host.mode("/f") == 0o640
    assert host.mode("/none", 0o600) == 0o600
