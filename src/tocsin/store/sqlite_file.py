"""The file of a SQLite store: where it may lie, and who may read it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from pathlib import Path

from tocsin.errors import StoreError

ANOTHER_PLACE = "Put the store elsewhere: TOCSIN__STORE=sqlite:////absolute/path/tocsin.db"

#: File systems shared between machines, as Linux names them. WAL needs memory that all who have the file open share,
#: so it "does not work over a network filesystem": https://sqlite.org/wal.html
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "afs", "ceph", "lustre", "gpfs", "beegfs"}
_NETWORK |= {"fuse.sshfs", "fuse.glusterfs", "fuse.ceph"}
_MOUNTS = Path("/proc/self/mountinfo")


def prepare(path: Path) -> None:
    """Make sure that `path` is a file that only its owner reads; folders that are missing are created likewise.

    SQLite gives the files beside it (`-wal`, `-shm`) the mode of the database.

    Raises:
        StoreError: The file cannot be there.
    """
    try:
        if _MOUNTS.exists() and (kind := network_kind(path.resolve(), _MOUNTS.read_text())):
            raise StoreError(
                f"the store sqlite:///{path} lies on a network file system ({kind}), where SQLite loses data. "
                f"{ANOTHER_PLACE}, on a disk of this machine"
            )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create(path)
    except PermissionError as error:
        raise StoreError(
            f"the store sqlite:///{path} cannot be opened: {error.strerror} for {error.filename}. "
            f"Let this user write there, or do this. {ANOTHER_PLACE}"
        ) from error
    except OSError as error:
        raise StoreError(
            f"the store sqlite:///{path} cannot be opened: {error.strerror} ({error.filename}). {ANOTHER_PLACE}"
        ) from error


def _create(path: Path) -> None:
    """Make the file where it is missing, and never open one that is there.

    Closing any descriptor of a file drops all locks that the process holds on it (fcntl(2)). SQLite keeps its locks by
    such descriptors, so another process would take itself for the last one and remove the log with what was written:
    https://sqlite.org/howtocorrupt.html, section 2.2.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def network_kind(path: Path, mounts: str) -> str | None:
    """Return the kind of the network file system that holds `path`, or None for a local one.

    Args:
        path: An absolute path without symbolic links.
        mounts: What Linux says in /proc/self/mountinfo (proc_pid_mountinfo(5)).
    """
    found, kind = Path("/"), ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4]))
        # The last of several mounts on one point hides the others.
        if path.is_relative_to(point) and point.is_relative_to(found):
            found, kind = point, after.split()[0]
    return kind if kind in _NETWORK else None
