# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door to the machine: files, directories and commands, below a root directory.

With another root than C(/) the class reads a captured tree, so that everything built on it is tested
against files of real hosts. Nothing here knows Ansible.
"""

import errno
import os
import signal
import stat
import subprocess
import tempfile
import threading
from typing import IO, List, NamedTuple, Optional

# What a host had before our first change, where a file of the distribution cannot tell it any more.
STATE_DIR = "/var/lib/kernelops-panic_hardening"
SEARCH_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# Kernel interfaces and configuration files are small; what is larger is not what its name says.
READ_LIMIT = 16 * 1024 * 1024
READ_CHUNK = 64 * 1024


class HostError(Exception):
    """Something on the machine could not be read, run or written; the text names it and the remedy."""


class Unreadable(HostError):
    """A file or directory exists but may not be read: the finding built on it is C(unknown)."""


class CommandError(HostError):
    """A command is missing, took too long, or ended with another code than 0."""


class Result(NamedTuple):
    """What a command left: its exit code and its two streams, decoded."""

    rc: int
    out: str
    err: str


def _read_limited(handle: IO[bytes]) -> bytes:
    # The kernel allocates a buffer of the size asked for: one large read of /proc/sys ends in ENOMEM on a small host.
    chunks: List[bytes] = []
    while sum(len(chunk) for chunk in chunks) < READ_LIMIT:
        chunk = handle.read(READ_CHUNK)
        if not chunk:
            break
        chunks.append(chunk)
    return b"".join(chunks)


def _end(process: "subprocess.Popen[str]") -> None:
    # Its children may hold the pipes open, and one of them may be beyond killing: neither may hold up the audit.
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        pass


def _why(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


class Space(NamedTuple):
    """A file system: bytes that root may still write, bytes in all, and whether it is mounted read-only."""

    free: int
    total: int
    read_only: bool


class Host:
    """One machine, seen through C(root) (a directory; C(/) is the running machine)."""

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
            raise Unreadable("%s: %s" % (path, _why(error))) from None

    def head(self, path: str, count: int) -> bytes:
        """The first bytes of a file, however large it is; none where there is no file; raises Unreadable."""
        try:
            with open(self._real(path), "rb") as handle:
                return handle.read(count)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return b""
            raise Unreadable("%s: %s" % (path, _why(error))) from None

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
            raise kind("%s: %s" % (path, _why(error))) from None

    def listdir(self, path: str) -> List[str]:
        """The sorted names in a directory, none where there is no directory; raises Unreadable."""
        try:
            return sorted(os.listdir(self._real(path)))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return []
            raise Unreadable("%s: %s" % (path, _why(error))) from None

    def which(self, name: str) -> Optional[str]:
        """The absolute path of an executable in the system's own directories, or None."""
        for folder in SEARCH_PATH:
            path = "%s/%s" % (folder, name)
            if self.exists(path):
                return path
        return None

    def run(self, argv: List[str], timeout: int = 60, check: bool = True, stdin: str = "/dev/null") -> Result:
        """Run a command (a list, never a shell) in the C locale for at most C(timeout) seconds; it reads C(stdin).

        Raises CommandError when it is missing, too slow, or, with C(check), ends with another code than 0.
        """
        environment = dict(os.environ, LC_ALL="C", PATH=":".join(SEARCH_PATH))
        handle = None
        try:
            handle = os.open(stdin, os.O_RDONLY)
            process = subprocess.Popen(
                argv,
                stdin=handle,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                universal_newlines=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError("%s: %s" % (argv[0], _why(error))) from None
        finally:
            if handle is not None:
                os.close(handle)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            raise CommandError("%s: did not end within %d seconds" % (" ".join(argv), timeout)) from None
        if check and process.returncode != 0:
            detail = (err or out).strip()[-2000:] or "no output"
            raise CommandError("%s: ended with code %d: %s" % (" ".join(argv), process.returncode, detail))
        return Result(process.returncode, out, err)

    def output(self, argv: List[str], limit: int, timeout: int = 60) -> Optional[bytes]:
        """What a command prints, as it is; None where that is more than C(limit) bytes. It ends with 0 or 1, as grep does.

        Raises CommandError when it is missing, too slow, or ends otherwise.
        """
        environment = dict(os.environ, LC_ALL="C", PATH=":".join(SEARCH_PATH))
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError("%s: %s" % (argv[0], _why(error))) from None
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        try:
            with process, process.stdout or open(os.devnull, "rb") as stream:
                out = stream.read(limit + 1)
                if len(out) > limit:
                    process.kill()
                    return None
        finally:
            timer.cancel()
        if process.returncode not in (0, 1):
            raise CommandError("%s: ended with code %d" % (argv[0], process.returncode))
        return out

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Replace a file in one step: a reader, or a power cut, finds the old or the new one, whole."""
        target = self._real(path)
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
                "%s: could not be written: %s; the earlier file is untouched" % (path, _why(error))
            ) from None

    def move(self, source: str, path: str) -> None:
        """Put a finished file, on the same file system, in the place of C(path)."""
        target = self._real(path)
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
                "%s: could not be replaced: %s; the earlier file is untouched" % (path, _why(error))
            ) from None

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
                stream.write(value)
        except OSError as error:
            raise HostError("%s: the kernel refused the value '%s': %s" % (path, value, _why(error))) from None

    def make_directory(self, path: str, mode: int) -> None:
        """Make a directory with these permission bits, or give them to one that is there."""
        try:
            os.makedirs(self._real(path), exist_ok=True)
            os.chmod(self._real(path), mode)
        except OSError as error:
            raise HostError("%s: could not be made a directory of mode %04o: %s" % (path, mode, _why(error))) from None

    def remove(self, path: str) -> None:
        """Remove a file; one that is already gone is no error."""
        try:
            os.unlink(self.root + path)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise HostError("%s: could not be removed: %s" % (path, _why(error))) from None

    def remove_empty(self, path: str) -> None:
        """Remove a directory if nothing is left in it."""
        try:
            os.rmdir(self.root + path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
                raise HostError("%s: could not be removed: %s" % (path, _why(error))) from None

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
            raise Unreadable("%s: %s" % (path, _why(error))) from None

    def space(self, path: str) -> Space:
        """The file system that C(path) is on, or will be on where it does not exist yet; raises HostError."""
        place = os.path.normpath(path)
        while not self.exists(place) and place != "/":
            place = os.path.dirname(place)
        try:
            found = os.statvfs(self._real(place))
        except OSError as error:
            raise HostError("%s: %s" % (path, _why(error))) from None
        return Space(found.f_bfree * found.f_frsize, found.f_blocks * found.f_frsize, bool(found.f_flag & os.ST_RDONLY))

    def modified(self, path: str) -> Optional[float]:
        """When a file was last written, in seconds of the machine's clock; None where there is none."""
        try:
            return os.stat(self._real(path)).st_mtime
        except OSError:
            return None

    def is_directory(self, path: str) -> bool:
        return os.path.isdir(self._real(path))

    def mode(self, path: str, default: int = 0o644) -> int:
        """The permission bits of a file, or C(default) where there is none."""
        try:
            return stat.S_IMODE(os.stat(self._real(path)).st_mode)
        except OSError:
            return default
