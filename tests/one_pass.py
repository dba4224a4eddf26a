"""One pass of one flight through one airspace: the smallest encounter in which everything happens."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from sim import run, scenario, store
from sim.draws import Uniforms

PASS = """
[scenario]
title = "one pass"

[clock]
start = 2020-05-01T12:00:00+02:00
end = 12:50:00
zone = "XST"

[centre]
lat_deg = 10.0
lon_deg = 20.0
label = "Rock $1_000$"

[sides.home]
label = "Home"
identification_zone = "ring"
airspace = "air"
control = "control"
[sides.away]
label = "Away"

[zones.ring]
label = "RING_1"
kind = "identification"
owner = "home"
vertices_deg = [[9.0, 19.0], [9.0, 21.0], [11.0, 21.0], [11.0, 19.0]]
[zones.air]
label = "Air <b>$x$</b>"
kind = "airspace"
owner = "home"
lat_deg = 10.0
lon_deg = 20.0
radius_nmi = 12
[zones.line]
label = "Line"
kind = "trigger"
owner = "home"
around = "ring"
margin_nmi = 10

[intruders.guest]
label = "G_1 $50$"
side = "away"
type = "g"
altitude_ft = 30000
route = [
    { at = 12:02:00, lat_deg = 10.1, lon_deg = 18.5 },
    { at = 12:32:00, lat_deg = 10.1, lon_deg = 21.5 },
]

[sensing.radars.eye]
label = "Eye"
post = "control"
lat_deg = 10.0
lon_deg = 20.0
height_m = 500
range_km = 400
scan_period_s = 10
hit_share = 1
confirm_hits = 1
confirm_scans = 1

[command.posts]
control = { label = "Control_A", side = "home" }
hq = { label = "Headquarters", side = "home" }
[command.links.wire]
posts = ["control", "hq"]
delay_s = 5
[command.stages.identify]
label = "asks"
post = "control"
after_all = ["track"]
delay_s = 20
emits = "unidentified"
[command.stages.scramble]
label = "sends"
post = "control"
after_all = ["unidentified"]
delay_s = 20
emits = "scramble-ordered"
orders = "scramble"
[command.stages.allow]
label = "allows"
post = "hq"
after_all = ["enters:air"]
per = "air"
delay_s = 20
emits = "allowed"

[fighters.types.f]
label = "F_9"
ground_speed_kt = 500
climb_s = 60
endurance_s = 6000
join_s = 60
identify_s = 30
[fighters.bases]
field = { label = "Field & Co", lat_deg = 10.0, lon_deg = 20.6 }
[fighters.alerts.soon]
label = "soon"
airborne_s = 60
seat_s = 30
airborne_from_cockpit_s = 30
[fighters.policies.home]
relief_lead_s = 0
spare_s = 60
[fighters.pairs]
one = { side = "home", type = "f", base = "field", alert = "soon" }

[warning.home]
per = "ring"
[warning.home.calls]
after = ["unidentified"]
zone = "ring"
first_s = 10
interval_s = 120
most = 5
[warning.home.measures.flares]
zone = "air"
delay_s = 20
flares = 10
[warning.home.measures.shots]
zone = "air"
authority = "allowed"
spacing_s = 10
delay_s = 10
interval_s = 30
most = 2
burst_s = 0.5
rounds_per_minute = 6000

[escalation]
rungs = [
    { name = "seen_1", reached_by = ["track"] },
    { name = "joined", reached_by = ["joined"], side = "home" },
    { name = "inside", reached_by = ["enters:air"] },
    { name = "shots", reached_by = ["shots"] },
    { name = "war", reached_by = ["face-off"] },
]

[facts.in]
statement = "It enters."
role = "input"
at = 12:16:00
tolerance_s = 60
select = { kind = "enters", about = ["guest"], zone = "air" }
confidence = "ONE"
[facts.shot]
statement = "It is warned."
role = "check"
earliest = 12:15:00
latest = 12:19:00
select = { kind = "shots", by = "home", about = ["guest"] }
confidence = "ONE"
[facts.met]
statement = "It is met before."
role = "check"
at = 12:16:00
direction = "before"
select = { kind = "joined", about = ["guest"] }
confidence = "ONE"
[facts.near]
statement = "It is near."
role = "check"
value = 11
tolerance = 1
select = { kind = "leaves", about = ["guest"], zone = "air", stay = 1 }
take = "distance_km"
confidence = "ONE"
"""

BARE = (
    PASS[: PASS.index("[zones.ring]")].replace(
        'identification_zone = "ring"\nairspace = "air"\ncontrol = "control"\n', ""
    )
    + PASS[PASS.index("[intruders.guest]") : PASS.index("[sensing")]
)


def later(text: str, minutes: int) -> str:
    """Return a scenario with all its clock times so many minutes later, of which some pass midnight."""
    start = datetime.fromisoformat("2020-05-01T12:00:00+02:00")

    def moved(found: re.Match[str]) -> str:
        hour, minute, second = map(int, found.groups())
        at = start.replace(hour=hour, minute=minute, second=second) + timedelta(minutes=minutes)
        return at.time().isoformat()

    begins = (start + timedelta(minutes=minutes)).isoformat()
    before, after = text.split(start.isoformat())
    times = re.compile(r"\b(\d\d):(\d\d):(\d\d)\b")
    return times.sub(moved, before) + begins + times.sub(moved, after)


def recorded_of(text: str, folder: Path) -> store.Recorded:
    """Run one replication of a scenario that is given as text."""
    path = folder / "pass.toml"
    path.write_text(text, encoding="utf-8")
    checked, document = scenario.read(path)
    return store.record(run.replicate(run.prepare(checked), Uniforms(3), 0), document)


def of_july(replication: int) -> store.Recorded:
    """Run one replication of the largest scenario that is bundled."""
    return replicated("july-2019", replication)


def replicated(name: str, replication: int) -> store.Recorded:
    """Run one replication of a scenario that is bundled."""
    checked, document = scenario.read(name)
    return store.record(run.replicate(run.prepare(checked), Uniforms(1), replication), document)


def apart(box: Bbox, points: np.ndarray) -> float:
    """Return the distance in pixels from a box to the nearest of some points."""
    x, y = points.T
    beside, above = np.maximum(box.x0 - x, x - box.x1), np.maximum(box.y0 - y, y - box.y1)
    return float(np.hypot(np.maximum(beside, 0), np.maximum(above, 0)).min(initial=np.inf))


def texts(figure: Figure) -> list[str]:
    """Return every text on a figure that can be seen."""
    return [t.get_text() for t in figure.findobj(Text) if t.get_text() and t.get_visible()]


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Return every text that is drawn with its box in pixels; leaders and ticks out of view do not count."""
    figure.canvas.draw()
    hidden = {
        label
        for axes in figure.axes
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        if not (min(low, high) <= tick.get_loc() <= max(low, high) and axes.axison)
        for label in (tick.label1, tick.label2)
    }
    shown = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible() and t not in hidden]
    return [(text.get_text(), Text.get_window_extent(text)) for text in shown]


def check_room(figure: Figure) -> None:
    """Fail if a text reaches beyond the figure or into another text."""
    width, height = figure.canvas.get_width_height()
    placed = boxes(figure)
    for i, (text, box) in enumerate(placed):
        assert box.x0 >= 0, text
        assert box.x1 <= width, text
        assert box.y0 >= 0, text
        assert box.y1 <= height, text
        for other, its in placed[i + 1 :]:
            wide = min(box.x1, its.x1) - max(box.x0, its.x0)
            high = min(box.y1, its.y1) - max(box.y0, its.y0)
            assert wide <= 2 or high <= 2, (text, other)
