"""Where sweeps are kept: a folder, or an address of a store; each file appears whole or not at all."""

from __future__ import annotations

import multiprocessing
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

from sim.errors import InputError, Problem, SweepError
from sim.extras import extra

PARTIAL: Final = ".partial-"
"""How the name of a file begins that is being written."""

RENAMING: Final = frozenset({"file", "local", "sftp", "ssh", "smb", "hdfs", "arrow_hdfs", "webhdfs"})
"""Of fsspec: protocols of file systems; the others are of stores, which show an object when it is whole."""

BUCKETS: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "r2", "b2"})
"""Of fsspec: protocols of stores where a path begins with a bucket; to make folders there could only make that."""


class Folder(Protocol):
    """Where a sweep is kept: files by name, each written whole or not at all."""

    @property
    def where(self) -> str:
        """What the user calls it."""

    def read(self, name: str) -> bytes | None:
        """Return a file, or None if it is not there."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file, in the place of one of that name. Raises SweepError if it cannot be."""

    def names(self, below: str = "") -> set[str]:
        """Return the names of the files in a folder below, by their full names."""

    def clean(self) -> None:
        """Take away what was being written when a sweep was interrupted."""


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine, or one that is mounted."""

    root: Path

    @property
    def where(self) -> str:
        """The path as it was given."""
        return str(self.root)

    def read(self, name: str) -> bytes | None:
        """Return a file, or None if it is not there. Raises SweepError if it cannot be read."""
        try:
            return (self.root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreached(f"{self.where}/{name}", "read", error) from error

    def write(self, name: str, data: bytes) -> None:
        """Write beside the place and rename when all of it is on the disk."""
        path = self.root / name
        partial = path.with_name(_partial_name(path.name))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with partial.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                _stop_if_orphaned()
                partial.replace(path)
                _sync_folder(path.parent)
            finally:
                partial.unlink(missing_ok=True)
        except OSError as error:
            raise _unreached(self.where, "written", error) from error

    def names(self, below: str = "") -> set[str]:
        """Return the names of the files in a folder below, by their full names.

        Raises SweepError if it cannot be read.
        """
        folder = self.root / below
        try:
            if not folder.is_dir():
                return set()
            found = [path for path in folder.iterdir() if path.is_file()]
        except OSError as error:
            raise _unreached(str(folder), "read", error) from error
        return {str(PurePosixPath(below) / path.name) for path in found if not path.name.startswith(PARTIAL)}

    def clean(self) -> None:
        """Take away what was being written when a sweep was interrupted."""
        for path in self.root.rglob(f"{PARTIAL}*"):
            path.unlink(missing_ok=True)


def _partial_name(name: str) -> str:
    """Return what a file is called while it is written: no other thread, process or machine calls one so."""
    return f"{PARTIAL}{platform.node()}-{os.getpid()}-{threading.get_ident()}-{name}"


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _stop_if_orphaned() -> None:
    """End a worker whose sweep was killed, so that it does not write into one that was started since."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise SystemExit(1)


@dataclass(frozen=True)
class RemoteFolder:
    """A folder at an address that fsspec knows, such as `s3://bucket/study` or `sftp://host/study`."""

    url: str

    @property
    def where(self) -> str:
        """The address as it was given."""
        return self.url

    @cached_property
    def _opened(self) -> dict[int, tuple[Any, str]]:
        """The connection of each process that this one was forked from, and its own; see `_at`."""
        return {}

    @property
    def _at(self) -> tuple[Any, str]:
        """The file system and the path in it.

        A fork takes over the connection but not the thread that serves it, so each process opens its own.  The one
        from before is kept: to let go of it would close sockets that the other process is using.
        """
        if os.getpid() not in self._opened:
            self._opened[os.getpid()] = self._open()
        return self._opened[os.getpid()]

    def _open(self) -> tuple[Any, str]:
        fsspec = extra("fsspec.core")
        try:
            filesystem, root = fsspec.url_to_fs(self.url)
        except (
            ImportError,
            ValueError,
        ) as error:  # what fsspec says of a protocol without a library, or unknown
            problem = (
                f"cannot be opened: {error}; wanted is a folder, or an address such as s3://bucket/study"
            )
            raise InputError([Problem(self.url, None, "", problem)]) from error
        except Exception as error:  # as in `_reaching`; some connect at once
            raise _unreached(self.url, "opened", error) from error
        return filesystem, root.rstrip("/")

    @contextmanager
    def _reaching(self, done: str) -> Iterator[tuple[Any, str]]:
        """Give the file system and the path in it, to ask for something.

        Raises SweepError for whatever goes wrong, but FileNotFoundError if nothing is there.
        """
        at = self._at
        try:
            yield at
        except (FileNotFoundError, MemoryError):
            raise
        except Exception as error:  # each library behind fsspec has its own, for networks and for credentials
            raise _unreached(self.url, done, error) from error

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs: it opens its own connection."""
        return {"url": self.url}

    def read(self, name: str) -> bytes | None:
        """Return a file, or None if it is not there. Raises SweepError if the address cannot be reached."""
        try:
            with self._reaching("read") as (filesystem, root):
                return bytes(filesystem.cat_file(f"{root}/{name}"))
        except FileNotFoundError:
            return None

    def _is_one_of(self, protocols: frozenset[str]) -> bool:
        own = self._at[0].protocol
        return not protocols.isdisjoint((own,) if isinstance(own, str) else own)

    @property
    def _renames(self) -> bool:
        """Whether there are folders at the address in which a file can be seen half written, and be renamed."""
        return self._is_one_of(RENAMING)

    def write(self, name: str, data: bytes) -> None:
        """Put an object, which a store shows when it is whole; where there are files, write beside and rename.

        Raises InputError if there is no such bucket, which is not for a sweep to make.
        """
        _stop_if_orphaned()
        try:
            with self._reaching("written") as (filesystem, root):
                path = f"{root}/{name}"
                parent, _, last = path.rpartition("/")
                if not self._is_one_of(BUCKETS):
                    filesystem.makedirs(parent, exist_ok=True)
                if self._renames:
                    partial = f"{parent}/{_partial_name(last)}"
                    filesystem.pipe_file(partial, data)
                    filesystem.mv(partial, path)
                else:
                    filesystem.pipe_file(path, data)
        except FileNotFoundError as error:
            if not self._is_one_of(BUCKETS):
                raise _unreached(self.url, "written", error) from error
            problem = "cannot be written: there is no such bucket; make it first, or choose another address"
            raise InputError([Problem(self.url, None, "", problem)]) from error

    def names(self, below: str = "") -> set[str]:
        """Return the names of the files in a folder below, by their full names."""
        try:
            with self._reaching("read") as (filesystem, root):
                filesystem.invalidate_cache()  # others write there too
                found = filesystem.ls(f"{root}/{below}".rstrip("/"), detail=True)
        except FileNotFoundError:
            return set()
        names = (each["name"].removeprefix(f"{root}/") for each in found if each["type"] == "file")
        return {name for name in names if not name.rpartition("/")[2].startswith(PARTIAL)}

    def clean(self) -> None:
        """Take away what was being written when a sweep was interrupted; a store has no such thing."""
        if not self._renames:
            return
        with self._reaching("written") as (filesystem, root):
            for path in filesystem.glob(f"{root}/**/{PARTIAL}*"):
                with suppress(FileNotFoundError):
                    filesystem.rm_file(path)


def folder_of(where: str | Path) -> Folder:
    """Return the folder at a path, or at an address with `://`."""
    return RemoteFolder(str(where)) if "://" in str(where) else LocalFolder(Path(where))


def _unreached(where: str, done: str, error: Exception) -> SweepError:
    """Return what to say of an error of the system, or of a library that reaches the address."""
    told = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    what = f"{where}: cannot be {done}: {' '.join(told.split()).rstrip('.')}"
    if done == "written":
        return SweepError(f"{what}; what is there is whole, and the same command goes on from it")
    remedy = "its address, network and credentials" if "://" in where else "who may read it"
    return SweepError(f"{what}; see to {remedy}, and try again")
