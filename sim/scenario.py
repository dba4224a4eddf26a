"""A scenario file as a whole: its table of contents, and the checks that need more than one section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import time
from pathlib import Path

from pydantic import Field

from sim.clock import Clock, ClockSection
from sim.command import Command, Stage, circles, event_of, lasting_events, links_by_ends
from sim.crew import Crew
from sim.document import OVERRIDES, Document, load, placed, raise_all, validate
from sim.errors import InputError, Problem, nearest
from sim.escalation import Escalation
from sim.facts import Fact, Source
from sim.fighters import Fighters, PairSection
from sim.findings import Finding, unshowable
from sim.geo import Sphere
from sim.intruders import Flight, route_problems
from sim.provenance import number_of
from sim.sensing import Sensing
from sim.sides import Side
from sim.spec import Label, Name, Section, quantity
from sim.toml_lines import KeyPath
from sim.units import KT_TO_KM_PER_S
from sim.warning import Ladder
from sim.zones import Zone, zone_problems

RECORDED = frozenset(
    [
        *["appears", "ends", "enters", "leaves", "formed", "turns", "track", "track-lost"],
        *["stage-started", "stage-dropped", "stage-refused", "stage-unmet"],
        *["readied", "assigned", "unfilled", "seated", "stands-down", "airborne", "on-station"],
        *["joined", "identified", "asks-relief", "parts", "called-off", "returns", "lands"],
        *["call", "lapsed", "notices", "answers", "reports", "face-off", "face-off-ends"],
    ]
)
"""The kinds of event that the model itself records; stages, measures and hazards add theirs."""

OF_A_SIDE = frozenset(
    ["appears", "airborne", "on-station", "joined", "identified", "call", "lapsed", "notices", "answers"]
)
"""The recorded kinds that say of which side they are, as measures do; who hears or sees it has a side too."""

SUMMED = ("aircraft", "burst_s", "delay_s", "distance_km", "flares", "number", "rounds")
"""The numbers that an event may carry in its data, for `sum:<data>` and `min:<data>`."""


class Example(Section):
    """`[scenario.example]`: the replication that is shown when none is asked for; it changes no result."""

    seed: int = quantity("seed of the random numbers", ge=0, le=2**63 - 1, default=1)
    replication: int = quantity("number of the replication under the seed", ge=0, le=2**40)


class Title(Section):
    """`[scenario]`: what the file is about."""

    title: str = Field(description="one line that says what is replayed")
    summary: str = Field(default="", description="a few sentences on it")
    example: Example | None = Field(
        default=None, description="replication that is shown when none is asked for; 0 of seed 1 unless said"
    )


class Centre(Section):
    """`[centre]`: where the map touches the earth, and from where distances are told."""

    label: Label = "centre"
    lat_deg: float = quantity("latitude of the centre", ge=-80, le=80)
    lon_deg: float = quantity("longitude of the centre", ge=-180, le=180)


class Scenario(Section):
    """A scenario file: every quantity of a run, with its source."""

    scenario: Title = Field(description="what the file is about")
    clock: ClockSection = Field(description="the window that is simulated")
    centre: Centre = Field(description="where the map touches the earth, and from where distances are told")
    sides: Mapping[Name, Side] = Field(description="whose airspace it is and who comes, by name")
    zones: Mapping[Name, Zone] = Field(default_factory=dict, description="areas with a kind, by name")
    intruders: Mapping[Name, Flight] = Field(description="flights that follow a route, by name")
    sensing: Sensing = Field(default_factory=Sensing, description="what is seen")
    command: Command = Field(default_factory=Command, description="who decides what, and how long it takes")
    fighters: Fighters = Field(default_factory=Fighters, description="pairs that can be sent")
    warning: Mapping[Name, Ladder] = Field(default_factory=dict, description="calls and measures, by side")
    crew: Mapping[Name, Crew] = Field(
        default_factory=dict, description="how crews perceive and react, by flight"
    )
    escalation: Escalation = Field(
        default_factory=Escalation, description="how far it climbs, and what may go wrong"
    )
    sources: Mapping[Name, Source] = Field(default_factory=dict, description="documents, by name")
    facts: Mapping[Name, Fact] = Field(default_factory=dict, description="what was reported, by name")


def read(path_or_name: str | Path, overrides: Sequence[str] = ()) -> tuple[Scenario, Document]:
    """Read a scenario file, or a bundled scenario by name, with `path=value` overrides.

    Raises InputError with every problem of the file, each with its file, line and key; and where lines of a file are
    wrong only with the overrides, with those.
    """
    document = load(path_or_name, overrides)
    try:
        return parse(document), document
    except InputError as error:
        raise InputError([*_brought(path_or_name, overrides, error), *error.problems]) from None


def parse(document: Document) -> Scenario:
    """Check a document against the model and across its sections. Raises InputError with every problem."""
    try:
        scenario = validate(document, Scenario)
    except InputError as error:
        raise InputError([*error.problems, *placed(document, _findings_beside(document))]) from None
    raise_all(document, _findings(scenario, document.data))
    return scenario


def _brought(path_or_name: str | Path, overrides: Sequence[str], error: InputError) -> Iterator[Problem]:
    """Yield a line that names the overrides, if they make lines of a file wrong that are right without them."""
    blamed = [problem for problem in error.problems if problem.file != OVERRIDES]
    if not overrides or not blamed:
        return
    try:
        parse(load(path_or_name))
    except InputError as alone:
        blamed = [problem for problem in blamed if problem not in alone.problems]
    if blamed:
        lines = number_of(len(blamed), "error")
        yield Problem(
            OVERRIDES, None, ", ".join(overrides), f"without this the file would have {lines} fewer"
        )


def _findings_beside(document: Document) -> list[Finding]:
    """Return what is wrong between the sections of a document in which single values are wrong, too."""
    from sim.mending import mend

    mended = mend(document.data, Scenario)
    if mended is None:
        return []
    return list(mended.sure(_findings(Scenario.model_validate(mended.data), mended.data)))


def _findings(scenario: Scenario, data: Mapping[str, object]) -> Iterator[Finding]:
    yield from problems(scenario)
    yield from _source_problems(data, scenario)
    yield from unshowable(data)


def problems(scenario: Scenario) -> Iterator[Finding]:
    """Yield what is wrong between the sections of a scenario, as (path, message)."""
    yield from _side_problems(scenario)
    yield from zone_problems(scenario.zones)
    for name, zone in scenario.zones.items():
        yield from _known(("zones", name, "owner"), zone.owner, scenario.sides, "side")
    clock = Clock.of(scenario.clock)
    sphere = Sphere.at(scenario.centre.lat_deg, scenario.centre.lon_deg)
    for name, flight in scenario.intruders.items():
        yield from _known(("intruders", name, "side"), flight.side, scenario.sides, "side")
        yield from _known(("intruders", name, "forms_with"), flight.forms_with, scenario.intruders, "flight")
        for path, message in route_problems(flight, clock, sphere):
            yield ("intruders", name, *path), message
    for name, radar in scenario.sensing.radars.items():
        yield from _known(("sensing", "radars", name, "post"), radar.post, scenario.command.posts, "post")
    yield from _command_problems(scenario)
    yield from _fighter_problems(scenario, clock, sphere)
    yield from _warning_problems(scenario)
    yield from _crew_problems(scenario)
    yield from _event_problems(scenario)
    yield from _fact_problems(scenario, clock)


def shown(scenario: Scenario, seed: int | None, number: int | None) -> tuple[int, int]:
    """Return seed and number of the replication that is shown.

    What is not asked for is seed 1 and replication 0, or, where neither is, what the scenario names as its example.
    """
    example = scenario.scenario.example
    if seed is None and number is None and example is not None:
        return example.seed, example.replication
    return 1 if seed is None else seed, number or 0


def flight_sides(scenario: Scenario) -> dict[str, str]:
    """Return the side of each flight."""
    return {name: flight.side for name, flight in scenario.intruders.items()}


def act_kinds(scenario: Scenario) -> list[str]:
    """Return the kinds of event that a crew may notice: calls and every measure of every ladder."""
    kinds = ["call", *(name for ladder in scenario.warning.values() for name in ladder.measures)]
    return list(dict.fromkeys(kinds))


def stage_events(scenario: Scenario) -> dict[str, list[str]]:
    """Return the events in which stages end, each with the posts at which it becomes known."""
    events: dict[str, list[str]] = {}
    for name, stage in scenario.command.stages.items():
        events.setdefault(event_of(name, stage), []).append(stage.post)
    return events


def signals(scenario: Scenario) -> dict[str, list[str]]:
    """Return every signal that a stage or a ladder may wait for, with the posts at which it is first known."""
    pictures = list(dict.fromkeys(radar.post for radar in scenario.sensing.radars.values()))
    controls = [s.control for s in scenario.sides.values() if s.control is not None]
    crews = list(dict.fromkeys(crew.post for crew in scenario.crew.values()))
    found = dict.fromkeys(("track", "track-lost"), pictures)
    found |= {f"{way}:{zone}": pictures for way in ("enters", "leaves") for zone in scenario.zones}
    found |= dict.fromkeys(("airborne", "joined", "identified", "answers", *act_kinds(scenario)), controls)
    found |= dict.fromkeys(("notices", "reports"), crews)
    for event, posts in stage_events(scenario).items():
        found[event] = [*found.get(event, []), *posts]
    return found


def kinds(scenario: Scenario) -> set[str]:
    """Return every kind of event that a run of the scenario can record."""
    hazards = {hazard.leads_to for hazard in scenario.escalation.hazards.values()}
    return {*RECORDED, *act_kinds(scenario), *stage_events(scenario), *hazards}


def _known(path: KeyPath, name: str | None, known: Iterable[str], what: str) -> Iterator[Finding]:
    known = list(known)
    if name is not None and name not in known:
        listed = f"; known: {', '.join(known)}" if 0 < len(known) <= 8 else ""
        yield path, f'is "{name}", which is no {what}{nearest(name, known) or listed}'


def _side_problems(scenario: Scenario) -> Iterator[Finding]:
    for name, side in scenario.sides.items():
        path = ("sides", name)
        for key in ("identification_zone", "airspace", "shadow_zone"):
            yield from _known((*path, key), getattr(side, key), scenario.zones, "zone")
        yield from _known((*path, "control"), side.control, scenario.command.posts, "post")
        for number, flight in enumerate(side.watches or ()):
            yield from _known((*path, "watches", number), flight, scenario.intruders, "flight")


def _command_problems(scenario: Scenario) -> Iterator[Finding]:
    command = scenario.command
    for name, post in command.posts.items():
        yield from _known(("command", "posts", name, "side"), post.side, scenario.sides, "side")
    for name, link in command.links.items():
        for number, end in enumerate(link.posts):
            yield from _known(("command", "links", name, "posts", number), end, command.posts, "post")
    known = signals(scenario)
    for name, stage in command.stages.items():
        yield from _stage_problems(scenario, known, name, stage)
    for circle in circles(command.stages):
        path = ("command", "stages", circle[0], "after_all")
        yield path, f"waits for itself: {' after '.join([*circle, circle[0]])}"


def _stage_problems(
    scenario: Scenario, known: Mapping[str, list[str]], name: str, stage: Stage
) -> Iterator[Finding]:
    path = ("command", "stages", name)
    yield from _known((*path, "post"), stage.post, scenario.command.posts, "post")
    yield from _known((*path, "per"), stage.per, scenario.zones, "zone")
    for number, flight in enumerate(stage.about or ()):
        yield from _known((*path, "about", number), flight, scenario.intruders, "flight")
    for number, kind in enumerate(stage.types or ()):
        yield from _known((*path, "types", number), kind, scenario.fighters.types, "type of fighter")
    for key in ("after_all", "after_any", "unless"):
        for number, signal in enumerate(getattr(stage, key)):
            yield from _heard(scenario, known, (*path, key, number), signal, stage.post)
    if event_of(name, stage) in RECORDED | set(act_kinds(scenario)):
        yield (
            (*path, "emits"),
            f'is "{event_of(name, stage)}", which the model records itself; choose another name',
        )
    awaited = {*stage.after_all, *stage.after_any}
    if stage.per is not None and awaited <= lasting_events(scenario.command.stages):
        passing = f'"enters:{stage.per}"'
        message = (
            f'happens anew per stay in "{stage.per}", so it must wait for something that does, as {passing}'
        )
        yield (*path, "per"), message
    if stage.orders is not None and stage.post in scenario.command.posts:
        side = scenario.command.posts[stage.post].side
        if all(pair.side != side for pair in scenario.fighters.pairs.values()):
            yield (*path, "orders"), f'side "{side}" has no pairs to order; add one in [fighters.pairs]'


def _heard(
    scenario: Scenario, known: Mapping[str, list[str]], path: KeyPath, signal: str, post: str
) -> Iterator[Finding]:
    """Yield a problem if a signal is none of those that are known, or cannot reach a post."""
    if signal not in known:
        yield path, f'is "{signal}", which nothing announces{nearest(signal, known)}'
        return
    if not known[signal]:
        way = signal.partition(":")[0]
        seen, heard = ("track", "track-lost", "enters", "leaves"), ("notices", "reports")
        source = "[sensing.radars]" if way in seen else "[crew]" if way in heard else "`control` of a side"
        yield path, f'is "{signal}", of which no post learns; add {source}'
        return
    linked = links_by_ends(scenario.command.links)
    if not any(origin == post or (origin, post) in linked for origin in known[signal]):
        origins = " or ".join(f'"{p}"' for p in known[signal])
        yield (
            path,
            f'is "{signal}", known at {origins}, from where no link leads to "{post}"; add a [command.links] table',
        )


def _fighter_problems(scenario: Scenario, clock: Clock, sphere: Sphere) -> Iterator[Finding]:
    fighters = scenario.fighters
    for name, pair in fighters.pairs.items():
        path = ("fighters", "pairs", name)
        yield from _known((*path, "side"), pair.side, scenario.sides, "side")
        yield from _known((*path, "type"), pair.type, fighters.types, "type of fighter")
        yield from _known((*path, "base"), pair.base, fighters.bases, "base")
        yield from _known((*path, "alert"), pair.alert, fighters.alerts, "alert state")
        yield from _known((*path, "station"), pair.station, scenario.zones, "zone")
        yield from _in_window((*path, "on_station_at"), pair.on_station_at, clock)
        yield from _station_problems(scenario, (*path, "station"), pair, sphere)
        if pair.side in scenario.sides and pair.side not in fighters.policies:
            yield (*path, "side"), f'side "{pair.side}" needs a table [fighters.policies.{pair.side}]'
        if name in scenario.intruders:
            yield path, f'"{name}" is also the name of a flight; choose another'
    for name in fighters.policies:
        yield from _known(("fighters", "policies", name), name, scenario.sides, "side")


def _station_problems(
    scenario: Scenario, path: KeyPath, pair: PairSection, sphere: Sphere
) -> Iterator[Finding]:
    """Yield a problem if a pair's station has no middle, or is farther than its fuel allows."""
    fighters, station = scenario.fighters, scenario.zones.get(pair.station or "")
    if station is None:
        return
    if station.lat_deg is None or station.lon_deg is None:
        yield path, f'"{pair.station}" has no middle; a station is a circle'
        return
    kind, base = fighters.types.get(pair.type), fighters.bases.get(pair.base)
    if kind is None or base is None:
        return
    place, home = sphere.unit(station.lat_deg, station.lon_deg), sphere.unit(base.lat_deg, base.lon_deg)
    far_km = float(sphere.distance_km(place, home))
    flight_s = 2 * far_km / (kind.ground_speed_kt * KT_TO_KM_PER_S)
    if flight_s > kind.endurance_s:
        way = f"{far_km:.0f} km from {pair.base}, {flight_s:.0f} s there and back"
        yield path, f'"{pair.station}" is {way}; the fuel of a {pair.type} is for {kind.endurance_s:.0f} s'


def _warning_problems(scenario: Scenario) -> Iterator[Finding]:
    known = signals(scenario)
    for name, ladder in scenario.warning.items():
        path = ("warning", name)
        yield from _known(path, name, scenario.sides, "side")
        side = scenario.sides.get(name)
        if side is None:
            continue
        if side.control is None:
            yield path, f'side "{name}" has no post to call from; set sides.{name}.control'
            continue
        yield from _known((*path, "per"), ladder.per, scenario.zones, "zone")
        if ladder.calls is not None:
            yield from _known((*path, "calls", "zone"), ladder.calls.zone, scenario.zones, "zone")
            for number, signal in enumerate(ladder.calls.after):
                yield from _heard(scenario, known, (*path, "calls", "after", number), signal, side.control)
        for number, (kind, rule) in enumerate(ladder.measures.items()):
            where = (*path, "measures", kind)
            if number == 0 and rule.spacing_s is not None:
                yield (
                    (*where, "spacing_s"),
                    "stands in the first measure, which follows no other; leave it out",
                )
            yield from _known((*where, "zone"), rule.zone, scenario.zones, "zone")
            if rule.authority != "standing":
                yield from _heard(scenario, known, (*where, "authority"), rule.authority, side.control)
            if rule.after_calls and ladder.calls is None:
                yield (*where, "after_calls"), "waits for calls, but the ladder has no `calls`"
            if kind in RECORDED:
                yield where, f'"{kind}" is an event that the model records itself; choose another name'
        if ladder.measures and all(pair.side != name for pair in scenario.fighters.pairs.values()):
            yield (*path, "measures"), f'side "{name}" has no pairs to take them; add one in [fighters.pairs]'


def _crew_problems(scenario: Scenario) -> Iterator[Finding]:
    acts = act_kinds(scenario)
    for name, crew in scenario.crew.items():
        path = ("crew", name)
        yield from _known(path, name, scenario.intruders, "flight")
        yield from _known((*path, "post"), crew.post, scenario.command.posts, "post")
        for key in ("notices_share", "reports_share", "turns_share"):
            for kind in getattr(crew, key):
                yield from _known((*path, key, kind), kind, acts, "call or measure")


def _event_problems(scenario: Scenario) -> Iterator[Finding]:
    known = kinds(scenario)
    crossings = {f"{way}:{zone}" for way in ("enters", "leaves") for zone in scenario.zones}
    for name, hazard in scenario.escalation.hazards.items():
        path = ("escalation", "hazards", name)
        yield from _known((*path, "on"), hazard.on, sorted(known - {"enters", "leaves"} | crossings), "event")
        if hazard.leads_to in RECORDED | set(act_kinds(scenario)) | set(stage_events(scenario)):
            yield (
                (*path, "leads_to"),
                f'is "{hazard.leads_to}", which comes about otherwise; choose another name',
            )
    names: list[str] = []
    for number, rung in enumerate(scenario.escalation.rungs):
        if rung.name in names:
            yield (
                ("escalation", "rungs", number, "name"),
                f'is "{rung.name}", as a rung below; give it another',
            )
        names.append(rung.name)
        sided = OF_A_SIDE | set(act_kinds(scenario))
        for place, event in enumerate(rung.reached_by):
            path_to = ("escalation", "rungs", number, "reached_by", place)
            yield from _known(path_to, event, sorted(known | crossings), "event")
            if rung.side is not None and event in (known | crossings) - sided:
                yield path_to, f'is "{event}", an event of no side; leave out `side`, or this event'
        yield from _known(("escalation", "rungs", number, "side"), rung.side, scenario.sides, "side")


def _fact_problems(scenario: Scenario, clock: Clock) -> Iterator[Finding]:
    known = kinds(scenario)
    doers = [*scenario.intruders, *scenario.fighters.pairs, *scenario.command.posts, *scenario.sides]
    for name, fact in scenario.facts.items():
        select, path = fact.select, ("facts", name, "select")
        yield from _known((*path, "kind"), select.kind, sorted(known), "event")
        yield from _known((*path, "zone"), select.zone, scenario.zones, "zone")
        yield from _known((*path, "by"), select.by, scenario.sides, "side")
        if select.by is not None and select.kind in known - OF_A_SIDE - set(act_kinds(scenario)):
            yield (*path, "by"), f'goes with an event of a side, and "{select.kind}" is none; leave it out'
        yield from _known((*path, "type"), select.type, scenario.fighters.types, "type of fighter")
        for place, who in enumerate(select.who or ()):
            yield from _known((*path, "who", place), who, doers, "flight, pair, post or side")
        for place, flight in enumerate(select.about or ()):
            yield from _known((*path, "about", place), flight, scenario.intruders, "flight")
        if select.during is not None:
            yield from _known((*path, "during", "zone"), select.during.zone, scenario.zones, "zone")
        if select.occurrence is not None and fact.take != "time":
            yield (*path, "occurrence"), f'goes with take = "time", not with "{fact.take}"'
        for key in ("at", "earliest", "latest"):
            yield from _in_window(("facts", name, key), getattr(fact, key), clock)
        yield from _take_problems(("facts", name, "take"), fact)


def _take_problems(path: KeyPath, fact: Fact) -> Iterator[Finding]:
    if fact.take in ("duration_s", "distance_km") and (
        fact.select.kind != "leaves" or fact.select.zone is None
    ):
        yield path, f'"{fact.take}" goes with select = {{ kind = "leaves", zone = ... }}'
    words = ("time", "count", "duration_s", "distance_km")
    way, _, data = fact.take.partition(":")
    if fact.take in words:
        return
    if way not in ("sum", "min") or not data:
        yield path, f'is "{fact.take}", wanted {", ".join(words)}, sum:<data> or min:<data>'
    else:
        yield from _known(path, data, SUMMED, "number that events carry")


def _in_window(path: KeyPath, at: time | None, clock: Clock) -> Iterator[Finding]:
    """Yield a problem if a clock time lies outside the window: it would be taken for one on the next day."""
    if at is not None and clock.seconds_at(at) > clock.last * clock.step_s:
        yield path, f"is {at}, outside the window {clock.short(0)} to {clock.short(clock.last)}"


def _source_problems(data: object, scenario: Scenario, path: KeyPath = ()) -> Iterator[Finding]:
    """Yield each `source` that is neither the id of a source nor an assumption or computation."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "source" and not isinstance(value, dict):  # a table may be named so
                for text in [value] if isinstance(value, str) else value:
                    if text not in scenario.sources and not text.startswith(("assumption", "computed")):
                        hint = nearest(text, scenario.sources)
                        wanted = "the id of a [sources] table, or `assumption: ...` or `computed: ...`"
                        yield (*path, key), f'is "{text}", wanted {wanted}{hint}'
            elif isinstance(value, dict | list):
                yield from _source_problems(value, scenario, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _source_problems(value, scenario, (*path, number))
