"""A store as s3fs is one: it answers by a thread that no fork survives, knows buckets, and has errors of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fsspec.asyn import AsyncFileSystem
from fsspec.registry import _registry


class NoCredentialsError(Exception):
    """What botocore raises is no OSError."""


def store_in(root: Path, fails: Callable[[str], bool] = lambda path: False) -> type[AsyncFileSystem]:
    """Return a class of file systems that keep their buckets below a folder; `fails` says which objects it denies."""

    class Store(AsyncFileSystem):  # type: ignore[misc]  # fsspec ships no types
        protocol = "s3"

        def _place(self, path: str) -> Path:
            if fails(path):
                raise NoCredentialsError("Unable to locate credentials.\n(tried all)")
            return root / self._strip_protocol(path)

        async def _cat_file(self, path: str, **_: Any) -> bytes:
            return self._place(path).read_bytes()

        async def _pipe_file(self, path: str, value: bytes, **_: Any) -> None:
            place = self._place(path)
            if not (root / self._strip_protocol(path).partition("/")[0]).is_dir():
                raise FileNotFoundError("The specified bucket does not exist")
            place.parent.mkdir(parents=True, exist_ok=True)
            partial = place.with_name(f".{place.name}")
            partial.write_bytes(value)
            partial.replace(place)

        async def _ls(self, path: str, detail: bool = True, **_: Any) -> list[dict[str, str]]:
            return [
                {"name": str(each.relative_to(root)), "type": "directory" if each.is_dir() else "file"}
                for each in self._place(path).iterdir()
            ]

    return Store


@contextmanager
def reached_as_s3(store: type[AsyncFileSystem]) -> Iterator[None]:
    """Let addresses that begin with s3:// lead to a store."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(_registry, "s3", store)
        yield
