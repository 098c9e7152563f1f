# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes files and directories so that whoever reads them, or a power cut, finds the old or the new one."""

import contextlib
import errno
import fcntl
import os
import struct
import tempfile
from typing import Iterator

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._files import Files, HostError, why

# _IOW('f', 43, __u32) of fs/ext4/ext4.h, since Linux 5.14; powerpc alone, of what we know, numbers the direction otherwise.
CHECKPOINT = 0x8004662B if os.uname().machine.startswith("ppc") else 0x4004662B
# _IOWR('X', 119, int) and 120 of include/uapi/linux/fs.h
FREEZE, THAW = 0xC0045877, 0xC0045878


class FileChanges(Files):
    """A machine's files, to be changed too."""

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Replace a file in one step: a reader, or a power cut, finds the old or the new one, whole."""
        target = self._replaceable(path)
        temporary = None
        try:
            folder = os.path.dirname(target)
            if not os.path.isdir(folder):
                os.makedirs(folder, 0o755)
            handle, temporary = tempfile.mkstemp(prefix=".panic_hardening.", dir=folder)
            with os.fdopen(handle, "wb") as stream:
                # Bytes that are no UTF-8 survive, and no locale is needed to write the others.
                stream.write(text.encode("utf-8", "surrogateescape"))
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            os.rename(temporary, target)
            self._sync_folder(folder)
        except OSError as error:
            if temporary and os.path.exists(temporary):
                os.unlink(temporary)
            raise HostError(
                "%s: could not be written: %s; the earlier file is untouched" % (path, why(error))
            ) from None

    def _replaceable(self, path: str) -> str:
        """Where a file really is; raises HostError where that is a device, e.g. behind the link of a masked unit, or a directory."""
        target = self._real(path)
        if os.path.exists(target) and not os.path.isfile(target):
            raise HostError("%s: could not be written: %s is no regular file" % (path, self.resolve(path)))
        return target

    def overwrite(self, path: str, text: str) -> None:
        """Write over the bytes of a file, no fewer than it has, for a reader that knows only where they lie on the disk."""
        try:
            with open(self._replaceable(path), "r+b") as stream:
                stream.write(text.encode("utf-8", "surrogateescape"))
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise HostError("%s: could not be written: %s" % (path, why(error))) from None

    @contextlib.contextmanager
    def held(self, folder: str) -> Iterator[None]:
        """Wait until nobody else of ours holds a directory, and hold it; the kernel lets go of it whatever becomes of us."""
        try:
            handle = os.open(self._real(folder), os.O_RDONLY)
        except OSError as error:
            raise HostError("%s: %s" % (folder, why(error))) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def move(self, source: str, path: str) -> None:
        """Put a finished file, on the same file system, in the place of C(path)."""
        target = self._replaceable(path)
        try:
            handle = os.open(self.root + source, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            os.rename(self.root + source, target)
            self._sync_folder(os.path.dirname(target))
        except OSError as error:
            raise HostError(
                "%s: could not be replaced: %s; the earlier file is untouched" % (path, why(error))
            ) from None

    def settle(self, folder: str) -> None:
        """Have a file system write its journal home: a boot loader does not replay it, and would find the earlier files after a power cut.

        Where neither way is there (no ext4 or an older kernel, and no file system of its own) it comes home by itself, within a minute.
        """
        handle = os.open(self._real(folder), os.O_RDONLY)
        try:
            fcntl.ioctl(handle, CHECKPOINT, struct.pack("I", 0))
        except OSError:
            # Freezing does the same, of any file system; the one that all programs write to is not to be stopped.
            if os.fstat(handle).st_dev != os.stat(self._real("/")).st_dev:
                self._freeze(handle)
        finally:
            os.close(handle)

    @staticmethod
    def _freeze(handle: int) -> None:
        with contextlib.suppress(OSError):
            fcntl.ioctl(handle, FREEZE, 0)
            fcntl.ioctl(handle, THAW, 0)

    @staticmethod
    def _sync_folder(folder: str) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def write_kernel(self, path: str, value: str) -> None:
        """Write a value to a kernel interface (below /proc or /sys), where a rename is not possible."""
        try:
            with open(self._real(path), "w") as stream:
                # Nothing at all would not reach the kernel: an empty value is an empty line.
                stream.write(value or "\n")
        except OSError as error:
            raise HostError("%s: the kernel refused the value '%s': %s" % (path, value, why(error))) from None

    def make_directory(self, path: str, mode: int) -> None:
        """Make a directory with these permission bits, or give them to one that is there."""
        try:
            os.makedirs(self._real(path), exist_ok=True)
            os.chmod(self._real(path), mode)
        except OSError as error:
            raise HostError("%s: could not be made a directory of mode %04o: %s" % (path, mode, why(error))) from None

    def remove(self, path: str) -> None:
        """Remove a file; one that is already gone is no error."""
        try:
            os.unlink(self.root + path)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise HostError("%s: could not be removed: %s" % (path, why(error))) from None

    def remove_empty(self, path: str) -> None:
        """Remove a directory if nothing is left in it."""
        try:
            os.rmdir(self.root + path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
                raise HostError("%s: could not be removed: %s" % (path, why(error))) from None
