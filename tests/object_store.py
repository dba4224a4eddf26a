"""A sweep in an object store for real: killed, gone on with, topped up, two at once, and a store that goes away.

    pip install s3fs "moto[s3]" flask flask-cors
    python -m tests.object_store

moto serves S3 on this machine, s3fs reaches it.  Every table must have the bytes of the same sweep in a folder, every
error be told in a line.  The suite does without: these are some thirty packages of 130 MB, and `tests/stores.py`
behaves as s3fs does where it matters.  Ends with 1 at the first thing that is not so.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Final

from sim.folders import folder_of
from tests.sweeps import TABLES, tables

VARY: Final = [
    "--vary",
    "command.stages.authorise-fire.delay_s=30:240:30",
    "--vary",
    "command.stages.release-flares.delay_s=30,120,240",
]
URL: Final = "s3://bucket"


@contextmanager
def served() -> Iterator[subprocess.Popen[bytes]]:
    """Serve S3, and let this process and those that it starts find it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield server
    finally:
        server.kill()
        server.wait()


def started(where: str | Path, replications: int, **environment: str | None) -> subprocess.Popen[str]:
    """Start a sweep on two workers; None takes a variable away."""
    told = {**os.environ, **environment}
    words = [
        sys.executable,
        "-m",
        "sim",
        "sweep",
        "july-2019",
        *VARY,
        "-n",
        str(replications),
        "-j",
        "2",
        "-q",
    ]
    kept = {name: value for name, value in told.items() if value is not None}
    return subprocess.Popen([*words, "-o", str(where)], env=kept, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str], code: int, words: str = "") -> None:
    """Await the end of a sweep, and see that it has this exit code and said these words in a line."""
    said = process.communicate(timeout=300)[1].strip()
    if process.returncode != code or words not in said or "Traceback" in said or "\n" in said:
        raise SystemExit(f"exit code {process.returncode}, wanted {code} and {words!r}:\n{said}")


def stored(name: str) -> dict[str, bytes | None]:
    """Return every table of a sweep in the store."""
    folder = folder_of(f"{URL}/{name}")
    return {file: folder.read(file) for kind in TABLES for file in sorted(folder.names(kind))}


def see(what: str, *, holds: bool = True) -> None:
    """Say what is so, or end."""
    if not holds:
        raise SystemExit(f"not so: {what}")
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    """Try it all."""
    with tempfile.TemporaryDirectory() as scratch, served() as server:
        import_module("s3fs").S3FileSystem().mkdir("bucket")
        here = Path(scratch) / "here"
        end(started(here, 2000), 0)
        right = tables(here)

        process = started(f"{URL}/one", 2000)
        while len(folder_of(f"{URL}/one").names("results")) < 2 and process.poll() is None:
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        see("killed on the way", holds=0 < len(stored("one")) < len(right))
        end(started(f"{URL}/one", 2000), 0)
        see("gone on with, to the same tables", holds=stored("one") == right)

        for process in [started(f"{URL}/two", 2000) for _ in range(2)]:
            end(process, 0)
        see("written by two at once, to the same tables", holds=stored("two") == right)

        for where in (here, f"{URL}/one"):
            end(started(where, 3000), 0)
        see("topped up, to the same tables", holds=stored("one") == tables(here))

        end(started("s3://nobody/one", 1), 2, "there is no such bucket")
        end(started("s3://", 1), 1, "cannot be written: Parameter validation failed")
        nobody = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "HOME": scratch}
        end(started(f"{URL}/one", 1, **nobody), 1, "cannot be read: Unable to locate credentials")
        see("no bucket, no name, no credentials: told")

        process = started(f"{URL}/three", 50_000)
        while folder_of(f"{URL}/three").read("manifest.json") is None and process.poll() is None:
            time.sleep(0.2)
        server.kill()
        end(process, 1, "Could not connect to the endpoint")
        end(started(f"{URL}/three", 1), 1, "cannot be read: Could not connect to the endpoint")
        see("the store went away, and was away: told")


if __name__ == "__main__":
    main()
