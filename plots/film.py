"""The film of the map: the region and the encounter close up, as the clock runs, without what comes later.

The ground is drawn once.  In each frame only what moves is drawn on a copy of it: aircraft with the ways that they have
come, the clock, what happened last, and the rungs that have been reached.  matplotlib's own writers encode the frames.
"""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from matplotlib.animation import FFMpegWriter, PillowWriter
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from plots import coast, style
from plots.chart import Floats, Panel, View, draw_coast, draw_scale, draw_zones, label_zones, zone_outlines
from plots.closeup import close_view
from plots.encounter import Encounter, Event, encounter, pair_labels, place
from plots.map import label_bases, mark_bases, panel_in, region_view, shape
from plots.placing import wrapped
from plots.timeline import dates
from plots.ways import label_centre, looks
from sim.errors import InputError, Problem, nearest
from sim.outputs import whole

if TYPE_CHECKING:
    from sim.store import Recorded, Way

WIDTH_IN, HEIGHT_IN = 12.8, 7.2  # smaller than the map, so that letters are larger in the same pixels
LEFT = (0.055, 0.21, 0.325, 0.66)  # of the figure: x, y, width, height of the region
RIGHT = (0.44, 0.21, 0.545, 0.66)
RUNGS_Y, RUNG_HEIGHT = 0.052, 0.09
CLOCK_PT, RUNG_PT = 30.0, 9.5
SUFFIXES: Final = (".mp4", ".gif")
TRAIL_S: Final = 15 * 60  # of a pair's way so much is shown; of a flight's, all that it has come
ASIDE_EM: Final = 7.0  # names whose aircraft are nearer than so many heights of a line are kept apart
LINES: Final = 2  # of what happened last
MOST_FRAMES: Final = 20_000
QUIET: Final = (
    "call",
    "notices",
    "answers",
    "reports",
    "readied",
    "assigned",
    "seated",
    "asks-relief",
    "unfilled",
    "returns",
    "lands",
)

ENCODING: Final = [
    *("-preset", "veryfast", "-crf", "20", "-tune", "animation", "-movflags", "+faststart"),
    # The same frames and the same ffmpeg give the same bytes: no date, no version, always as many threads.
    *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-threads", "4"),
]

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Cut:
    """Which part of a run is shown, and how: first and last step, seconds of the run in one of the film, frames."""

    begins: int
    ends: int
    speed: float
    frames_per_s: int
    width_px: int

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of a frame, even numbers as video wants them."""
        return self.width_px // 2 * 2, round(self.width_px * HEIGHT_IN / WIDTH_IN / 2) * 2

    def steps(self, step_s: int) -> Floats:
        """Return the step of each frame, parts of steps included; the last frame shows the end."""
        count = math.ceil((self.ends - self.begins) * step_s / self.speed * self.frames_per_s)
        each = self.speed / self.frames_per_s / step_s
        steps: Floats = np.minimum(self.begins + np.arange(count + 1) * each, self.ends)
        return steps


def check_format(path: Path) -> str:
    """Return the suffix of a film that can be written here.

    Raises InputError for another suffix, or if the program that encodes it is not on this machine.
    """
    suffix = path.suffix.lower()
    problem = ""
    if suffix not in SUFFIXES:
        came = f'has the suffix "{path.suffix}"' if suffix else "has no suffix"
        problem = f"{came}, wanted one of {', '.join(SUFFIXES)}{nearest(suffix, SUFFIXES) if suffix else ''}"
    elif suffix == ".mp4" and not FFMpegWriter.isAvailable():
        problem = "needs the program ffmpeg, which is not on this machine's path; install it, or write a .gif"
    if problem:
        raise InputError([Problem(str(path), None, "", problem)])
    return suffix


def film(recorded: Recorded, cut: Cut, path: Path, tell: Tell | None = None) -> int:
    """Write the film whole or not at all, and return the number of frames.

    Raises InputError if there would be no frame or too many, or if the file cannot be written.
    """
    suffix = check_format(path)
    with style.house():
        stage = Stage(recorded, cut)
        writer = _Frames(cut.frames_per_s) if suffix == ".gif" else _Video(cut.frames_per_s)
        with whole(path) as draft:
            try:
                writer.setup(stage.figure, str(draft), dpi=stage.figure.dpi)
                for number in range(len(stage.steps)):
                    stage.show(number)
                    writer.grab_frame()
                    if tell is not None:
                        tell(number + 1, len(stage.steps))
                writer.finish()
            except subprocess.CalledProcessError as error:
                said = str(error.stderr).strip().splitlines()[-1:] or ["the encoder failed"]
                problem = f"cannot be written: {said[0]}"
                raise InputError([Problem(str(path), None, "", problem)]) from error
    return len(stage.steps)


def frame(recorded: Recorded, cut: Cut, number: int) -> Figure:
    """Return one frame as a figure of its own: what moves is on it, drawn like all the rest."""
    with style.house():
        stage = Stage(recorded, cut)
        stage.show(number)
        for artist in (*stage.moving, *stage.seldom):
            artist.set_animated(False)
        return stage.figure


class _Video(FFMpegWriter):
    """Hands ffmpeg the pixels of the canvas as they are; the writer it comes from would draw the figure again."""

    def __init__(self, frames_per_s: int) -> None:
        super().__init__(fps=frames_per_s, codec="h264", extra_args=ENCODING)

    def grab_frame(self, **_: Any) -> None:
        canvas = self.fig.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        assert self._proc.stdin is not None  # type: ignore[attr-defined]
        self._proc.stdin.write(_pixels(canvas))  # type: ignore[attr-defined]


class _Frames(PillowWriter):
    """Keeps the pixels of the canvas in one palette, that of the first frame with every colour of the house."""

    def __init__(self, frames_per_s: int) -> None:
        super().__init__(fps=frames_per_s)
        self._palette: Image.Image | None = None

    def grab_frame(self, **_: Any) -> None:
        canvas = self.fig.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        picture = Image.fromarray(_pixels(canvas)[..., :3])
        if self._palette is None:
            self._palette = _palette(picture)
        self._frames: list[Image.Image]
        self._frames.append(picture.quantize(palette=self._palette, dither=Image.Dither.NONE))


def _pixels(canvas: FigureCanvasAgg) -> Any:
    """Return what the canvas shows: red, green, blue and alpha from 0 to 255, shape (height, width, 4)."""
    return np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]


def _palette(picture: Image.Image) -> Image.Image:
    """Return the palette of a picture beside which stand the colours of aircraft and rungs in all shades to white."""
    width, height = picture.size
    wider = Image.new("RGB", (width + 64, height), "white")
    wider.paste(picture, (0, 0))
    colours = (style.RED, style.BLUE, style.DARK_YELLOW, style.PURPLE, style.GREEN, style.INK, style.GREY)
    high = height // len(colours)
    for row, colour in enumerate(colours):
        for column in range(64):
            shade = Image.blend(
                Image.new("RGB", (1, 1), colour), Image.new("RGB", (1, 1), "white"), column / 64
            )
            wider.paste(shade.resize((1, high)), (width + column, row * high))
    return wider.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


class Look(NamedTuple):
    """How an aircraft is drawn: colour, width of its way in points, and name, or none."""

    colour: str
    width: float
    label: str


def _size(view: View) -> tuple[float, float]:
    return view.east - view.west, view.north - view.south


class Stage:
    """A figure with its ground, and what moves on it."""

    def __init__(self, recorded: Recorded, cut: Cut) -> None:
        self.shown = encounter(recorded)
        self.recorded, self.cut = self.shown.recorded, cut  # with longitudes as the map has them
        self.steps = self._checked_steps()
        self.figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=1, facecolor="white")
        width, height = cut.size_px
        self.figure.set_dpi(width / WIDTH_IN)
        self.figure.set_size_inches(WIDTH_IN, height / (width / WIDTH_IN))
        self.canvas = FigureCanvasAgg(self.figure)
        self.panels = self._ground()
        names = {name for name, way in recorded.ways.items() if way.kind == "pair"}
        self.pair_names = pair_labels(recorded, names)
        self.movers = [m for panel in self.panels for m in self._movers(panel, panel is self.panels[1])]
        self.rungs = list(self._rungs())
        self.clock, self.day, self.lines = self._head()
        self.told = told(self.shown, self.pair_names)
        self._ground_pixels: Any = None
        self._pixels: Any = None  # the ground with what seldom changes
        self._news, self._since = -1, 0

    def _checked_steps(self) -> Floats:
        cut, clock = self.cut, self.shown.clock
        problem = ""
        if not 0 <= cut.begins < cut.ends <= clock.last:
            problem = (
                f"is {clock.short(cut.begins)} to {clock.short(cut.ends)}; must begin before it ends, "
                f"within {clock.short(0)} to {clock.short(clock.last)}"
            )
        else:
            steps = cut.steps(clock.step_s)
            if len(steps) <= MOST_FRAMES:
                return steps
            problem = f"has {len(steps):,} frames, at most {MOST_FRAMES:,}; make it shorter or faster"
        raise InputError([Problem("", None, "film", problem)])

    def _ground(self) -> tuple[Panel, Panel]:
        """Draw all that does not move."""
        shown, figure = self.shown, self.figure
        from plots.placing import Placer

        placer = Placer(figure)
        rings, outlines = coast.coast(), zone_outlines(shown)
        near = close_view(shown).shaped(shape(RIGHT))
        region = panel_in(figure, LEFT, region_view(shown, near), shown, placer)
        close = panel_in(figure, RIGHT, near, shown, placer)
        for panel in (region, close):
            draw_coast(panel.axes, rings)
            draw_zones(panel, outlines)
            for way in self.recorded.ways.values():
                if way.kind == "flight":  # names on the ground keep off the ways that will be flown
                    panel.placer.avoid_line(panel.axes, np.unwrap(way.lon_deg, period=360.0), way.lat_deg)
            draw_scale(panel)
        corners = ((close.view.west, close.view.south), *_size(close.view))
        region.axes.add_patch(Rectangle(*corners, fill=False, edgecolor=style.INK, linewidth=1.0, zorder=5))
        mark_bases(region)
        label_bases(region)
        label_zones(region, outlines, "identification")
        centre = self.recorded.scenario.centre  # named in the close-up: here aircraft would fly over its name
        region.axes.plot([centre.lon_deg], [centre.lat_deg], "^", color=style.INK, markersize=6, zorder=6)
        label_centre(close)
        label_zones(close, outlines, "airspace", "identification", "station")
        style.footer(figure, style.made_of(self.recorded), coast.credit(*region.view.sides))
        return region, close

    def _movers(self, panel: Panel, close: bool) -> Iterator[Mover]:
        for name, way in self.recorded.ways.items():
            if way.kind == "pair":
                look = Look(style.BLUE, 1.2, self.pair_names[name].partition(",")[0] if close else "")
            else:
                width = 2.4 if name == self.shown.flight else 1.6
                label = self.recorded.scenario.intruders[name].label
                look = Look(looks(self.shown)[name].ink, width, label)
            yield Mover(panel, way, look, self.steps, self._beside(name))

    def _beside(self, name: str) -> Floats:
        """Return spans of steps (n, 2) in which a pair is beside a flight."""
        spans: list[tuple[float, float]] = []
        since: float | None = None
        for event in self.recorded.events:
            if event["who"] == name and event["kind"] == "joined":
                since = event["step"]
            elif event["who"] == name and event["kind"] == "parts" and since is not None:
                spans.append((since, event["step"]))
                since = None
        if since is not None:
            spans.append((since, math.inf))
        return np.array(spans).reshape(-1, 2)

    def _rungs(self) -> Iterator[tuple[float, FancyBboxPatch, Text]]:
        """Yield the step at which each rung is reached, its box and its text, from the lowest on the left."""
        rungs = self.recorded.rungs
        left, right, gap = LEFT[0], RIGHT[0] + RIGHT[2], 0.006
        width = (right - left + gap) / max(1, len(rungs)) - gap
        for number, rung in enumerate(rungs):
            x = left + number * (width + gap)
            look: dict[str, Any] = {
                "boxstyle": "square,pad=0",
                "transform": self.figure.transFigure,
                "linewidth": 0.8,
            }
            box = FancyBboxPatch((x, RUNGS_Y), width, RUNG_HEIGHT, **look)
            self.figure.add_artist(box)
            text = self.figure.text(
                x + width / 2, RUNGS_Y + RUNG_HEIGHT / 2, "", ha="center", va="center", fontsize=RUNG_PT
            )
            yield math.inf if rung["step"] is None else rung["step"], box, text

    def _head(self) -> tuple[Text, Text, list[Text]]:
        """Write the clock, the date below it if that changes, and the lines for what happened last."""
        day = self.figure.text(LEFT[0], 0.886, "", fontsize=style.SMALL_PT, color=style.GREY, va="center")
        clock = self.figure.text(LEFT[0], 0.925, "", fontsize=CLOCK_PT, fontweight="bold", va="center")
        look: dict[str, Any] = {"va": "center", "fontsize": style.TITLE_PT}
        lines = [self.figure.text(RIGHT[0], 0.95 - 0.048 * n, "", **look) for n in range(LINES)]
        for line in lines[1:]:
            line.set_color(style.GREY)
        return clock, day, lines

    @cached_property
    def moving(self) -> Sequence[Artist]:
        """All artists that change from frame to frame, in the order in which they are drawn."""
        return [artist for mover in self.movers for artist in mover.artists] + [self.clock]

    @cached_property
    def seldom(self) -> Sequence[Artist]:
        """The artists that change when something happens: ways come so far, rungs, and what happened last."""
        artists: list[Artist] = [mover.past for mover in self.movers]
        return [*artists, *(a for _, box, text in self.rungs for a in (box, text)), *self.lines, self.day]

    def show(self, number: int) -> None:
        """Bring the canvas to a frame: the ground, on it what changes seldom, on that what moves."""
        step = float(self.steps[number])
        if self._ground_pixels is None:
            for artist in (*self.moving, *self.seldom):
                artist.set_animated(True)
            self.canvas.draw()  # type: ignore[no-untyped-call]
            self._ground_pixels = self._copy()
        news = sum(at <= step for at in self.news)
        if news != self._news:
            self._news, self._since = news, number
            self._happen(number, step)
            self._restore(self._ground_pixels)
            self._draw(self.seldom)
            self._pixels = self._copy()
        self._move(number, step)
        self._restore(self._pixels)
        self._draw(self.moving)

    def _copy(self) -> Any:
        return self.canvas.copy_from_bbox(self.figure.bbox)  # type: ignore[no-untyped-call]

    def _restore(self, pixels: Any) -> None:
        self.canvas.restore_region(pixels)  # type: ignore[no-untyped-call]

    def _draw(self, artists: Sequence[Artist]) -> None:
        for artist in artists:
            if artist.get_visible():
                self.figure.draw_artist(artist)

    @cached_property
    def news(self) -> list[float]:
        """The steps at which what seldom changes does: something happens, a way begins or ends, a minute is full."""
        ends = [float(end) for way in self.recorded.ways.values() for end in (way.step[0], way.step[-1] + 1)]
        minute = self.shown.clock.steps(60)
        minutes = [float(k) for k in range(self.cut.begins, self.cut.ends + 1, minute)]
        reached = [step for step, _, _ in self.rungs]
        days = [step for step, _ in self.days]
        return sorted({*(float(step) for step, _ in self.told), *ends, *minutes, *reached, *days})

    @cached_property
    def days(self) -> list[tuple[float, str]]:
        """The steps at which a date begins to hold, from that of the first frame on."""
        shown, cut = self.shown, self.cut
        found = dates(shown, shown.seconds(cut.begins), shown.seconds(cut.ends))
        return [(seconds / shown.clock.step_s, day) for seconds, day in found]

    def _happen(self, number: int, step: float) -> None:
        clock = self.shown.clock
        for mover in self.movers:
            mover.settle(number, clock.steps(TRAIL_S) if mover.way.kind == "pair" else 0)
        past = [words for at, words in self.told if at <= step][-LINES:][::-1]
        for line, words in zip(self.lines, [*past, *[""] * LINES], strict=False):
            line.set_text(words)
        if len(self.days) > 1:
            self.day.set_text([day for at, day in self.days if at <= step][-1])
        for rung, (reached, box, text) in zip(self.recorded.rungs, self.rungs, strict=True):
            now = reached <= step
            box.set(facecolor=style.INK if now else "white", edgecolor=style.INK if now else style.LINE)
            words = wrapped(rung["name"], 18)
            text.set_text(f"{words}\n{clock.short(int(reached))}" if now else words)
            text.set_color("white" if now else style.GREY)

    def _move(self, number: int, step: float) -> None:
        zone = self.recorded.scenario.clock.zone
        self.clock.set_text(f"{self.shown.clock.short(int(step))} {zone}".strip())
        for panel in self.panels:
            taken: list[tuple[float, float]] = []
            for mover in self.movers:
                if mover.panel is panel:
                    mover.show(number, self._since)
                    if mover.text.get_visible():
                        mover.step_aside(taken)


class Mover:
    """One aircraft or formation on one panel: its mark, its name, and the way that it has come.

    The way is two lines: `past` up to the frame at which something happened last, and `trail` from there on, so that
    only the short one is drawn in each frame.
    """

    def __init__(self, panel: Panel, way: Way, look: Look, steps: Floats, beside: Floats) -> None:
        self.panel, self.way, self.steps, self.label = panel, way, steps, look.label
        flight = way.kind == "flight"
        self.lat_deg, self.lon_deg = place(way, steps)
        self.is_beside = _within(beside, steps)
        hidden = _within(beside, way.step)  # beside a flight a pair's way would hide under that of the flight
        self.way_lat_deg = np.where(hidden, np.nan, way.lat_deg)
        self.way_lon_deg = np.where(hidden, np.nan, np.unwrap(way.lon_deg, period=360.0))
        axes, order = panel.axes, 10 if flight else 12
        line: dict[str, Any] = {"color": look.colour, "linewidth": look.width, "solid_capstyle": "round"}
        (self.past,) = axes.plot([], [], **line, zorder=order)
        (self.trail,) = axes.plot([], [], **line, zorder=order)
        shape: dict[str, Any] = {"marker": "o" if flight else "s", "markersize": 9 if flight else 5.5}
        (self.mark,) = axes.plot(
            [], [], color=look.colour, markeredgecolor="white", zorder=order + 1, **shape
        )
        self.text = axes.annotate(
            look.label,
            (0, 0),
            xytext=(9, 6) if flight else (-8, -6),
            textcoords="offset points",
            ha="left" if flight else "right",
            va="bottom" if flight else "top",
            color=look.colour,
            fontsize=style.TEXT_PT if flight else style.SMALL_PT,
            fontweight="bold" if flight else "normal",
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6},
            zorder=order + 2,
        )
        self.text.set_clip_box(axes.bbox)
        self.text.set_clip_on(True)

    @property
    def artists(self) -> Sequence[Line2D | Text]:
        """What is drawn in each frame."""
        return self.trail, self.mark, self.text

    def settle(self, number: int, trail: int) -> None:
        """Bring the long line to a frame; of the way the last `trail` steps are shown, or all of it if that is 0."""
        step = float(self.steps[number])
        came = (self.way.step <= step) & (self.way.step >= (step - trail if trail else -math.inf))
        lon_deg, lat_deg = self.way_lon_deg[came], self.way_lat_deg[came]
        if came.any() and step <= self.way.step[-1]:
            lon_deg, lat_deg = self._on(lon_deg, lat_deg, number)
        self.past.set_data(lon_deg, lat_deg)
        self.past.set_visible(self._in_view(lat_deg, lon_deg))

    def _on(self, lon_deg: Floats, lat_deg: Floats, number: int) -> tuple[Floats, Floats]:
        """Return a line that is drawn on to the place of a frame."""
        here = (
            (self.lon_deg[number], self.lat_deg[number]) if not self.is_beside[number] else (np.nan, np.nan)
        )
        return np.append(lon_deg, here[0]), np.append(lat_deg, here[1])

    def _in_view(self, lat_deg: Floats, lon_deg: Floats) -> bool:
        view = self.panel.view
        lat_deg, lon_deg = lat_deg[np.isfinite(lat_deg)], lon_deg[np.isfinite(lon_deg)]
        return bool(
            len(lat_deg)
            and lat_deg.max() >= view.south
            and lat_deg.min() <= view.north
            and lon_deg.max() >= view.west
            and lon_deg.min() <= view.east
        )

    def show(self, number: int, since: int) -> None:
        """Bring mark, name and short line to a frame; the long line was brought to frame `since`."""
        step = float(self.steps[number])
        lat, lon = float(self.lat_deg[number]), float(self.lon_deg[number])
        there = bool(self.way.step[0] <= step <= self.way.step[-1]) and self.panel.view.holds(lat, lon)
        for artist in self.artists:
            artist.set_visible(there)
        if not there:
            return
        between = (self.way.step > self.steps[since]) & (self.way.step < step)
        line = self._on(self.way_lon_deg[between], self.way_lat_deg[between], number)
        first = (
            self._on(np.empty(0), np.empty(0), since)
            if step > self.way.step[0]
            else (np.empty(0), np.empty(0))
        )
        if self.steps[since] < self.way.step[0]:
            first = np.empty(0), np.empty(0)
        self.trail.set_data(np.append(first[0], line[0]), np.append(first[1], line[1]))
        self.mark.set_data([lon], [lat])
        self.text.xy = (lon, lat)
        self.text.set_text(f"{self.label} beside" if self.is_beside[number] else self.label)
        self.text.set_visible(bool(self.label))

    def step_aside(self, taken: list[tuple[float, float]]) -> None:
        """Move the name up, that of a pair down, until it is clear of the names that stand already."""
        figure = self.panel.axes.figure
        per_pt = figure.dpi / 72
        flight = self.way.kind == "flight"
        high_px = 1.35 * (style.TEXT_PT if flight else style.SMALL_PT) * per_pt
        x, y = self.panel.axes.transData.transform(self.text.xy)
        east = flight or x - ASIDE_EM * high_px < self.panel.axes.bbox.x0  # else it would be cut off
        dx, dy = (9.0 if east else -8.0), (6.0 if flight else -6.0)
        at = y + dy * per_pt
        while any(
            abs(at - other) < high_px and abs(x - there) < ASIDE_EM * high_px for there, other in taken
        ):
            at += high_px if flight else -high_px
        taken.append((x, at))
        self.text.set_horizontalalignment("left" if east else "right")
        self.text.set_position((dx, (at - y) / per_pt))


def _within(spans: Floats, steps: ArrayLike) -> NDArray[np.bool_]:
    """Return which steps lie within any of the spans (n, 2)."""
    at = np.asarray(steps, dtype=np.float64)[:, None]
    inside: NDArray[np.bool_] = np.asarray(((spans[:, 0] <= at) & (at < spans[:, 1])).any(axis=1))
    return inside


def told(shown: Encounter, pairs: Mapping[str, str]) -> list[tuple[int, str]]:
    """Return (step, words) of what can be said below a clock, in order of time, with the scenario's own labels."""
    scenario, clock = shown.recorded.scenario, shown.clock
    names = {name: flight.label for name, flight in scenario.intruders.items()} | dict(pairs)
    names |= {name: post.label for name, post in scenario.command.posts.items()}
    found = []
    for event in shown.recorded.events:
        words = _words(event, shown, names)
        if words:
            found.append((event["step"], f"{clock.short(event['step'])}  {words}"))
    return found


def _words(event: Event, shown: Encounter, names: Mapping[str, str]) -> str:
    """Return an event in words, or nothing for one that is no news to an audience."""
    scenario, kind, data = shown.recorded.scenario, event["kind"], event["data"]
    who, about = (names.get(event[key], event[key]) for key in ("who", "about"))
    if kind in QUIET or kind.startswith(("stage-", "track")):
        return ""
    if kind in ("enters", "leaves"):
        zone = scenario.zones[data["zone"]]
        return f"{who} {kind} {zone.label}" if zone.kind in ("airspace", "identification") else ""
    if "stage" in data:
        stage = scenario.command.stages[data["stage"]]
        return f"{who}: {stage.label or kind} ({about})"
    if kind in ("joined", "parts"):
        return f"{who} {'joins' if kind == 'joined' else 'parts from'} {about}"
    if "number" in data and "type" in data:  # a measure of the ladder
        many = f"{data['flares']} flares" if "flares" in data else kind
        many += f" ({data['rounds']} rounds)" if "rounds" in data else ""
        return f"{who}: {many}, {about}"
    return f"{who} {kind}" if about in ("", who) else f"{who} {kind} ({about})"
