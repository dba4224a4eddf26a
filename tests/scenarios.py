"""Scenarios for tests: the known answers of `tests/known`, and random ones as plain dicts."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from math import ceil, cos, radians
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from sim.geo import Sphere
from sim.log import Record
from sim.run import Replication
from sim.scenario import Scenario, problems, read
from sim.units import KT_TO_KM_PER_S

KNOWN = Path(__file__).parent / "known"
START = datetime(2020, 1, 1, 6, tzinfo=UTC)
SIDES = ("north", "south", "east")
KINDS = ("identification", "airspace", "trigger")

Data = dict[str, Any]


def known(name: str, *overrides: str) -> Scenario:
    """Read a scenario of `tests/known`; under overrides without its computed answers, which hold for the file alone."""
    return read(KNOWN / f"{name}.toml", [*overrides, "facts={}"] if overrides else ())[0]


def scenario_of(data: Data) -> Scenario:
    """Return the scenario of a plain dict. Raises ValueError if it breaks a rule between sections."""
    scenario = Scenario.model_validate(data)
    wrong = [f"{'.'.join(map(str, path))}: {message}" for path, message in problems(scenario)]
    if wrong:
        raise ValueError("\n".join(wrong))
    return scenario


def told(replication: Replication, *left_out: str) -> list[tuple[int, str, str, str]]:
    """Return the log as (second, kind, who, about), without the kinds that are left out."""
    step_s = replication.prepared.clock.step_s
    return [(r.step * step_s, r.kind, r.who, r.about) for r in replication.log if r.kind not in left_out]


def only(replication: Replication, kind: str, who: str | None = None) -> Record:
    """Return the one record of a kind. Raises ValueError if there is none or more."""
    (record,) = (r for r in replication.log if r.kind == kind and who in (None, r.who))
    return record


def at(second: int) -> time:
    """Return the clock time so many seconds after the start of a random scenario."""
    return (START + timedelta(seconds=second)).time()


numbers = st.integers(0, 240)
shares = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.integers(1, 99).map(lambda number: number / 100))


@st.composite
def laws(draw: st.DrawFn, most: int = 240) -> Any:
    """Make a law of an amount, in one of the spellings of a scenario file; often a plain number, often 0."""
    kind = draw(
        st.sampled_from(
            ["number", "zero", "uniform", "triangular", "pert", "exponential", "lognormal", "empirical"]
        )
    )
    low, mode, high = sorted(draw(st.tuples(*[st.integers(0, most)] * 3)))
    if kind == "number":
        return high
    if kind == "zero":
        return 0
    if kind == "uniform":
        return {"dist": kind, "low": low, "high": high}
    if kind in ("triangular", "pert"):
        return {"dist": kind, "low": low, "mode": mode, "high": high}
    if kind == "exponential":
        return {"dist": kind, "mean": mode + 1}
    if kind == "lognormal":
        return {"dist": kind, "median": mode + 1, "p95": high + 1}
    return {"dist": kind, "values": [low, mode, high], "weights": [1, 0, 2]}


class Map:
    """Places around a centre by miles north and east of it."""

    def __init__(self, lat_deg: float, lon_deg: float) -> None:
        self.lat_deg, self.lon_deg = lat_deg, lon_deg

    def place(self, north_nmi: float, east_nmi: float) -> tuple[float, float]:
        """Return latitude and longitude, with the longitude kept within half a turn."""
        lon_deg = self.lon_deg + east_nmi / (60 * cos(radians(self.lat_deg)))
        return round(self.lat_deg + north_nmi / 60, 4), round((lon_deg + 180) % 360 - 180, 4)

    def table(self, north_nmi: float, east_nmi: float) -> Data:
        """Return the place as the keys of a table."""
        lat_deg, lon_deg = self.place(north_nmi, east_nmi)
        return {"lat_deg": lat_deg, "lon_deg": lon_deg}


offsets = st.integers(-120, 120)
places = st.tuples(offsets, offsets)
near_places = st.tuples(st.integers(-60, 60), st.integers(-60, 60))


@st.composite
def zones(draw: st.DrawFn, chart: Map) -> Data:
    """Make one to four zones: circles, rectangles, and what is grown from those before."""
    found: Data = {}
    for number in range(draw(st.sampled_from([1, 2, 3, 4]))):
        zone: Data = {"label": f"Zone {number}", "kind": draw(st.sampled_from(KINDS))}
        shape = draw(st.sampled_from(["circle", "polygon", "grown"] if found else ["circle", "polygon"]))
        north, east = draw(places)
        if shape == "circle":
            zone |= chart.table(north, east) | {"radius_nmi": draw(st.integers(10, 120))}
        elif shape == "polygon":
            high, wide = draw(st.integers(10, 160)), draw(st.integers(10, 160))
            corners = [(north, east), (north, east + wide), (north + high, east + wide), (north + high, east)]
            zone["vertices_deg"] = [list(chart.place(*corner)) for corner in corners]
        else:
            zone |= {"around": draw(st.sampled_from(sorted(found))), "margin_nmi": draw(st.integers(1, 40))}
        found[f"zone-{number}"] = zone
    return found


@st.composite
def flights(draw: st.DrawFn, chart: Map, window_s: int, sides: list[str]) -> Data:
    """Make up to three flights; each appears in the first quarter of the window and flies up to five legs."""
    found: Data = {}
    for number in range(draw(st.sampled_from([2, 1, 3, 2, 0]))):
        route = [chart.table(*draw(places)) | {"at": at(draw(st.integers(0, window_s // 4)))}]
        for _ in range(draw(st.sampled_from([5, 4, 3, 2, 1]))):
            route.append(chart.table(*draw(places)) | {"ground_speed_kt": draw(st.integers(150, 600))})
        flight: Data = {
            "label": f"Flight {number}",
            "side": draw(st.sampled_from([sides[-1], sides[-1], sides[0]])),
            "type": "bomber",
            "altitude_ft": draw(st.integers(500, 40_000)),
            "route": route,
        }
        forms = draw(st.booleans())
        if found and forms:
            flight |= {"forms_with": "flight-0", "forms_within_km": draw(st.integers(1, 100))}
        found[f"flight-{number}"] = flight
    return found


@st.composite
def sensing(draw: st.DrawFn, chart: Map, posts: list[str]) -> Data:
    """Make up to two radars, some of them short-sighted."""
    radars: Data = {}
    for number in range(draw(st.sampled_from([1, 2, 1, 2, 0]))):
        scans = draw(st.integers(1, 5))
        post = posts[0] if number == 0 else draw(st.sampled_from(posts))
        radars[f"radar-{number}"] = chart.table(*draw(near_places)) | {
            "label": f"Radar {number}",
            "post": post,
            "height_m": draw(st.sampled_from([0, 100, 1000])),
            "range_km": draw(st.sampled_from([600, 300, 100])),
            "scan_period_s": draw(st.integers(1, 30)),
            "hit_share": draw(st.sampled_from([0.3, 0.9, 1.0])),
            "confirm_hits": draw(st.integers(1, scans)),
            "confirm_scans": scans,
        }
    return {"radars": radars}


@st.composite
def fighters(draw: st.DrawFn, chart: Map, window_s: int, sides: list[str], zones: Data) -> Data:
    """Make up to four pairs of one or two types; some hold at a station."""
    stations = [name for name, zone in zones.items() if "lat_deg" in zone]
    pairs: Data = {}
    for number in range(draw(st.sampled_from([2, 3, 4, 1, 0]))):
        pair: Data = {
            "side": draw(st.sampled_from([sides[0], sides[0], sides[-1]])),
            "type": draw(st.sampled_from(["fast", "slow"])),
            "base": draw(st.sampled_from(["near", "far"])),
            "alert": "alert",
        }
        holds = draw(st.booleans())
        if stations and holds:
            pair |= {
                "station": draw(st.sampled_from(stations)),
                "on_station_at": at(draw(st.integers(0, window_s - 10))),  # a step is 10 s at most
            }
        pairs[f"pair-{number}"] = pair
    if not pairs:
        return {}
    made: Data = {
        "types": {
            name: {
                "label": name,
                "ground_speed_kt": draw(st.integers(400, 1200)),
                "climb_s": draw(laws(120)),
                "endurance_s": draw(st.sampled_from([6000, 3600, 2400, 1200])),
                "join_s": draw(laws(120)),
                "identify_s": draw(laws(120)),
            }
            for name in ("fast", "slow")
        },
        "bases": {name: chart.table(*draw(near_places)) | {"label": name} for name in ("near", "far")},
        "alerts": {
            "alert": {
                "label": "alert",
                "airborne_s": draw(laws(180)),
                "seat_s": draw(laws(120)),
                "airborne_from_cockpit_s": draw(laws(120)),
            }
        },
        "pairs": pairs,
        "policies": {
            side: {"relief_lead_s": draw(st.integers(0, 1200)), "spare_s": draw(st.integers(0, 300))}
            for side in sorted({pair["side"] for pair in pairs.values()})
        },
    }
    for pair in pairs.values():
        if "station" in pair:  # fuel for the way there and back, and a little more
            kind, base = made["types"][pair["type"]], made["bases"][pair["base"]]
            kind["endurance_s"] = max(
                kind["endurance_s"], _there_and_back_s(kind, base, zones[pair["station"]]) + 60
            )
    return made


def _there_and_back_s(kind: Data, base: Data, station: Data) -> int:
    """Return the seconds of a flight from a base to a station and back, rounded up."""
    sphere = Sphere.at(base["lat_deg"], base["lon_deg"])
    places = [sphere.unit(each["lat_deg"], each["lon_deg"]) for each in (base, station)]
    return ceil(2 * float(sphere.distance_km(*places)) / (kind["ground_speed_kt"] * KT_TO_KM_PER_S))


@st.composite
def commands(
    draw: st.DrawFn, posts: Data, heard: dict[str, list[str]], zones: list[str], ordering: list[str]
) -> Data:
    """Make a chain of up to six stages, each after events that are already `heard` somewhere.

    Every two posts are linked. `heard` grows by the stages' events.
    """
    names = sorted(posts)
    links = {
        f"{one}-{other}": {"posts": [one, other], "delay_s": draw(laws(60))}
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    }
    stages: Data = {}
    lasting = {"track", "joined", "identified"}
    for number in range(draw(st.sampled_from([4, 5, 6, 3, 2, 1, 0]))):
        known = sorted(signal for signal, at_posts in heard.items() if at_posts)
        signals = st.lists(st.sampled_from(known), max_size=2, unique=True)
        # Most chains begin with a scramble after the track, so that there is something to go on from.
        begins = number == 0 and ordering and "track" in known and draw(st.sampled_from([True, True, False]))
        side = draw(st.sampled_from(ordering)) if begins else None
        post = f"{side}-control" if begins else draw(st.sampled_from(names))
        stage: Data = {"post": post, "delay_s": draw(laws(60))}
        if begins:
            stage["after_all"] = ["track"]
        else:
            stage |= {key: draw(signals) for key in ("after_all", "after_any")}
            if draw(st.booleans()):
                stage["unless"] = draw(signals)
            if not stage["after_all"] and not stage["after_any"]:
                stage["after_all"] = [draw(st.sampled_from(known))]
        per = draw(st.none() | st.sampled_from(zones))
        if per is not None and not {*stage["after_all"], *stage.get("after_any", [])} <= lasting:
            stage["per"] = per
        else:
            lasting.add(f"stage-{number}")
        if begins or (posts[post]["side"] in ordering and draw(st.booleans())):
            task = "scramble" if begins else draw(st.sampled_from(["scramble", "ready"]))
            stage |= {"orders": task, "pairs": draw(st.sampled_from([2, 1, 3]))}
        stages[f"stage-{number}"] = stage
        heard[f"stage-{number}"] = [post]
    return {"posts": posts, "links": links, "stages": stages}


@st.composite
def ladders(draw: st.DrawFn, heard: dict[str, list[str]], zones: list[str], measuring: bool) -> Data:
    """Make one side's calls and up to two measures."""
    known = sorted(signal for signal, at_posts in heard.items() if at_posts and signal != "call")
    ladder: Data = {"per": draw(st.sampled_from(zones))}
    if known and draw(st.sampled_from([True, True, True, False])):
        after = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
        if "track" in known and draw(st.booleans()):
            after = ["track"]
        ladder["calls"] = {
            "after": after,
            "zone": draw(st.sampled_from([ladder["per"], *zones])),
            "first_s": draw(laws(60)),
            "interval_s": draw(laws(120)),
            "most": draw(st.integers(1, 5)),
        }
    measures: Data = {}
    for name in ("block", "shots")[: draw(st.sampled_from([2, 1, 0])) if measuring else 0]:
        measures[name] = {
            "zone": draw(st.sampled_from([ladder["per"], *zones])),
            "authority": draw(st.just("standing") | st.sampled_from(known)),
            "after_calls": draw(st.integers(0, 2)) if "calls" in ladder else 0,
            "delay_s": draw(laws(60)),
            "most": draw(st.integers(1, 3)),
        }
        if measures[name]["most"] > 1:
            measures[name]["interval_s"] = draw(laws(120))
        if name == "shots":
            measures[name] |= {
                "spacing_s": draw(laws(60)),
                "burst_s": {"dist": "uniform", "low": 0.2, "high": 0.6},
                "rounds_per_minute": 6000.0,
            }
        else:
            measures[name] |= {"distance_km": draw(laws(2))}
    return ladder | {"measures": measures}


@st.composite
def crews(draw: st.DrawFn, kinds: list[str], post: str) -> Data:
    """Make a crew whose shares are often 0 or 1."""

    def table() -> Data:
        return {kind: draw(shares) for kind in kinds if draw(st.booleans())}

    return {
        "post": post,
        "notices_share": {kind: draw(shares) for kind in kinds},
        "notice_s": draw(laws(30)),
        "answers_share": draw(shares),
        "answer_s": draw(laws(30)),
        "reports_share": table(),
        "report_s": draw(laws(60)),
        "turns_share": table(),
        "reaction_s": draw(laws(120)),
    }


@st.composite
def hazards(draw: st.DrawFn, kinds: list[str], zones: list[str]) -> Data:
    """Make up to two hazards, on an event or by the minute."""
    found: Data = {}
    for number in range(draw(st.integers(0, 2))):
        hazard: Data = {
            "label": "hazard",
            "leads_to": "incident",
            "share": draw(shares),
            "low_share": 0.0,
            "high_share": 1.0,
        }
        events = [*kinds, "joined", "notices", *(f"enters:{zone}" for zone in zones)]
        if draw(st.booleans()):
            hazard |= {"on": draw(st.sampled_from(events)), "from_occurrence": draw(st.integers(1, 2))}
            hazard["delay_s"] = draw(laws(60))
        else:
            hazard["during"] = draw(st.sampled_from(["beside", "face-off"]))
        found[f"hazard-{number}"] = hazard
    return found


@st.composite
def scenario_data(draw: st.DrawFn) -> Data:
    """Make a random scenario of 20 to 40 minutes with up to three sides, flights, and four pairs."""
    chart = Map(draw(st.integers(-60, 60)), draw(st.integers(-179, 179)))
    window_s = 60 * draw(st.integers(20, 40))
    sides = list(SIDES[: draw(st.sampled_from([2, 2, 3, 1]))])
    areas = draw(zones(chart))
    names = sorted(areas)
    aircraft = draw(flights(chart, window_s, sides))
    force = draw(fighters(chart, window_s, sides, areas))
    armed = sorted(force.get("policies", {}))
    posts = {
        f"{side}-{desk}": {"label": desk, "side": side} for side in sides for desk in ("control", "staff")
    }
    radars = draw(sensing(chart, sorted(posts)))
    pictures = sorted({radar["post"] for radar in radars["radars"].values()})
    controls = [f"{side}-control" for side in sides]
    crewed = [name for name in aircraft if draw(st.sampled_from([True, True, False]))]
    heard: dict[str, list[str]] = dict.fromkeys(("track", "track-lost"), pictures)
    heard |= {f"{way}:{zone}": pictures for way in ("enters", "leaves") for zone in names}
    heard |= dict.fromkeys(("airborne", "joined", "identified", "answers", "call"), controls)
    heard |= {kind: [f"{sides[-1]}-staff"] if crewed else [] for kind in ("notices", "reports")}
    command = draw(commands(posts, heard, names, armed))
    warning = {
        side: draw(ladders(heard, names, side in armed))
        for side in sides
        if draw(st.sampled_from([True, True, False]))
    }
    kinds = ["call", *sorted({name for ladder in warning.values() for name in ladder["measures"]})]
    optional_zone = st.none() | st.sampled_from(names)
    table: Data = {
        "scenario": {"title": "random"},
        "clock": {"start": START, "end": at(window_s), "step_s": draw(st.integers(1, 10))},
        "centre": {"lat_deg": chart.lat_deg, "lon_deg": chart.lon_deg},
        "sides": {},
        "zones": areas,
        "intruders": aircraft,
        "sensing": radars,
        "command": command,
        "fighters": force,
        "warning": warning,
        "crew": {name: draw(crews(kinds, f"{sides[-1]}-staff")) for name in crewed},
        "escalation": {"hazards": draw(hazards(kinds, names))},
    }
    for side in sides:
        chosen = {key: draw(optional_zone) for key in ("identification_zone", "airspace", "shadow_zone")}
        table["sides"][side] = {"label": side, "control": f"{side}-control"}
        table["sides"][side] |= {key: zone for key, zone in chosen.items() if zone is not None}
        if draw(st.sampled_from([True, True, False])):
            table["sides"][side]["watches"] = list(aircraft)
    return table
