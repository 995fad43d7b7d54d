"""Folders and files that nobody but their owner can read from the moment they exist.

Apart from opening because a `chmod` afterwards would leave a moment in which others can open them.

Invariant: the folder is 0700, and the store, its WAL and its backups are 0600, whatever the umask
(test_modes_of_new_files).
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def create_private_folder(folder: Path) -> None:
    """Create the folder and what is missing above it. An existing one is left as it is; `Store.check` looks at it."""
    if folder.is_dir():
        return
    create_private_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def create_private_file(file: Path) -> None:
    """Create an empty file; one that exists is left alone, and above all not opened.

    Closing a descriptor of a database drops every lock that this process holds on it
    (https://www.sqlite.org/howtocorrupt.html, 2.2), so only SQLite may open an existing one.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    except FileExistsError:
        return
    os.close(descriptor)
