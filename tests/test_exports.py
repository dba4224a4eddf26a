"""What other tools read of a run is what the run holds."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fastkml
import numpy as np
import pandas
import pytest
import shapely
from geojson_pydantic import FeatureCollection
from lxml import etree
from typer.testing import CliRunner

from sim import cli, store
from sim.exports.acmi import acmi
from sim.exports.geojson import geojson
from sim.exports.kml import kml
from sim.exports.output import Table
from sim.exports.rings import cut_line, cut_ring, without_jogs
from sim.exports.scene import Scene, scene
from sim.exports.tables import COLUMNS, csv_bytes, parquet_bytes
from sim.scenario import read
from tests.one_pass import PASS, recorded_of

ODD = "A <b>&amp;</b> \"q\" 's', c|d \\ e\nf =1"
FLIGHT_M = 9144.0  # 30,000 ft of 0.3048 m


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> store.Recorded:
    """One pass, in which every name holds what some format treats as its own."""
    odd = json.dumps(ODD)
    text = PASS.replace('"G_1 $50$"', odd).replace('"Air <b>$x$</b>"', odd).replace('"one pass"', odd)
    text = text.replace('"Away"', odd).replace('name = "seen_1"', f"name = {odd}").replace('"F_9"', odd)
    return recorded_of(text, tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="module")
def shown(recorded: store.Recorded) -> Scene:
    """What is exported of it."""
    return scene(recorded)


def utc(recorded: store.Recorded, step: int) -> datetime:
    """Return the UTC time of a step, reckoned here: the window starts at 12:00 two hours east of UTC."""
    return datetime(2020, 5, 1, 10, 0, tzinfo=UTC) + timedelta(seconds=step)


# ---- KML


@pytest.fixture(scope="module")
def tree(shown: Scene) -> Any:
    """The KML as lxml reads it."""
    return etree.fromstring(kml(shown))


NAMES = {"k": "http://www.opengis.net/kml/2.2", "gx": "http://www.google.com/kml/ext/2.2"}


def test_kml_keeps_the_published_schemas(tree: Any) -> None:
    """The document is valid by OGC's schema of KML 2.2 and Google's of the extension, as fastkml ships them."""
    folder = Path(fastkml.__file__).parent / "schema"
    schema = etree.XMLSchema(etree.parse(str(folder / "kml22gx.xsd")))
    assert schema.validate(tree), schema.error_log


def test_kml_tracks_are_the_ways_of_the_run(tree: Any, recorded: store.Recorded) -> None:
    """Each track has a UTC time and a place, longitude first and metres last, for each recorded one."""
    tracks = tree.findall(".//gx:Track", NAMES)
    assert len(tracks) == len(recorded.ways) == 2
    for track, way in zip(tracks, recorded.ways.values(), strict=True):
        whens = [datetime.fromisoformat(when.text) for when in track.findall("k:when", NAMES)]
        assert whens == [utc(recorded, int(step)) for step in way.step]
        coords = np.array([[float(x) for x in c.text.split()] for c in track.findall("gx:coord", NAMES)])
        assert coords[:, 0] == pytest.approx(way.lon_deg, abs=6e-6)
        assert coords[:, 1] == pytest.approx(way.lat_deg, abs=6e-6)
        assert coords[:, 2] == pytest.approx(FLIGHT_M)
        assert track.find("k:altitudeMode", NAMES).text == "absolute"


def test_kml_shows_names_as_text(tree: Any) -> None:
    """A name is whole in <name>, and where HTML is read its markup is escaped."""
    names = [name.text for name in tree.iterfind(".//k:name", NAMES)]
    assert names.count(ODD) >= 4  # document, flight, zone and rung
    told = [text.text for text in tree.iterfind(".//k:description", NAMES) if text.text]
    assert any("A &lt;b&gt;&amp;amp;&lt;/b&gt;" in text for text in told)
    assert not any("<b>" in text for text in told)


def test_kml_says_where_an_altitude_is_assumed(tree: Any) -> None:
    """Only the track of the pair says that its altitude is an assumption."""
    marks = [
        mark for mark in tree.iterfind(".//k:Placemark", NAMES) if mark.find("gx:Track", NAMES) is not None
    ]
    assert ["assumption" in mark.find("k:description", NAMES).text for mark in marks] == [False, True]


def test_kml_fetches_nothing(shown: Scene) -> None:
    """Nothing in the document points to another file."""
    assert b"href" not in kml(shown)


def test_kml_rungs_stay_and_events_pass(tree: Any, recorded: store.Recorded) -> None:
    """A rung has a span from the moment at which it was reached, an event its moment."""
    spans = [datetime.fromisoformat(b.text) for b in tree.iterfind(".//k:TimeSpan/k:begin", NAMES)]
    assert spans == [utc(recorded, r["step"]) for r in recorded.rungs if r["step"] is not None]
    stamps = sorted(datetime.fromisoformat(w.text) for w in tree.iterfind(".//k:TimeStamp/k:when", NAMES))
    placed = [event for event in scene(recorded).events if event.place is not None]
    assert stamps == [utc(recorded, event.row["step"]) for event in placed]


# ---- GeoJSON


@pytest.fixture(scope="module")
def features(shown: Scene) -> dict[str, Any]:
    """The features by id, as they were read."""
    collection = json.loads(geojson(shown))
    return {feature["id"]: feature for feature in collection["features"]}


def test_geojson_is_geojson(shown: Scene) -> None:
    """The collection is one by geojson-pydantic."""
    collection = FeatureCollection(**json.loads(geojson(shown)))
    assert len(collection.features) == 3 + 2 + len(shown.events)


def test_geojson_zones_are_valid_and_anticlockwise(features: dict[str, Any]) -> None:
    """Zones are valid polygons by shapely, their inside on the left."""
    zones = [shapely.geometry.shape(f["geometry"]) for key, f in features.items() if key.startswith("zone:")]
    assert len(zones) == 3
    assert all(zone.is_valid and zone.exterior.is_ccw for zone in zones)
    ring = shapely.geometry.shape(features["zone:ring"]["geometry"])
    assert ring.bounds == pytest.approx((19, 9, 21, 11))
    assert ring.area == pytest.approx(4.0)


def test_geojson_tracks_hold_time_and_altitude(features: dict[str, Any], recorded: store.Recorded) -> None:
    """A flight's line has three coordinates, a pair's two; the pair's altitude is null where the model has none."""
    flight, pair = features["track:guest"], features["track:one"]
    assert {len(position) for position in flight["geometry"]["coordinates"]} == {3}
    assert {len(position) for position in pair["geometry"]["coordinates"]} == {2}
    assert flight["geometry"]["coordinates"][0] == [18.5, 10.1, FLIGHT_M]
    assert flight["properties"]["label"] == ODD
    assert flight["properties"]["times_utc"][0] == "2020-05-01T10:02:00Z"
    altitudes = pair["properties"]["altitudes_m"]
    assert len(altitudes) == len(pair["geometry"]["coordinates"])
    known = np.isfinite(recorded.ways["one"].altitude_ft)
    assert [m is not None for m in altitudes] == known.tolist()
    assert {m for m in altitudes if m is not None} == {FLIGHT_M}


def test_geojson_events_are_those_of_the_log(features: dict[str, Any], recorded: store.Recorded) -> None:
    """Each event of the log is a feature with its time and data, where the flight was then."""
    for row in recorded.events:
        properties = features[f"event:{row['id']}"]["properties"]
        assert properties["data"] == row["data"]
        assert datetime.fromisoformat(properties["time_utc"]) == utc(recorded, row["step"])
    entry = next(row for row in recorded.events if row["kind"] == "enters" and row["data"]["zone"] == "air")
    lon, lat, high = features[f"event:{entry['id']}"]["geometry"]["coordinates"]
    assert high == FLIGHT_M
    away = shapely.geometry.Point(lon, lat).distance(
        shapely.geometry.shape(features["zone:air"]["geometry"]).exterior
    )
    assert away < 0.003  # one step of flight


def test_the_zones_of_july_are_valid() -> None:
    """Zones grown along parallels, whose outlines run back on themselves, are valid polygons."""
    from sim.geo import Sphere
    from sim.zones import regions

    july, _ = read("july-2019")
    sphere = Sphere.at(july.centre.lat_deg, july.centre.lon_deg)
    for name, region in regions(july.zones, sphere).items():
        (ring,) = cut_ring(without_jogs(region.outline_deg(5.0)))
        polygon = shapely.geometry.Polygon(ring)
        assert polygon.is_valid, name
        assert polygon.symmetric_difference(
            shapely.geometry.Polygon(region.outline_deg(5.0)[:, ::-1]).buffer(0)
        ).area == pytest.approx(0.0, abs=1e-3)


def test_a_line_is_cut_at_the_antimeridian() -> None:
    """A flight from 179 E to 179 W is two lines that end and begin at 180, at the time half way."""
    parts = cut_line(np.array([[179.0, 0.0, 100.0], [-179.0, 2.0, 200.0], [-178.0, 2.0, 300.0]]))
    assert [part.tolist() for part in parts] == [
        [[179.0, 0.0, 100.0], [180.0, 1.0, 150.0]],
        [[-180.0, 1.0, 150.0], [-179.0, 2.0, 200.0], [-178.0, 2.0, 300.0]],
    ]


def test_a_ring_is_cut_at_the_antimeridian() -> None:
    """A comb whose teeth reach over the antimeridian is one piece west of it and one for each tooth east of it."""
    comb = np.array(
        [[0, 170], [0, 185], [1, 185], [1, 175], [2, 175], [2, 190], [3, 190], [3, 170], [0, 170]]
    )
    rings = [shapely.geometry.Polygon(ring) for ring in cut_ring(comb.astype(float))]
    assert all(ring.is_valid and ring.exterior.is_ccw for ring in rings)
    bounds = np.array(sorted(ring.bounds for ring in rings))
    assert bounds == pytest.approx(np.array([(-180, 0, -175, 1), (-180, 2, -170, 3), (170, 0, 180, 3)]))
    assert sum(ring.area for ring in rings) == pytest.approx(15 + 5 + 20)  # the comb's area, tooth by tooth


def test_a_ring_round_a_pole_is_closed_over_it() -> None:
    """A circle of latitude becomes the cap that it bounds."""
    circle = np.column_stack([np.full(37, 80.0), np.linspace(-180.0, 180.0, 37)])
    (ring,) = cut_ring(circle)
    assert shapely.geometry.Polygon(ring).area == pytest.approx(3600.0)


# ---- Tacview


class Recording:
    """What a Tacview recording says, read as its published reference describes it, and in no other way."""

    def __init__(self, data: bytes) -> None:
        lines = list(self._lines(data.decode("utf-8-sig")))
        assert lines[:2] == ["FileType=text/acmi/tacview", "FileVersion=2.2"]
        self.globals: dict[str, str] = {}
        self.objects: dict[int, dict[str, str]] = {}
        self.places: dict[int, list[tuple[float, tuple[float | None, ...]]]] = {}
        self.events: list[tuple[float, str, list[int], str]] = []
        self.removed: dict[int, float] = {}
        at = 0.0
        for line in lines[2:]:
            if line.startswith("//"):
                continue
            if line.startswith("#"):
                at = float(line[1:])
            elif line.startswith("-"):
                self.removed[int(line[1:], 16)] = at
            else:
                number, *properties = self._split(line)
                for text in properties:
                    self._set(int(number, 16), at, *text.split("=", 1))

    @staticmethod
    def _lines(text: str) -> Iterator[str]:
        """Join a line that ends in a backslash with the next."""
        whole = ""
        for line in text.split("\n"):
            whole += line
            if whole.endswith("\\"):
                whole = whole[:-1] + "\n"
            elif whole:
                yield whole
                whole = ""

    @staticmethod
    def _split(line: str) -> list[str]:
        return [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", line)]

    def _set(self, number: int, at: float, key: str, value: str) -> None:
        if number == 0 and key == "Event":
            kind, *objects, text = value.split("|")
            self.events.append((at, kind, [int(each, 16) for each in objects], text))
        elif number == 0:
            self.globals[key] = value
        elif key == "T":
            before = self.places[number][-1][1] if number in self.places else (None, None, None)
            now = tuple(float(x) if x else old for x, old in zip(value.split("|"), before, strict=True))
            self.places.setdefault(number, []).append((at, now))
        else:
            self.objects.setdefault(number, {})[key] = value


@pytest.fixture(scope="module")
def recording(shown: Scene) -> Recording:
    """The recording as it was read."""
    return Recording(acmi(shown))


TAGS = {"Air", "FixedWing", "Ground", "Static", "Aerodrome", "Navaid", "Bullseye", "Waypoint"}
TACVIEW_COLOURS = {"Red", "Orange", "Yellow", "Green", "Cyan", "Blue", "Violet"}


def test_tacview_finds_every_object(recording: Recording, recorded: store.Recorded) -> None:
    """Flights, pairs, the centre, bases and corners are objects of documented types and colours."""
    kinds = [each["Type"] for each in recording.objects.values()]
    assert kinds.count("Air+FixedWing") == len(recorded.ways)
    assert kinds.count("Ground+Static+Aerodrome") == len(recorded.scenario.fighters.bases)
    assert kinds.count("Navaid+Static+Bullseye") == 1
    assert all(set(kind.split("+")) <= TAGS for kind in kinds)
    assert {each["Color"] for each in recording.objects.values() if "Color" in each} <= TACVIEW_COLOURS
    assert recording.globals["ReferenceTime"] == "2020-05-01T10:00:00Z"


def test_tacview_corners_are_linked_round_each_zone(recording: Recording) -> None:
    """Each corner names the next, and the chain comes back to where it began."""
    links = {n: int(each["Next"], 16) for n, each in recording.objects.items() if "Next" in each}
    assert sorted(links.values()) == sorted(links)
    first = next(n for n in links if recording.objects[n].get("Name") == "RING_1")
    seen, number = {first}, links[first]
    while number != first:
        seen.add(number)
        number = links[number]
    corners = [recording.places[n][0][1][:2] for n in seen]
    assert {(19.0, 9.0), (21.0, 9.0), (21.0, 11.0), (19.0, 11.0)} <= set(corners)


def test_tacview_moves_objects_as_the_run_did(recording: Recording, recorded: store.Recorded) -> None:
    """Places, with what did not change filled in, are the recorded ones in degrees and metres."""
    for number, way in enumerate(recorded.ways.values(), start=1):
        times = [at for at, _ in recording.places[number]]
        places = np.array([place for _, place in recording.places[number]], dtype=float)
        assert times == way.step.tolist()
        assert places[:, 0] == pytest.approx(way.lon_deg, abs=6e-6)
        assert places[:, 1] == pytest.approx(way.lat_deg, abs=6e-6)
        assert places[:, 2] == pytest.approx(FLIGHT_M)
        assert recording.removed[number] == way.step[-1]


def test_tacview_names_and_events_survive(recording: Recording, recorded: store.Recorded) -> None:
    """Names are whole but for the backslash, event texts but for the bar too, which stand in full width."""
    plain = ODD.replace("\\", "＼")
    assert recording.objects[1]["CallSign"] == plain
    assert recording.objects[1]["Coalition"] == plain
    assert recording.globals["Title"] == plain
    marks = [(at, text) for at, kind, _, text in recording.events if kind == "Bookmark"]
    reached = [(r["step"], r["name"]) for r in recorded.rungs if r["step"] is not None]
    assert marks == [(step, name.replace("\\", "＼").replace("|", "｜")) for step, name in reached]
    assert {kind for _, kind, _, _ in recording.events} <= {
        "Message",
        "Bookmark",
        "TakenOff",
        "Landed",
        "LeftArea",
    }
    assert all(number in recording.objects for _, _, named, _ in recording.events for number in named)


# ---- tables


def test_csv_holds_every_place(shown: Scene, recorded: store.Recorded) -> None:
    """Python's reader and pandas find each recorded place, UTC, metres, and nothing where the altitude is unknown."""
    data = csv_bytes(shown, Table.tracks)
    lines = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert list(lines[0]) == list(COLUMNS[Table.tracks])
    assert {line["label"] for line in lines} == {ODD, f"{ODD} one"}
    frame = pandas.read_csv(io.BytesIO(data), parse_dates=["time_utc"])
    for name, way in recorded.ways.items():
        rows = frame[frame.track == name]
        assert rows.step.tolist() == way.step.tolist()
        assert rows.lat_deg.to_numpy() == pytest.approx(way.lat_deg, abs=6e-6)
        assert rows.altitude_m.isna().tolist() == np.isnan(way.altitude_ft).tolist()
        assert set(rows.altitude_m.dropna()) == {FLIGHT_M}
        assert rows.time_utc.iloc[0] == pandas.Timestamp(utc(recorded, int(way.step[0])))


@pytest.mark.parametrize("table", list(Table))
def test_parquet_and_csv_say_the_same(shown: Scene, table: Table) -> None:
    """Both tables are equal, column by column, as pandas reads them."""
    one = pandas.read_parquet(io.BytesIO(parquet_bytes(shown, table)))
    other = pandas.read_csv(
        io.BytesIO(csv_bytes(shown, table)), parse_dates=["time_utc"], keep_default_na=True
    )
    assert list(one) == list(other) == list(COLUMNS[table])
    assert str(one.time_utc.dtype) == "datetime64[ms, UTC]"
    for name in one:
        kinds = one[name].dropna().to_numpy()
        assert [x for x in kinds if x != ""] == list(other[name].dropna().to_numpy()), name


def test_the_table_of_events_is_the_log(shown: Scene, recorded: store.Recorded) -> None:
    """Each row is an event, with its data and cause."""
    frame = pandas.read_parquet(io.BytesIO(parquet_bytes(shown, Table.events)))
    assert [json.loads(data) for data in frame.data] == [row["data"] for row in recorded.events]
    causes = [None if pandas.isna(cause) else int(cause) for cause in frame.cause]
    assert causes == [row["cause"] for row in recorded.events]
    rungs = [rung for cell in frame.rungs for rung in json.loads(cell)]
    assert rungs == [r["name"] for r in recorded.rungs if r["step"] is not None]


# ---- the scene and the command


def test_fewer_places_keep_the_ends_and_the_joining(recorded: store.Recorded) -> None:
    """Thinned tracks keep every fifth minute, both ends, and where a pair comes beside a flight."""
    for full, thin in zip(scene(recorded).tracks, scene(recorded, 300).tracks, strict=True):
        assert len(thin.step) < len(full.step) / 5
        assert {full.step[0], full.step[-1]} <= set(thin.step)
        known = np.isfinite(full.altitude_m)
        changes = full.step[1:][known[1:] != known[:-1]]
        assert set(changes) <= set(thin.step)
        rest = set(thin.step) - {full.step[0], full.step[-1]} - set(changes)
        assert sum(step % 300 != 0 for step in rest) <= len(changes)
    assert scene(recorded, 300).events == scene(recorded).events


@pytest.mark.parametrize("write", [kml, geojson, acmi, lambda it: parquet_bytes(it, Table.tracks)])
def test_a_folder_and_its_scenario_give_the_same_bytes(write: Any, tmp_path: Path) -> None:
    """What was written and read again exports as the run itself does."""
    path = tmp_path / "pass.toml"
    path.write_text(PASS, encoding="utf-8")
    _, document = read(path)
    run = recorded_of(PASS, tmp_path)
    store.write(run, document, tmp_path / "run")
    assert write(scene(store.read(tmp_path / "run"))) == write(scene(run))


def export(*words: str) -> Any:
    """Run the command."""
    return CliRunner().invoke(cli.app, ["export", *words])


def test_the_command_takes_the_format_from_the_suffix(tmp_path: Path) -> None:
    """Each suffix gives its format, and nothing is replaced unless it is said."""
    first = {
        ".kml": b"<?xml",
        ".geojson": b"{",
        ".acmi": b"\xef\xbb\xbfFileType",
        ".csv": b"hash",
        ".parquet": b"PAR1",
    }
    for suffix, begins in first.items():
        path = tmp_path / f"run{suffix}"
        result = export("first-intercept", "-o", str(path))
        assert result.exit_code == 0, result.output
        assert path.read_bytes().startswith(begins)
    before = path.read_bytes()
    again = export("first-intercept", "-o", str(path), "-r", "1")
    assert (again.exit_code, path.read_bytes()) == (2, before)
    assert "--force" in again.output
    assert export("first-intercept", "-o", str(path), "-r", "1", "--force").exit_code == 0
    assert path.read_bytes() != before
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(f"run{suffix}" for suffix in first)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["first-intercept", "-o", "run"], "has no suffix"),
        (["first-intercept", "-o", "run.kmk"], 'did you mean ".kml"?'),
        (["first-intercept", "-o", "no/run.kml"], "there is no folder no; make it first"),
        (["first-intercept", "-o", "."], "has no suffix"),
        (["first-intercept", "-o", "run.kml", "--table", "events"], "is for csv and parquet"),
        (["frist-intercept", "-o", "run.kml"], "first-intercept"),
    ],
)
def test_bad_input_ends_with_2_and_a_word(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong is said, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    result = export(*words)
    assert result.exit_code == 2
    assert said in result.output
    assert list(tmp_path.iterdir()) == []


DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "exports.md"


def test_the_commands_of_the_document_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of docs/exports.md ends with 0 in its order, and so does what it shows for Python."""
    monkeypatch.chdir(tmp_path)
    text = DOCUMENT.read_text(encoding="utf-8")
    (block,) = re.findall(r"^<!-- commands -->\n```sh\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    for line in block.splitlines():
        words = shlex.split(line, comments=True)[1:]
        result = CliRunner().invoke(cli.app, words)
        assert result.exit_code == 0, (line, result.output)
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code, scope)
    assert len(scope["events"]) == len(
        Path("runs/july/events.jsonl").read_text(encoding="utf-8").splitlines()
    )


def test_the_document_names_the_columns(features: dict[str, Any]) -> None:
    """The tables of docs/exports.md name the columns and properties that there are, in their order."""
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = {re.findall(r"`(.*?)`", line)[0]: line for line in text.splitlines() if line.startswith("| `")}
    for table, columns in COLUMNS.items():
        assert re.findall(r"`(.*?)`", rows[table])[1:] == list(columns)
    for kind, key in (("zone", "zone:ring"), ("track", "track:one"), ("event", "event:0")):
        named = set(re.findall(r"`(.*?)`", rows[kind]))
        assert set(features[key]["properties"]) - {"feature"} <= named
