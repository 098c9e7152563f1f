# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads files and directories below a root directory: with another root than C(/) everything built on it reads a captured tree."""

import errno
import os
import stat
from typing import IO, Iterator, List, NamedTuple, Optional, Tuple

# Kernel interfaces and configuration files are small; what is larger is not what its name says.
READ_LIMIT = 16 * 1024 * 1024
READ_CHUNK = 64 * 1024
# A kernel that writes faster than it is read would otherwise never be read to the end.
LOST_LIMIT = 1000


class HostError(Exception):
    """Something on the machine could not be read, run or written; the text names it and the remedy."""


class Unreadable(HostError):
    """A file or directory exists but may not be read: the finding built on it is C(unknown)."""


def why(error: OSError) -> str:
    """What the system says of an error."""
    return os.strerror(error.errno) if error.errno else str(error)


class Space(NamedTuple):
    """A file system: bytes that root may still write, bytes in all, and whether it is mounted read-only."""

    free: int
    total: int
    read_only: bool


class Files:
    """A machine's files as they are, seen through C(root) (a directory; C(/) is the running machine)."""

    def __init__(self, root: str = "/") -> None:
        self.root = root.rstrip("/")

    def _real(self, path: str) -> str:
        return self.root + self.resolve(path)

    def real(self, path: str) -> str:
        """Where a file really is, for a command that reads it."""
        return self._real(path)

    def resolve(self, path: str) -> str:
        """Follow the links of the last component of C(path) inside the root; returns a path below it.

        Raises HostError when the links turn in a circle.
        """
        current = os.path.normpath(path)
        for _step in range(40):
            if not os.path.islink(self.root + current):
                return current
            target = os.readlink(self.root + current)
            current = os.path.normpath(os.path.join(os.path.dirname(current), target))
        raise HostError("%s: the symbolic links turn in a circle; remove one of them" % path)

    def exists(self, path: str) -> bool:
        return os.path.exists(self._real(path))

    def read(self, path: str) -> Optional[str]:
        """The text of a file, or None where there is none; raises Unreadable for any other reason."""
        try:
            with open(self._real(path), "rb") as handle:
                return _read_limited(handle).decode("utf-8", "surrogateescape")
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise Unreadable("%s: %s" % (path, why(error))) from None

    def head(self, path: str, count: int) -> bytes:
        """The first bytes of a file, however large it is; none where there is no file; raises Unreadable."""
        try:
            with open(self._real(path), "rb") as handle:
                return handle.read(count)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return b""
            raise Unreadable("%s: %s" % (path, why(error))) from None

    def writable(self, path: str) -> bool:
        """Whether whoever runs this may write to a file or directory."""
        return os.access(self._real(path), os.W_OK)

    def open(self, path: str) -> IO[bytes]:
        """A file to be read piece by piece, because it may be larger than the memory; raises HostError.

        Only a regular file: a pipe could hold the reader for ever.
        """
        try:
            handle = os.open(self._real(path), os.O_RDONLY | os.O_NONBLOCK)
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                os.close(handle)
                raise HostError("%s: is no regular file" % path)
            return os.fdopen(handle, "rb")
        except OSError as error:
            kind = HostError if error.errno in (errno.ENOENT, errno.ENOTDIR) else Unreadable
            raise kind("%s: %s" % (path, why(error))) from None

    def records(self, path: str) -> Iterator[bytes]:
        """What a device such as /dev/kmsg holds, a record at a time, without waiting for more; raises HostError."""
        lost = 0
        try:
            handle = os.open(self._real(path), os.O_RDONLY | os.O_NONBLOCK)
            try:
                while lost < LOST_LIMIT:
                    try:
                        record = os.read(handle, READ_CHUNK)
                    except BlockingIOError:
                        return
                    except BrokenPipeError:
                        # The kernel has overwritten what was to be read next; it goes on behind that.
                        lost += 1
                        continue
                    if not record:
                        return
                    yield record
            finally:
                os.close(handle)
        except OSError as error:
            kind = HostError if error.errno in (errno.ENOENT, errno.ENOTDIR) else Unreadable
            raise kind("%s: %s" % (path, why(error))) from None

    def listdir(self, path: str) -> List[str]:
        """The sorted names in a directory, none where there is no directory; raises Unreadable."""
        try:
            return sorted(os.listdir(self._real(path)))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return []
            raise Unreadable("%s: %s" % (path, why(error))) from None

    def readlink(self, path: str) -> Optional[str]:
        """What a symbolic link says, or None where there is no link."""
        try:
            return os.readlink(self.root + path)
        except OSError:
            return None

    def size(self, path: str) -> int:
        """Bytes of a file, 0 where there is none; raises Unreadable."""
        try:
            return os.stat(self._real(path)).st_size
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return 0
            raise Unreadable("%s: %s" % (path, why(error))) from None

    def space(self, path: str) -> Space:
        """The file system that C(path) is on, or will be on where it does not exist yet; raises HostError."""
        place = os.path.normpath(path)
        while not self.exists(place) and place != "/":
            place = os.path.dirname(place)
        try:
            found = os.statvfs(self._real(place))
        except OSError as error:
            raise HostError("%s: %s" % (path, why(error))) from None
        return Space(found.f_bfree * found.f_frsize, found.f_blocks * found.f_frsize, bool(found.f_flag & os.ST_RDONLY))

    def modified(self, path: str) -> Optional[float]:
        """When a file was last written, in seconds of the machine's clock; None where there is none."""
        try:
            return os.stat(self._real(path)).st_mtime
        except OSError:
            return None

    def is_directory(self, path: str) -> bool:
        return os.path.isdir(self._real(path))

    def owner(self, path: str) -> Tuple[int, int]:
        """The number of who owns a file or link itself, and its mode with its type; 0 and 0 where there is none."""
        try:
            found = os.lstat(self.root + path)
        except OSError:
            return 0, 0
        return found.st_uid, found.st_mode

    def mode(self, path: str, default: int = 0o644) -> int:
        """The permission bits of a file, or C(default) where there is none."""
        try:
            return stat.S_IMODE(os.stat(self._real(path)).st_mode)
        except OSError:
            return default


def _read_limited(handle: IO[bytes]) -> bytes:
    # The kernel allocates a buffer of the size asked for: one large read of /proc/sys ends in ENOMEM on a small host.
    chunks: List[bytes] = []
    while sum(len(chunk) for chunk in chunks) < READ_LIMIT:
        chunk = handle.read(READ_CHUNK)
        if not chunk:
            break
        chunks.append(chunk)
    return b"".join(chunks)
