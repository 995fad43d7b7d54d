"""Replace a file's content in one step: readers see the old bytes or the new ones, never a part.

Apart because trust, the command line and the engine's own writes need the same care, and it is easy to get wrong:
a file written in place is lost when the disk is full, the power fails or a person presses Ctrl-C.

Invariant: whatever fails, the file has its old bytes and no temporary file stays (test_a_failed_write_leaves_the_file).
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path


def replace(path: Path, content: bytes, mode: int, *, before: Callable[[], object] = lambda: None) -> None:
    """Write `content` to the real file behind `path` (links stay links) with the permission bits `mode`.

    `before` is called when all is on the disk but the file still the old one; if it raises, it stays the old one.
    Raises OSError. The temporary file stands in the same folder, because a rename cannot cross file systems.
    """
    target = Path(os.path.realpath(path))
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
    temporary: Path | None = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if os.name == "posix":
                _keep_owner(file.fileno(), target)
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        before()
        temporary.replace(target)
        temporary = None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def create(path: Path, content: bytes) -> None:
    """A new file with these bytes, or none. Raises OSError, FileExistsError where there is one, whatever it is."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


@contextlib.contextmanager
def alone(path: Path, timeout: float = 5.0) -> Generator[None]:
    """Keep other programs of ours from replacing the file meanwhile. Raises OSError, TimeoutError.

    The lock is on the file itself, which a holder replaces: whoever got the lock of the old one asks again. Not on
    Windows, where a locked file cannot be read; there the look right before the rename has to do.
    """
    if sys.platform == "win32":
        yield
        return
    target = Path(os.path.realpath(path))
    deadline = time.monotonic() + timeout
    while True:
        with contextlib.ExitStack() as holding:
            # Read and not write: to lock a file needs no more, and it may not be created here.
            descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
            holding.callback(os.close, descriptor)
            if _locked(descriptor) and _is(descriptor, target):
                yield
                return
        if time.monotonic() >= deadline:
            raise TimeoutError(f"another program holds {target.name}")
        time.sleep(0.02)


def _locked(descriptor: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is(descriptor: int, target: Path) -> bool:
    """Whether the open file still has that name."""
    opened = os.fstat(descriptor)
    with contextlib.suppress(FileNotFoundError):
        named = target.stat()
        return (opened.st_dev, opened.st_ino) == (named.st_dev, named.st_ino)
    return False


def _keep_owner(descriptor: int, old: Path) -> None:
    """As far as we may: others of the file's group must not lose it, and the superuser must not take it."""
    with contextlib.suppress(OSError):
        status = old.stat()
        os.fchown(descriptor, -1, status.st_gid)
        os.fchown(descriptor, status.st_uid, -1)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power failure. Some systems cannot: the content is safe all the same."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
