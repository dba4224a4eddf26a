"""A sweep on many machines: its shards handed to the workers of a running Dask scheduler.

A worker opens the folder itself, so no table travels: what it is sent is where the folder is, and the number of a
shard.  Dask runs the shards of a lost worker again on the others.  Each worker runs one shard at a time, however many
threads it has: the work is done by NumPy in one process, and two shards would share its memory and its cache.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from sim import manifests
from sim.errors import InputError, Problem, SweepError
from sim.extras import extra
from sim.folders import Folder, LocalFolder, folder_of
from sim.many import Engine
from sim.shards import Shard
from sim.sweep import Goal, Job

OPTION: Final = "--cluster"

CONNECT_S: Final = 10
"""How long a scheduler may take to answer."""

AHEAD: Final = 256
"""Shards that the scheduler is told of at once: enough for as many workers, and few to remember."""

LOCK: Final = threading.Lock()
"""Held by the shard that a worker runs."""

KEPT: Final[dict[str, Job]] = {}
"""Of a worker: the last job, by all that its task says."""


@dataclass(frozen=True)
class Task:
    """What a worker must know to run any shard of a sweep."""

    where: str
    identity: str
    """Of the study: under the same address there may stand another one tomorrow."""
    goal: Goal
    engine: Engine
    rows: bool
    fail_fast: bool
    retry: bool
    versions: tuple[tuple[str, str | None], ...]
    """Of the program and of the libraries of which the bytes depend, as they are where the sweep was started."""


def task_of(job: Job) -> Task:
    """Return what workers are told of a job; a folder of this machine by its whole path."""
    folder = job.folder
    where = str(folder.root.resolve()) if isinstance(folder, LocalFolder) else folder.where
    ours = tuple(manifests.versions().items())
    identity = json.dumps(job.plan.identity())
    return Task(where, identity, job.goal, job.engine, job.rows, job.fail_fast, job.retry, ours)


def run_shard(task: Task, number: int) -> Shard:
    """Run a shard where a worker stands, and return the states of its points.

    Raises InputError if the worker does not see the folder or has other versions, and what `Job` raises.
    """
    theirs = tuple(manifests.versions().items())
    if theirs != task.versions:
        raise InputError(
            [Problem(OPTION, None, "", differing({"a worker": dict(theirs)}, dict(task.versions)))]
        )
    with LOCK:
        return _job(task)(number)


def _job(task: Task) -> Job:
    """Return the job of a task; a worker reads the folder once."""
    if (key := repr(task)) not in KEPT:
        KEPT.clear()
        KEPT[key] = _read_job(task)
    return KEPT[key]


def _read_job(task: Task) -> Job:
    folder: Folder = folder_of(task.where)
    if folder.read(manifests.MANIFEST) is None:
        problem = (
            "a worker does not see this folder; choose one that all machines mount under the same path,"
            " or an object store (s3://...)"
        )
        raise InputError([Problem(task.where, None, "", problem)])
    plan = manifests.reopened(folder)
    return Job(plan, folder, task.goal, task.engine, task.rows, task.fail_fast, task.retry)


def differing(theirs: Mapping[str, Mapping[str, str | None] | None], ours: Mapping[str, str | None]) -> str:
    """Return what is wrong with the versions of some workers, by the name of each; None where nothing is installed.

    >>> differing({"tcp://node:1": {"numpy": "1.0"}}, {"numpy": "2.0"})
    'tcp://node:1 has numpy 1.0 and this machine 2.0; install the same versions on all, so that tables are the same'
    """
    told = []
    for name, versions in theirs.items():
        if versions is None or versions.get("intercept-sim", "") is None:
            told.append(f"{name} has no intercept-sim")
            continue
        told += [
            f"{name} has {package} {versions.get(package)} and this machine {version}"
            for package, version in ours.items()
            if versions.get(package) != version
        ]
    more = f" (and {len(told) - 3} more)" if len(told) > 3 else ""
    said = "; ".join(told[:3]) + more
    return f"{said}; install the same versions on all, so that tables are the same"


# ---- where the sweep was started


@contextmanager
def connected(address: str, tell: Callable[[str], None] | None = None) -> Iterator[Any]:
    """Connect to a scheduler whose workers have our versions, and give Dask's client.

    Raises InputError if there is none at the address, or a worker has other versions.
    """
    distributed = extra("distributed", "cluster")
    for handler in logging.getLogger("distributed").handlers:
        handler.setLevel(logging.CRITICAL)  # what goes wrong is told here, and once
    try:
        _check_address(distributed, address)  # before a client is half made
        client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        problem = (
            f"no Dask scheduler answers at {address} ({_first_line(error)});"
            " start one with `dask scheduler`, and give the address that it prints"
        )
        raise InputError([Problem(OPTION, None, "", problem)]) from error
    try:
        _check_workers(client, tell)
        yield client
    finally:
        with suppress(Exception):  # a scheduler that is gone cannot be told good-bye
            client.close(timeout=2)


def _check_address(distributed: Any, address: str) -> None:
    """Raise ValueError if an address is none that a scheduler can have."""
    scheme, place = distributed.comm.parse_address(address)
    if scheme not in distributed.comm.registry.backends:
        raise ValueError(f"unknown kind of address {scheme}://")
    distributed.comm.parse_host_port(place)


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]


def _check_workers(client: Any, tell: Callable[[str], None] | None) -> None:
    """Say which workers there are. Raises InputError if one of them has other versions than we have."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if tell is not None:
        words = (
            f"{len(workers)} worker{'s'[: len(workers) != 1]}"
            if workers
            else "no workers yet; they can join later"
        )
        tell(f"{client.scheduler.address}: {words}")
        if many := [each for each in workers.values() if each["nthreads"] > 1]:
            threads = many[0]["nthreads"]
            tell(f"a worker with {threads} threads uses one; --nworkers {threads} --nthreads 1 uses all")
    ours = manifests.versions()
    found = client.run(_asker(tuple(ours)))
    wrong = {name: versions for name, versions in found.items() if versions != ours}
    if wrong:
        raise InputError([Problem(OPTION, None, "", differing(wrong, ours))])


def _asker(packages: Sequence[str]) -> Callable[[], dict[str, str | None]]:
    """Return a function that says which versions there are where it runs, also where this project is not installed.

    A function within a function is sent as it is, while others are only named and looked up at the other end.
    """

    def versions() -> dict[str, str | None]:
        from importlib.metadata import PackageNotFoundError, version

        found: dict[str, str | None] = {}
        for package in packages:
            try:
                found[package] = version(package)
            except PackageNotFoundError:
                found[package] = None
        return found

    return versions


def as_they_come(client: Any, job: Job, numbers: Sequence[int]) -> Iterator[Shard]:
    """Hand shards to the workers in their order, and yield each when it is written.

    What is not begun is taken back when the iteration ends early.  Raises what a shard raises, and SweepError if the
    scheduler is gone or a shard has ended its worker again and again.
    """
    distributed = extra("distributed", "cluster")
    task, waiting = task_of(job), iter(numbers)

    def handed() -> Any:
        number = next(waiting, None)
        # Never one from before: what is kept of a shard is asked of its folder.
        return None if number is None else client.submit(run_shard, task, number, pure=False)

    first = [future for _ in range(AHEAD) if (future := handed()) is not None]
    running = distributed.as_completed(first, loop=client.loop)
    pending = dict.fromkeys(first)
    try:
        for future in running:
            pending.pop(future)
            yield _result(future)
            if (another := handed()) is not None:
                pending[another] = None
                running.add(another)
    finally:
        with suppress(Exception):
            client.cancel([*pending], force=True)


def _result(future: Any) -> Shard:
    distributed = extra("distributed", "cluster")
    goes_on = "what is there is whole, and the same command goes on from it"
    try:
        shard = future.result()
    except (InputError, SweepError):
        raise
    except distributed.KilledWorker as error:
        raise SweepError(
            f"a shard has ended its worker again and again, perhaps for want of memory; {goes_on}"
        ) from error
    except (
        distributed.CancelledError,
        distributed.comm.CommClosedError,
        TimeoutError,
        ConnectionError,
    ) as error:
        raise SweepError(f"the scheduler is gone; {goes_on}") from error
    except ModuleNotFoundError as error:
        raise InputError([Problem(OPTION, None, "", differing({"a worker": None}, {}))]) from error
    assert isinstance(shard, Shard)
    return shard
