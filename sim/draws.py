"""Chance: named distributions, and one uniform number for each decision of each replication.

A random quantity is the quantile of its distribution at a uniform number that depends on the seed, the replication,
the entity, the decision and its occurrence, and on nothing else.  Changing one latency therefore leaves every other
draw as it was (common random numbers), and a replication can be repeated alone.

Every quantity has a resolution (a whole step for durations).  The drawn value is the lowest multiple of the
resolution whose cumulative probability exceeds the uniform number: a comparison of two numbers, so that every engine
that asks gets exactly the same answer.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

QUANTILES_KEPT = 2_048
"""Multiples of a resolution up to which the cumulative probabilities of a law are kept."""

ASKED_BEFORE = 8
"""How often a law is asked before they are: for a single replication they would cost more than they save."""

BLOCK: int = 256
"""Replications whose uniform numbers are made together; it changes speed only, never a number."""


class Distribution(BaseModel):
    """What all distributions share: a cumulative probability, and a first guess at a quantile."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    def cdf(self, x: float) -> float:
        """Return the probability of a value of at most x."""
        raise NotImplementedError

    def guess(self, u: float) -> float:
        """Return a value near the quantile of u; the exact value is found from `cdf`."""
        raise NotImplementedError

    def least(self) -> float:
        """Return the lowest value that can come."""
        raise NotImplementedError


Number = Annotated[float, Field(allow_inf_nan=False)]


Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Constant(Distribution):
    """Always the same value: `60` or `{ dist = "constant", value = 60 }`."""

    dist: Literal["constant"] = Field(default="constant", description="always the same value")
    value: Number = Field(description="the value, in the unit of the quantity")

    def cdf(self, x: float) -> float:
        """Return 1 from the value on, else 0."""
        return 1.0 if x >= self.value else 0.0

    def guess(self, u: float) -> float:
        """Return the value."""
        return self.value

    def least(self) -> float:
        """Return the value."""
        return self.value


class Uniform(Distribution):
    """Every value between `low` and `high` alike."""

    dist: Literal["uniform"] = Field(description="every value between low and high alike")
    low: Number = Field(description="least value, in the unit of the quantity")
    high: Number = Field(description="greatest value, in the unit of the quantity")

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} must not exceed high {self.high:g}")
        return self

    def cdf(self, x: float) -> float:
        """Return the share of the range that lies below x."""
        if x >= self.high:
            return 1.0
        return 0.0 if x < self.low else (x - self.low) / (self.high - self.low)

    def guess(self, u: float) -> float:
        """Return the quantile."""
        return self.low + u * (self.high - self.low)

    def least(self) -> float:
        """Return `low`."""
        return self.low


class _Peaked(Distribution):
    low: Number = Field(description="least value, in the unit of the quantity")
    mode: Number = Field(description="value about which most lie, in the unit of the quantity")
    high: Number = Field(description="greatest value, in the unit of the quantity")

    @model_validator(mode="after")
    def _ordered(self) -> _Peaked:
        if not self.low <= self.mode <= self.high:
            raise ValueError(f"must rise: low {self.low:g}, mode {self.mode:g}, high {self.high:g}")
        return self

    def least(self) -> float:
        """Return `low`."""
        return self.low


class Triangular(_Peaked):
    """From `low` to `high` with the peak of the density at `mode`."""

    dist: Literal["triangular"] = Field(description="from low to high, most often about the mode")

    def cdf(self, x: float) -> float:
        """Return the area of the triangle below x."""
        if x >= self.high:
            return 1.0
        if x < self.low:
            return 0.0
        width = self.high - self.low
        if x < self.mode:
            return (x - self.low) ** 2 / (width * (self.mode - self.low))
        return 1.0 - (self.high - x) ** 2 / (width * (self.high - self.mode))

    def guess(self, u: float) -> float:
        """Return the quantile."""
        width = self.high - self.low
        rise = self.mode - self.low
        if u * width < rise:
            return self.low + math.sqrt(u * width * rise)
        return self.high - math.sqrt((1.0 - u) * width * (self.high - self.mode))


class Pert(_Peaked):
    """Beta-PERT from `low` to `high` with mode `mode` and the usual weight of 4."""

    dist: Literal["pert"] = Field(description="from low to high, smoothly most often about the mode")

    def _shape(self) -> tuple[float, float]:
        width = self.high - self.low
        return 1 + 4 * (self.mode - self.low) / width, 1 + 4 * (self.high - self.mode) / width

    def cdf(self, x: float) -> float:
        """Return the regularised incomplete beta function (SciPy) of the place of x in the range."""
        if x >= self.high:
            return 1.0
        if x < self.low:
            return 0.0
        from scipy.special import betainc  # heavy to import, needed by this law only

        return float(betainc(*self._shape(), (x - self.low) / (self.high - self.low)))

    def guess(self, u: float) -> float:
        """Return the quantile."""
        if self.high == self.low:
            return self.low
        from scipy.special import betaincinv

        return self.low + (self.high - self.low) * float(betaincinv(*self._shape(), u))


class Exponential(Distribution):
    """Memoryless with the given `mean`."""

    dist: Literal["exponential"] = Field(description="memoryless: what has waited long waits on as before")
    mean: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        description="mean, in the unit of the quantity"
    )

    def cdf(self, x: float) -> float:
        """Return 1 - exp(-x / mean)."""
        return -math.expm1(-x / self.mean) if x > 0 else 0.0

    def guess(self, u: float) -> float:
        """Return the quantile."""
        return -self.mean * math.log1p(-u)

    def least(self) -> float:
        """Return 0."""
        return 0.0


class Lognormal(Distribution):
    """A positive value whose logarithm is normal, given by its `median` and its 95th percentile `p95`."""

    dist: Literal["lognormal"] = Field(description="positive, with a long tail")
    median: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        description="half of all values lie below, in the unit of the quantity"
    )
    p95: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        description="95 % of all values lie below, in the unit of the quantity"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Lognormal:
        if self.p95 < self.median:
            raise ValueError(f"p95 {self.p95:g} must be at least the median {self.median:g}")
        return self

    @cached_property
    def sigma(self) -> float:
        """The standard deviation of the logarithm; 1.6449 is the 95th percentile of the standard normal."""
        return math.log(self.p95 / self.median) / 1.6448536269514722

    def cdf(self, x: float) -> float:
        """Return the normal probability of the logarithm of x."""
        if x <= 0:
            return 0.0
        sigma = self.sigma
        if sigma == 0:
            return 1.0 if x >= self.median else 0.0
        return 0.5 * math.erfc(-math.log(x / self.median) / (sigma * math.sqrt(2)))

    def guess(self, u: float) -> float:
        """Return the quantile."""
        if u <= 0:
            return 0.0
        return self.median * math.exp(self.sigma * _normal().inv_cdf(u))

    def least(self) -> float:
        """Return 0."""
        return 0.0


class Empirical(Distribution):
    """One of the observed `values`, each as likely as its weight says (all alike unless `weights` are given)."""

    dist: Literal["empirical"] = Field(description="one of the values that were observed")
    values: Annotated[tuple[Number, ...], Field(min_length=1, strict=False)] = Field(
        description="the values, in the unit of the quantity"
    )
    weights: Annotated[tuple[Weight, ...], Field(strict=False)] | None = Field(
        default=None, description="how likely each value is beside the others; all alike unless said"
    )

    @model_validator(mode="after")
    def _matching(self) -> Empirical:
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError(f"has {len(self.values)} values but {len(self.weights)} weights")
        if self.weights is not None and sum(self.weights) <= 0:
            raise ValueError("at least one weight must be above 0")
        return self

    def _shares(self) -> list[tuple[float, float]]:
        weights = self.weights or (1.0,) * len(self.values)
        total = math.fsum(weights)
        return sorted((v, w / total) for v, w in zip(self.values, weights, strict=True) if w > 0)

    def cdf(self, x: float) -> float:
        """Return the weight of the values of at most x."""
        shares = self._shares()
        if x >= shares[-1][0]:
            return 1.0
        return math.fsum(w for v, w in shares if v <= x)

    def guess(self, u: float) -> float:
        """Return the quantile."""
        below = 0.0
        shares = self._shares()
        for value, share in shares:
            below += share
            if below > u:
                return value
        return shares[-1][0]

    def least(self) -> float:
        """Return the lowest value."""
        return min(v for v, _ in self._shares())


def _as_distribution(given: Any) -> Any:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return {"dist": "constant", "value": given}
    if not isinstance(given, Mapping | Distribution):
        came = str(given).lower() if isinstance(given, bool) else repr(given)  # as TOML has it
        raise ValueError(
            f'is {came}, must be a number or a table such as {{ dist = "uniform", low = 30, high = 90 }}'
        )
    return given


AnyDistribution = Annotated[
    Constant | Uniform | Triangular | Pert | Exponential | Lognormal | Empirical, Field(discriminator="dist")
]
Law = Annotated[
    AnyDistribution, BeforeValidator(_as_distribution, json_schema_input_type=float | AnyDistribution)
]
"""A number, or a table such as `{ dist = "lognormal", median = 60, p95 = 180 }`."""


def _not_negative(law: Distribution) -> Distribution:
    if law.least() < 0:
        way = "is" if isinstance(law, Constant) else "can be"
        raise ValueError(f"{way} {law.least():g}, must be at least 0")
    return law


Amount = Annotated[
    AnyDistribution,
    BeforeValidator(_as_distribution, json_schema_input_type=Weight | AnyDistribution),
    AfterValidator(_not_negative),
]
"""A `Law` that is never negative: every duration, distance and count."""


Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
"""A probability."""


@lru_cache(maxsize=1)
def _normal() -> Any:
    from statistics import NormalDist

    return NormalDist()


def quantile_index(law: Distribution, u: float, resolution: float, most: int) -> int:
    """Return the lowest i in 0..most with cdf(i * resolution) > u, or most if there is none below it.

    u in [0, 1).  The guess only shortens the search: the answer follows from `cdf` alone, and is the same for every
    engine.
    """
    at = law.guess(u) / resolution
    i = most if at >= most else max(0, math.ceil(at))
    while i > 0 and law.cdf((i - 1) * resolution) > u:
        i -= 1
    while i < most and not law.cdf(i * resolution) > u:
        i += 1
    return i


class Quantiles:
    """The quantiles of one law as multiples of a resolution: `quantile_index`, by a search in a table.

    The table of cumulative probabilities grows as far as it is asked, up to a bound: a duration of hours is rare.
    """

    def __init__(self, law: Distribution, resolution: float, most: int) -> None:
        self.law, self.resolution, self.most = law, resolution, most
        self.reached: list[float] = []
        """The cumulative probabilities of the first multiples: the index of u is the first above u, if there is one."""
        self._asked = 0

    def index(self, u: float) -> int:
        """Return the lowest i in 0..most with cdf(i * resolution) > u, or most if there is none below it."""
        index = bisect_right(self.reached, u)
        return index if index < len(self.reached) else self.beyond(u)

    def beyond(self, u: float) -> int:
        """Return the index of a number that none of `reached` is above, and reach further if it pays."""
        index = quantile_index(self.law, u, self.resolution, self.most)
        self._asked += 1
        if index < QUANTILES_KEPT and self._asked > ASKED_BEFORE:
            known = len(self.reached)
            self.reached += [self.law.cdf(i * self.resolution) for i in range(known, index + 1)]
        return index


def thresholds(law: Distribution, resolution: float, most: int) -> NDArray[np.float64]:
    """Return cdf(i * resolution) for i in 0..most-1: `searchsorted(..., u, side="right")` is `quantile_index`."""
    return np.array([law.cdf(i * resolution) for i in range(most)])


Draw = Callable[[str, str, int], float]
"""(entity, decision, occurrence) -> a uniform number: the draws of one replication."""


class Uniforms:
    """The uniform numbers of one seed: a number for each (replication, entity, decision, occurrence).

    NumPy's counter-based generator Philox is keyed by the seed and by a hash of the last three; the replication is
    its counter.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._bits = np.random.Philox(key=np.array([seed, 0], dtype=np.uint64))
        self._start = -1
        self._columns: dict[tuple[str, str, int], list[float]] = {}
        """The uniform numbers of the block of replications that begins at `_start`, as far as they were asked for."""

    def column(
        self, entity: str, decision: str, occurrence: int, start: int, count: int
    ) -> NDArray[np.float64]:
        """Return the uniform numbers of `count` replications from `start` on, each in [0, 1) with 53 bits."""
        raw = self.raw_column(entity, decision, occurrence, start, count)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def raw_column(
        self, entity: str, decision: str, occurrence: int, start: int, count: int
    ) -> NDArray[np.uint64]:
        """Return the 64 random bits of which the leading 53 are the uniform numbers of `column`."""
        first, skip = divmod(start, 4)
        self._bits.state = {
            "bit_generator": "Philox",
            "state": {
                "counter": np.array([first, 0, 0, 0], dtype=np.uint64),
                "key": np.array([self.seed, draw_key(entity, decision, occurrence)], dtype=np.uint64),
            },
            "buffer": np.zeros(4, dtype=np.uint64),
            "buffer_pos": 4,
            "has_uint32": 0,
            "uinteger": 0,
        }
        raw: NDArray[np.uint64] = self._bits.random_raw(skip + count)[skip:]
        return raw

    def value(self, replication: int, entity: str, decision: str, occurrence: int) -> float:
        """Return the uniform number of one decision in one replication."""
        return self.draws(replication)(entity, decision, occurrence)

    def draws(self, replication: int) -> Draw:
        """Return the draws of one replication."""
        start = replication - replication % BLOCK
        if start != self._start:
            self._start, self._columns = start, {}
        columns, place = self._columns, replication - start

        def draw(entity: str, decision: str, occurrence: int) -> float:
            key = (entity, decision, occurrence)
            column = columns.get(key)
            if column is None:
                column = columns[key] = self.column(*key, start, BLOCK).tolist()
            return column[place]

        return draw


@lru_cache(maxsize=65_536)
def draw_key(entity: str, decision: str, occurrence: int) -> int:
    """Return the 64-bit key of a decision: a BLAKE2b hash, the same on every machine and in every process."""
    text = f"{entity}\x1f{decision}\x1f{occurrence}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
