"""A sweep handed to a real Dask scheduler: the same bytes, whoever is killed, and clear words where it cannot be."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sim import cluster, manifests
from sim.errors import InputError, SweepError
from sim.folders import RemoteFolder, folder_of
from sim.study import Plan
from sim.sweep import Goal, Job
from tests.sweeps import CALL, SCRAMBLE, small, swept, tables
from tests.test_cli import call, refused
from tests.test_sweep import ARGUMENTS, await_shards, hear_interruptions

MORE = ["first-intercept", "--vary", f"{SCRAMBLE}=0:380:20", "--vary", f"{CALL}=0,0.1,0.3", "-n", "20"]
"""A sweep that takes some seconds, so that something can go wrong in its middle."""


def more() -> Plan:
    """Return the plan of the same sweep."""
    return small(f"{SCRAMBLE}=0:380:20", f"{CALL}=0,0.1,0.3")


@dataclass
class Site:
    """A scheduler and its workers, each a process of its own on this machine."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command of Dask."""
        log = (self.folder / f"{len(self.processes)}.log").open("wb")
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))
        log.close()
        return self.processes[-1]

    def scheduler(self) -> subprocess.Popen[bytes]:
        """Start a scheduler at a free port of the loopback."""
        file = str(self.folder / "scheduler.json")
        started = self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", file)
        until(lambda: (self.folder / "scheduler.json").exists() and self.address)
        return started

    def worker(self) -> subprocess.Popen[bytes]:
        """Start a worker with one thread."""
        alone = ("--nworkers", "1", "--nthreads", "1", "--no-nanny")
        return self.start("worker", self.address, "--host", "127.0.0.1", *alone)

    @property
    def address(self) -> str:
        """The address of the scheduler, empty while it is being written."""
        try:
            return str(json.loads((self.folder / "scheduler.json").read_text(encoding="utf-8"))["address"])
        except ValueError:
            return ""

    def count(self) -> int:
        """Return how many workers the scheduler knows."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return len(client.scheduler_info()["workers"])

    def end(self) -> None:
        """End every process that is left."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


def until(true: object, seconds: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give a scheduler with two workers."""
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    (tmp_path / "site").mkdir()
    found = Site(tmp_path / "site")
    try:
        found.scheduler()
        found.worker()
        found.worker()
        until(lambda: found.count() == 2)
        yield found
    finally:
        found.end()


def started(site: Site, folder: Path) -> subprocess.Popen[bytes]:
    """Start the longer sweep in a process of its own."""
    words = [sys.executable, "-m", "sim", "sweep", *MORE, "--cluster", site.address, "-o", str(folder)]
    return subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=hear_interruptions
    )


def status(folder: Path) -> str:
    """Return what the manifest says of a sweep."""
    return str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["status"])


def test_a_cluster_writes_the_same_tables_whoever_is_lost(site: Site, tmp_path: Path) -> None:
    """With two workers, through fsspec, with one of them killed, after Ctrl-C and after the scheduler's end.

    One test for one site, since to start it takes longer than the sweeps do.
    """
    swept(tmp_path / "right", more())
    right = tables(tmp_path / "right")
    # Both workers, a folder that is reached through fsspec, and a relative path of it.
    result = call("sweep", *ARGUMENTS, "-n", "20", "--cluster", site.address, "-o", f"file://{tmp_path}/url")
    assert result.exit_code == 0, result.output
    assert f"{site.address}: 2 workers" in result.stderr
    swept(tmp_path / "local")
    assert tables(tmp_path / "url") == tables(tmp_path / "local")
    # Ctrl-C.
    process = started(site, tmp_path / "stopped")
    await_shards(tmp_path / "stopped", process, 2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert b"the same command goes on" in told
    assert b"Traceback" not in told
    assert status(tmp_path / "stopped") == "stopped"
    assert set(tables(tmp_path / "stopped")) < set(right)
    # A worker that is killed, while the sweep goes on from there.
    process = started(site, tmp_path / "stopped")
    await_shards(tmp_path / "stopped", process, 6)
    site.processes[1].send_signal(signal.SIGKILL)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert tables(tmp_path / "stopped") == right
    assert status(tmp_path / "stopped") == "complete"
    # The scheduler.
    process = started(site, tmp_path / "gone")
    await_shards(tmp_path / "gone", process, 1)
    site.processes[0].send_signal(signal.SIGKILL)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1, told
    assert b"the scheduler is gone; what is there is whole" in told
    assert b"Traceback" not in told
    assert status(tmp_path / "gone") == "stopped"
    swept(tmp_path / "gone", more())
    assert tables(tmp_path / "gone") == right


def test_what_a_cluster_cannot_do_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other versions, a folder that the workers do not see, and points that fail as without a cluster."""
    told = refused("sweep", *ARGUMENTS, "--cluster", site.address, "-o", "memory://nowhere")
    assert "memory://nowhere: a worker does not see this folder" in told
    failing = ["first-intercept", "--vary", f"{SCRAMBLE}.median=10,5000,20", "-n", "5"]
    result = call("sweep", *failing, "--cluster", site.address, "-o", tmp_path / "f")
    assert result.exit_code == 1
    assert "point 1 failed: " in result.stderr
    result = call("sweep", *failing, "--cluster", site.address, "--fail-fast", "-o", tmp_path / "fast")
    assert result.exit_code == 1
    assert "point 1 failed: " in result.stderr
    ours = manifests.versions()
    monkeypatch.setattr(manifests, "versions", lambda: ours | {"pyarrow": "1.0"})
    told = refused("sweep", *ARGUMENTS, "--cluster", site.address, "-o", tmp_path / "s")
    assert f"has pyarrow {ours['pyarrow']} and this machine 1.0" in told
    assert not (tmp_path / "s").exists()


def test_a_scheduler_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With exit code 2 and the command that starts one; so is -j beside it, and nothing is written."""
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense", "carrier-pigeon://x:1"):
        told = refused("sweep", *ARGUMENTS, "--cluster", address, "-o", tmp_path / "s")
        assert f"--cluster: no Dask scheduler answers at {address}" in told
        assert "dask scheduler" in told
    assert "-j: is for this machine" in refused(
        "sweep", *ARGUMENTS, "--cluster", "tcp://127.0.0.1:9", "-j", "2", "-o", tmp_path / "s"
    )
    assert not (tmp_path / "s").exists()


# ---- without a scheduler


def test_a_worker_with_other_versions_runs_nothing(tmp_path: Path) -> None:
    """One that joins later is asked as well: before the shard."""
    job = Job(small(), folder_of(tmp_path / "s"), Goal(5))
    task = replace(cluster.task_of(job), versions=(("numpy", "0.1"),))
    with pytest.raises(InputError, match=r"a worker has numpy \d.* and this machine 0\.1"):
        cluster.run_shard(task, 0)


def test_a_relative_folder_is_sent_as_a_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker stands in another folder; an address is sent as it is."""
    monkeypatch.chdir(tmp_path)
    assert cluster.task_of(Job(small(), folder_of("runs/s"), Goal(5))).where == str(tmp_path / "runs" / "s")
    assert cluster.task_of(Job(small(), folder_of("s3://b/s"), Goal(5))).where == "s3://b/s"


def test_a_worker_without_this_project_is_named() -> None:
    """The message says what is missing where."""
    told = cluster.differing({"tcp://node:1": {"intercept-sim": None}}, manifests.versions())
    assert told.startswith("tcp://node:1 has no intercept-sim; install the same versions on all")


def test_a_remote_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an address has files, they are written beside and renamed; what is left of a broken write is cleaned."""
    folder = RemoteFolder(f"file://{tmp_path}/s")
    folder.write("a/b", b"1")
    folder.write("a/b", b"2")
    assert (folder.read("a/b"), folder.names("a")) == (b"2", {"a/b"})
    filesystem, _ = folder._at
    with monkeypatch.context() as patched:
        patched.setattr(type(filesystem), "mv", lambda *_: (_ for _ in ()).throw(OSError("broken")))
        with pytest.raises(SweepError, match="broken"):
            folder.write("a/b", b"3")
    assert (folder.read("a/b"), folder.names("a")) == (b"2", {"a/b"})
    assert len(list((tmp_path / "s" / "a").iterdir())) == 2
    folder.clean()
    assert [path.name for path in (tmp_path / "s" / "a").iterdir()] == ["b"]
