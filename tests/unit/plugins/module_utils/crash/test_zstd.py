# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files packed with zstd, on the Pythons that cannot read them: with the host's program, or with a word about what is missing."""

import base64
from pathlib import Path

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _files
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

# What `zstd -19` made of samples.NO_ROOT.
PACKED = base64.b64decode(
    "KLUv/QRo5QcAZlA1HyB1c+d7WbAijl9ZMtvF6iWxxP/vAgizNFjLgBAMAAYpACoALQDYUhqsVmL1hNqNvXLW1quZNXVrKx3RnbLztjRIuWWVFYvX54zv9CuV"
    "lYeaC6QJHMEFPlRPjsSh5g9n5z7tvOt3ciJrDjGSzaGHJcUj+tp86ZTk5dKC8ThKzkb+BzhCUVlRUiQkV3gFxautLGN9bcudAdvriiF6aFkN+TuMTC53Ac1B"
    "wTwyhrivmqZW7YHxXtuEyBkSCJEbTNCcPlSsdLqsrHpzUDCPTOMNLhWxDKS9DQhgnllzVjDABR09w5GM7GbINTk0BkG+gjXarmcnAUaInlUUV7aAEw=="
)  # fmt: skip
needs_zstd = pytest.mark.skipif(Host().which("zstd") is None, reason="this machine has no zstd")


@pytest.fixture(autouse=True)
def old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "_zstd", None)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    (tmp_path / "kern.log.2.zst").write_bytes(PACKED)
    return tmp_path / "kern.log.2.zst"


@needs_zstd
def test_the_program_unpacks_what_python_cannot(packed: Path) -> None:
    found = _files.incidents(Host(), str(packed))
    assert found.warning is None
    assert [(incident["kind"], incident["source"]) for incident in found.incidents] == [("panic-vfs-root", str(packed))]


@needs_zstd
@pytest.mark.parametrize("end, crashes", [(len(PACKED) - 3, 1), (20, 0)])
def test_a_file_that_is_cut_off_is_a_warning(packed: Path, end: int, crashes: int) -> None:
    packed.write_bytes(PACKED[:end])
    found = _files.incidents(Host(), str(packed))
    assert found.warning is not None and found.warning.startswith("%s: damaged after " % packed)
    assert len(found.incidents) <= crashes


@needs_zstd
def test_a_name_like_an_option_is_no_option(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(packed.parent)
    packed.rename(packed.parent / "--rm")
    assert len(_files.incidents(Host(), "--rm").incidents) == 1
    assert (packed.parent / "--rm").exists()


def test_without_the_program_the_warning_names_the_file(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "which", lambda _self, _name: None)
    found = _files.incidents(Host(), str(packed))
    assert found.incidents == []
    assert found.warning is not None and found.warning.startswith("%s: " % packed) and "zstd" in found.warning
