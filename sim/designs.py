"""The designs of studies: which values go together; SciPy and SALib draw sampled ones from the study's seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.extras import extra
from sim.quantities import Quantity
from sim.study_file import MOST_POINTS, Study


def design(study: Study, quantities: Sequence[Quantity]) -> Iterable[tuple[Any, ...]]:
    """Return the points of the design in their order. Raises ValueError if it cannot be made."""
    if study.design == "grid":
        count = 1
        for each in quantities:
            count *= len(each.values)
        if count > MOST_POINTS:
            raise ValueError(f"has {count:,} points, more than {MOST_POINTS:,}")
        return product(*(each.values for each in quantities))
    if study.design == "one-at-a-time":
        return _one_at_a_time(quantities)
    return [
        tuple(each.at(float(share)) for each, share in zip(quantities, row, strict=True))
        for row in drawn_shares(study, len(quantities))
    ]


def _one_at_a_time(quantities: Sequence[Quantity]) -> list[tuple[Any, ...]]:
    """Return the scenario as it stands, then every value of each quantity with the others as they stand."""
    stands: tuple[Any, ...] = (None,) * len(quantities)
    found = [stands]
    for place, each in enumerate(quantities):
        for value in each.values:
            if value != each.base:
                found.append((*stands[:place], value, *stands[place + 1 :]))
    return found


def drawn_shares(study: Study, count: int) -> NDArray[np.float64]:
    """Return a sampled design as shares from 0 to 1 of the way through each range, shape (points, quantities)."""
    problem = {
        "num_vars": count,
        "names": [str(number) for number in range(count)],
        "bounds": [[0, 1]] * count,
    }
    seed = study.seed % 2**32  # what these libraries take
    if study.design == "morris":
        morris = extra("SALib.sample.morris")
        return np.asarray(
            morris.sample(problem, study.trajectories, study.levels, seed=seed), dtype=np.float64
        )
    if study.points is None:
        raise ValueError(f"wants a number of points in a design of the kind {study.design}")
    if study.design == "latin-hypercube":
        sampler = extra("scipy.stats.qmc").LatinHypercube(d=count, seed=np.random.default_rng(seed))
        return np.asarray(sampler.random(study.points))
    power = study.points.bit_length() - 1
    if study.points != 1 << power:
        raise ValueError(
            f"has {study.points} points, must be a power of 2 such as {1 << power} or {2 << power}"
        )
    if study.design == "sobol":
        sampler = extra("scipy.stats.qmc").Sobol(d=count, scramble=True, seed=np.random.default_rng(seed))
        return np.asarray(sampler.random_base2(power))
    saltelli = extra("SALib.sample.sobol")
    drawn = saltelli.sample(problem, study.points, calc_second_order=False, seed=seed)
    return np.asarray(drawn, dtype=np.float64)
