"""The warning ladder: radio calls, and the measures that a pair beside an intruder takes in their order.

Calls go out on guard at intervals from the moment at which entry is expected.  A measure (a blocking pass, flares, a
burst ahead of the nose) needs a pair beside the flight, the flight in the measure's zone, so many unanswered calls,
the authority in hand, and its spacing after the measure before it.  Whoever turns away is left in peace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any

from pydantic import Field, model_validator

from sim.clock import NEVER
from sim.command import UNKNOWN, Desk, Exchange, Inbox, Known
from sim.draws import Amount
from sim.fighters import Force, Pair
from sim.flight import Track
from sim.log import Record
from sim.sides import Side
from sim.spec import Name, Section, quantity
from sim.world import SETTLED, Process, Waiting, World, drawn, drawn_steps, emit, on, ring, sleep, start, wait

_step, _joined = itemgetter(0), attrgetter("joined")

BURST_S = 0.01
DISTANCE_KM = 0.01
"""The resolutions of the drawn time on the trigger and distance."""


class Calls(Section):
    """`[warning.<side>.calls]`: radio warnings to a flight."""

    after: tuple[str, ...] = Field(
        min_length=1, description="events that must be known before the first call"
    )
    zone: Name = Field(description="zone in which the flight is called")
    first_s: Amount = Field(description="time from the conditions to the first call")
    interval_s: Amount = Field(description="time from a call to the next")
    most: int = quantity("calls in one stay at the most", ge=1, le=200)


class Measure(Section):
    """`[warning.<side>.measures.<id>]`: one step of the ladder; its id is the kind of its event."""

    zone: Name = Field(description="zone in which the measure may be taken")
    authority: str = Field(default="standing", description="`standing`, or the event that grants it")
    after_calls: int = quantity("calls that must have gone unanswered in this stay", ge=0, le=200, default=0)
    spacing_s: Amount | None = Field(
        default=None, description="time that must have passed since the measure before was first taken"
    )
    delay_s: Amount = Field(description="time from the conditions to the act")
    interval_s: Amount | None = Field(
        default=None, description="time from one act to the next of the same measure, where `most` is above 1"
    )
    most: int = quantity("attempts in one stay at the most", ge=1, le=100, default=1)
    flares: Amount | None = Field(default=None, description="flares released in one act")
    burst_s: Amount | None = Field(default=None, description="time on the trigger in one act")
    rounds_per_minute: float | None = quantity("rate of fire of the gun", gt=0, le=20_000, default=None)
    distance_km: Amount | None = Field(
        default=None, description="closest distance to the intruder in one act"
    )

    @model_validator(mode="after")
    def _whole(self) -> Measure:
        if (self.interval_s is None) != (self.most == 1):
            came = f"`most` is {self.most} and `interval_s` is {'missing' if self.interval_s is None else 'given'}"
            raise ValueError(f"`interval_s` goes with a `most` above 1; {came}")
        if (self.burst_s is None) != (self.rounds_per_minute is None):
            raise ValueError("`burst_s` and `rounds_per_minute` go together")
        return self


class Ladder(Section):
    """`[warning.<side>]`: the calls and measures of one side, anew for each stay in a zone."""

    per: Name = Field(description="zone for each stay in which the ladder is climbed anew")
    calls: Calls | None = Field(default=None, description="radio warnings to the flight; none unless said")
    measures: Mapping[Name, Measure] = Field(
        default_factory=dict, description="in the order in which they are taken"
    )


@dataclass
class Encounter:
    """One stay of one flight as the side that warns it sees it."""

    side: str
    flight: str
    stay: int
    ladder: Ladder
    inbox: Inbox
    entries: Mapping[tuple[str, str], list[Known]]
    awaited: frozenset[int]
    """Numbers of calls for which measures wait."""
    calls: list[Record] = field(default_factory=list)
    answered: int = NEVER
    track: Track | None = None
    last: int = NEVER
    """The step in which the flight ends its stay on that track, or turns away."""

    def over(self, world: World) -> bool:
        """Return whether the stay has ended, or the flight had turned away before this step."""
        return world.now >= self.ends(world)

    def ends(self, world: World) -> int:
        """Return the first step at which the encounter is over, or one that never comes."""
        track = world.tracks[self.flight]
        if track is not self.track:
            self.track, leaves = track, track.leaves[self.ladder.per]
            leave = leaves[self.stay - 1] if self.stay <= len(leaves) else NEVER
            self.last = min(leave, world.left_script.get(self.flight, NEVER))
        return self.last + 1

    def entered(self, zone: str, by: int) -> Known:
        """Return the flight's latest entry into a zone up to a step; to be asked in a later step only."""
        known = self.entries.get((self.flight, zone), ())
        return max([entry for entry in known if entry[0] <= by], default=(-1, -1))

    def called(self, count: int, now: int) -> Known:
        """Return the call by which so many had gone unanswered in this stay; none once the crew has answered."""
        if count == 0 or len(self.calls) < count or self.answered < now:
            return UNKNOWN
        return self.calls[count - 1].step, self.calls[count - 1].id


def call(world: World, encounter: Encounter, control: str, calls: Calls) -> Process:
    """Call a flight on guard.

    1. Wait until the calling events are known and the flight is in the zone.  2. Call, and call again after each
    interval, until it answers, turns away or leaves.
    """
    flight, chance = encounter.flight, f"{encounter.flight} {encounter.stay}"
    while (known := _latest(encounter.inbox, calls.after))[0] > world.now or not _in(
        world, flight, calls.zone
    ):
        if encounter.over(world):
            return
        change = world.tracks[flight].next_change(calls.zone, world.now)
        ahead = [change, known[0], encounter.ends(world)]
        yield from wait(world, min(k for k in ahead if k > world.now), encounter.inbox.news)
    ready, cause, interval = world.now, None, f"call-interval {chance}"
    due = world.now + drawn_steps(world, calls.first_s, encounter.side, f"first-call {chance}", 1)
    while len(encounter.calls) < calls.most:
        yield from sleep(world, due)
        if encounter.over(world) or encounter.answered < world.now:
            return
        if not _in(world, flight, calls.zone):
            due = min(world.tracks[flight].next_change(calls.zone, world.now), encounter.ends(world) + 1)
            continue
        number = len(encounter.calls) + 1
        if cause is None:
            cause = _last([known, encounter.entered(calls.zone, ready)])[1]
        data = {"side": encounter.side, "stay": encounter.stay, "number": number}
        record = emit(world, "call", control, flight, cause, [control], data=data)
        encounter.calls.append(record)
        if number in encounter.awaited:
            ring(encounter.inbox.news)
        cause = record.id
        due = world.now + drawn_steps(world, calls.interval_s, encounter.side, interval, number)


def measure(
    world: World, encounter: Encounter, force: Force, names: list[str], before: Known | None
) -> Process:
    """Take the first named measure while its conditions hold, and start the next one after the first time.

    1. Wait until all conditions hold.  2. Take the delay.  3. Act if they still hold; else the attempt has lapsed.
    4. Begin again after the interval.
    """
    name, side, chance = names[0], encounter.side, f"{encounter.flight} {encounter.stay}"
    rule = encounter.ladder.measures[name]
    begun, last = before is None, before or UNKNOWN
    earliest = 0
    if before is not None and rule.spacing_s is not None:
        earliest = before[0] + drawn_steps(world, rule.spacing_s, side, f"{name}-spacing {chance}", 1)
    followed = False
    for attempt in range(1, rule.most + 1):
        ready = yield from _ready(world, encounter, force, rule, earliest)
        if ready is None:
            return
        at = world.now
        delay = drawn_steps(world, rule.delay_s, side, f"{name}-delay {chance}", attempt)
        yield from sleep(world, world.now + delay, SETTLED)  # a pair may join in that step
        earlier = [] if begun and attempt == 1 else [last]
        cause = _last([ready, encounter.entered(rule.zone, at), *earlier])
        data: dict[str, Any] = {"side": side, "stay": encounter.stay, "number": attempt}
        pair = _beside(force, encounter.flight, world.now)
        if pair is None or not _in(world, encounter.flight, rule.zone) or encounter.over(world):
            data = {"measure": name, **data}
            record = emit(world, "lapsed", force.name, encounter.flight, cause[1], data=data)
        else:
            data["type"] = pair.spec.type
            data |= _particulars(world, rule, side, name, chance, attempt)
            record = emit(world, name, pair.name, encounter.flight, cause[1], force.posts, data=data)
            if not followed and len(names) > 1:
                followed = True
                start(world, measure(world, encounter, force, names[1:], (record.step, record.id)))
        last = (record.step, record.id)
        if rule.interval_s is not None:
            earliest = world.now + drawn_steps(
                world, rule.interval_s, side, f"{name}-interval {chance}", attempt
            )


def _ready(world: World, encounter: Encounter, force: Force, rule: Measure, earliest: int) -> Waiting:
    """Wait until a measure's conditions hold; return what came last of them, or None when the stay is over.

    The entry into the zone is left out: its record may not have been entered yet in this step.
    """
    inbox, flight, zone = encounter.inbox, encounter.flight, rule.zone
    authority, after_calls = rule.authority, rule.after_calls
    while world.now < (over := encounter.ends(world)):
        now, track = world.now, world.tracks[flight]
        ahead, holds = earliest, []
        if authority != "standing":
            holds.append(inbox.arrivals.get(authority, UNKNOWN))
        if after_calls > 0:
            holds.append(encounter.called(after_calls, now))
        for since, _ in holds:
            ahead = max(ahead, since)
        if not track.is_inside(zone, now):
            ahead = max(ahead, track.next_change(zone, now))
        if ahead <= now and (pair := _beside(force, flight, now)) is not None:
            return _last([*holds, (pair.joined, pair.cause or 0)])
        # Without a pair it is the news of one that wakes, and so it is with an authority or a call that is missing.
        yield from wait(world, min(over, ahead) if ahead > now else over, inbox.news)
    return None


def _particulars(
    world: World, rule: Measure, side: str, name: str, chance: str, attempt: int
) -> dict[str, Any]:
    """Return what one act consists of: flares, rounds and distance, as far as the measure has them."""
    found: dict[str, Any] = {}
    if rule.flares is not None:
        found["flares"] = int(
            drawn(world, rule.flares, side, f"{name}-flares {chance}", attempt, resolution=1)
        )
    if rule.burst_s is not None and rule.rounds_per_minute is not None:
        burst_s = drawn(world, rule.burst_s, side, f"{name}-burst {chance}", attempt, resolution=BURST_S)
        found["burst_s"] = round(burst_s, 2)
        found["rounds"] = round(burst_s * rule.rounds_per_minute / 60)
    if rule.distance_km is not None:
        km = drawn(
            world, rule.distance_km, side, f"{name}-distance {chance}", attempt, resolution=DISTANCE_KM
        )
        found["distance_km"] = round(km, 2)
    return found


def _latest(inbox: Inbox, signals: Iterable[str]) -> Known:
    return _last([inbox.arrivals.get(signal, UNKNOWN) for signal in signals])


def _last(known: list[Known]) -> Known:
    """Return what came last; of equals the first named, not the one that was entered later."""
    return max(known, key=_step)


def _in(world: World, flight: str, zone: str) -> bool:
    return world.tracks[flight].is_inside(zone, world.now)


def _beside(force: Force, flight: str, step: int) -> Pair | None:
    """Return the pair that has been beside a flight for longest, if there is one."""
    beside = force.beside(flight, step)
    return min(beside, key=_joined) if beside else None


class Warden:
    """What a side's control post sees of every stay, and the calls and measures that come of it."""

    def __init__(
        self, world: World, exchange: Exchange, side: str, control: str, ladder: Ladder, force: Force | None
    ) -> None:
        self.world, self.side, self.control, self.ladder, self.force = world, side, control, ladder, force
        self.encounters: dict[tuple[str, int], Encounter] = {}
        self.entries: dict[tuple[str, str], list[Known]] = {}
        self.awaited = frozenset(rule.after_calls for rule in ladder.measures.values())
        signals = {f"enters:{ladder.per}", "joined"}
        if ladder.calls is not None:
            signals |= {*ladder.calls.after, f"enters:{ladder.calls.zone}"}
        signals |= {rule.authority for rule in ladder.measures.values() if rule.authority != "standing"}
        Desk(world, exchange, control, sorted(signals), ladder.per, self.open)
        on(world, "enters", self._entered)
        on(world, "joined", self._joined)
        on(world, "answers", self._answered)

    def open(self, flight: str, stay: int, inbox: Inbox) -> None:
        """Begin to deal with one stay of one flight."""
        encounter = Encounter(self.side, flight, stay, self.ladder, inbox, self.entries, self.awaited)
        self.encounters[flight, stay] = encounter
        if self.ladder.calls is not None:
            start(self.world, call(self.world, encounter, self.control, self.ladder.calls))
        if self.force is not None and self.ladder.measures:
            start(self.world, measure(self.world, encounter, self.force, list(self.ladder.measures), None))

    def _entered(self, record: Record) -> None:
        self.entries.setdefault((record.who, record.data["zone"]), []).append((record.step, record.id))

    def _joined(self, record: Record) -> None:
        if record.data["side"] == self.side:
            self._tell(record.about)

    def _answered(self, record: Record) -> None:
        encounter = self.encounters.get((record.who, record.data["stay"]))
        if encounter is not None and record.data["side"] == self.side:
            encounter.answered = min(encounter.answered, record.step)

    def _tell(self, flight: str) -> None:
        for (about, _), encounter in self.encounters.items():
            if about == flight:
                ring(encounter.inbox.news)


def set_up(
    world: World,
    exchange: Exchange,
    ladders: Mapping[str, Ladder],
    sides: Mapping[str, Side],
    forces: Mapping[str, Force],
) -> None:
    """Post a warden for each side that has a ladder."""
    for side, ladder in ladders.items():
        control = sides[side].control
        assert control is not None  # a cross-check of the scenario
        Warden(world, exchange, side, control, ladder, forces.get(side))
