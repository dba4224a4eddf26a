"""Direct labelling: find for each label a place where it covers neither another label nor a line.

The problem: labels stand beside what they name, and what they name lies somewhere else in every replication.
Fixed offsets collide.  The solution: each label has a list of places to try, in order of preference, and takes
the one with the least cost: area shared with what is already there, points of lines under it, area outside the
frame.  Greedy and without chance, so the same data give the same picture; what matters most is placed first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike, NDArray

from sim.pieces import laid_out

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""West, south, east and north in points from the figure's lower left corner."""

SPACING_PT: Final = 4.0  # of the points by which a line is known
GAP_PT: Final = 2.0  # kept free above and below a label
WORD_GAP_PT: Final = 7.0  # and beside it: more than between two words, or two labels read as one
TAKEN_COST: Final = 40.0  # per square of text height that is shared with another label
OUTSIDE_COST: Final = 600.0
POINT_COST: Final = 1.0
ORDER_COST: Final = 0.02  # of equals the place that was named first
DRIFT_COST: Final = 0.3  # per point by which a label without a leader stands off
DRIFT_FREE_PT: Final = 16.0
LEADER_COST: Final = 0.06  # per point of a leader's length
LABEL_CROSSING_COST: Final = 6.0  # per 4 pt of a label that a leader crosses
LINE_CROSSING_COST: Final = 4.0  # per point of a line that a leader crosses
LEADER_POINT_COST: Final = 15.0  # a label on a leader parts another label from what it names
ROUNDS: Final = 12
NEIGHBOURS: Final = 3
CLEAR_PT: Final = 4.5  # beside such a label, or an arrow beside it would touch its first or last letter
AWAY_PT: Final = 10.0  # from its anchor such a label has a leader
SHORT_LEADER: Final = 0.25  # of its cost where a leader only bridges what stands beside its anchor
LINE_WIDTH_PT: Final = 2.0
FREE_PT: Final = 10.0  # round its anchor a leader crosses what it points at


class Spot(NamedTuple):
    """One place to try: an anchor in data coordinates, an offset in points, and which side of the text is there."""

    x: float
    y: float
    dx_pt: float = 0.0
    dy_pt: float = 0.0
    ha: str = "center"
    va: str = "center"


def around(x: float, y: float, *distances_pt: float) -> list[Spot]:
    """Return spots to the right, left, above, below and at the corners of a point, near ones first."""
    spots = []
    for far in distances_pt:
        slant = 0.75 * far
        spots += [
            Spot(x, y, far, 0, "left", "center"),
            Spot(x, y, -far, 0, "right", "center"),
            Spot(x, y, 0, far, "center", "bottom"),
            Spot(x, y, 0, -far, "center", "top"),
            Spot(x, y, slant, slant, "left", "bottom"),
            Spot(x, y, slant, -slant, "left", "top"),
            Spot(x, y, -slant, slant, "right", "bottom"),
            Spot(x, y, -slant, -slant, "right", "top"),
        ]
    return spots


@dataclass(frozen=True)
class Label:
    """A label with the (text, spot) pairs to try, best first; `most_cost` as for `Placer.place`."""

    tries: Sequence[tuple[str, Spot]]
    most_cost: float = float("inf")


class _Try(NamedTuple):
    cost: float
    text: str
    spot: Spot
    box: Box
    is_away: bool


class Placer:
    """Knows what is already on a figure, in points from its lower left corner, and places labels beside it."""

    def __init__(self, figure: Figure) -> None:
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self.figure, self.scale = figure, 72.0 / figure.dpi
        self.renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
        self.boxes: NDArray[np.float64] = np.empty((0, 4))
        self.points: NDArray[np.float64] = np.empty((0, 3))  # x, y and weight, in order of x

    def avoid_box(self, box: Bbox, gap_pt: float = GAP_PT) -> None:
        """Keep labels off a box in pixels."""
        x0, y0, x1, y1 = np.array(box.extents) * self.scale
        self._take((x0 - gap_pt, y0 - gap_pt, x1 + gap_pt, y1 + gap_pt))

    def avoid(self, text: Text) -> None:
        """Keep labels off a text that stands already."""
        self.avoid_box(text.get_window_extent(self.renderer))

    def avoid_line(self, axes: Axes, x: ArrayLike, y: ArrayLike, weight: float = POINT_COST) -> Points:
        """Keep labels off a line in data coordinates; return points of it, shape (n, 2).  Gaps are not a number."""
        data = np.column_stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])
        corners = axes.transData.transform(data) * self.scale
        west, south, east, north = np.array(axes.bbox.extents) * self.scale
        here, there = corners[:-1], corners[1:]
        low, high = np.minimum(here, there), np.maximum(here, there)
        seen = (low <= (east, north)).all(axis=1) & (high >= (west, south)).all(
            axis=1
        )  # a gap compares as false
        here, there = here[seen], there[seen]
        counts = np.clip((np.hypot(*(there - here).T) / SPACING_PT).astype(np.int64), 1, 2000)
        piece, number = laid_out(counts + 1)
        share = (number / counts[piece])[:, None]
        points: Points = here[piece] + share * (there - here)[piece]
        if len(piece):
            self._add(points, weight)
        return points

    def avoid_place(self, axes: Axes, x: float, y: float, half_pt: float) -> None:
        """Keep labels off a mark in data coordinates that reaches so many points to each side."""
        at = axes.transData.transform((x, y)) * self.scale
        self._take((at[0] - half_pt, at[1] - half_pt, at[0] + half_pt, at[1] + half_pt))

    def _take(self, box: Box) -> None:
        self.boxes = np.vstack([self.boxes, box])

    def _add(self, points: Points, weight: float) -> None:
        fresh = np.column_stack([points, np.full(len(points), weight)])
        together = np.vstack([self.points, fresh])
        self.points = together[np.argsort(together[:, 0], kind="stable")]

    def size_pt(self, text: str, **style: Any) -> tuple[float, float]:
        """Return the width and height of a text in points."""
        measured = {key: value for key, value in style.items() if key not in ("path_effects", "zorder")}
        probe = Text(0, 0, text, **measured)
        probe.set_figure(self.figure)
        box = probe.get_window_extent(self.renderer)
        return box.width * self.scale, box.height * self.scale

    def place(
        self,
        axes: Axes,
        texts: str | Sequence[str],
        spots: Iterable[Spot],
        *,
        most_cost: float = float("inf"),
        leader: dict[str, Any] | None = None,
        frame: Bbox | None = None,
        may_stand: Callable[[Box], bool] | None = None,
        **style: Any,
    ) -> Annotation | None:
        """Write a text at the best of its spots, or not at all if that costs more than `most_cost`.

        Several texts are versions of one, as on one line and on two.  `leader` draws a line from the text to its
        anchor; `frame` is the box in pixels to stay in, the axes' unless said; `may_stand` rules places out.
        """
        spots = list(spots)
        versions = [texts] if isinstance(texts, str) else list(texts)
        bounds = np.array((frame or axes.bbox).extents) * self.scale
        anchors = axes.transData.transform([(spot.x, spot.y) for spot in spots]) * self.scale
        tries: list[tuple[float, int, str, Spot, Box, Points | None]] = []
        for text in versions:
            width, height = self.size_pt(text, **style)
            for spot, anchor in zip(spots, anchors, strict=True):
                box = _box(anchor, spot, width, height)
                if may_stand is not None and not may_stand(box):
                    continue
                cost = self._cost(box, bounds) + ORDER_COST * len(tries)
                line = _leader(anchor, box) if leader is not None else None
                far_pt = float(np.hypot(spot.dx_pt, spot.dy_pt)) - DRIFT_FREE_PT
                cost += DRIFT_COST * max(0.0, far_pt) if line is None else self._leader_cost(line)
                tries.append((cost, len(tries), text, spot, box, line))
        if not tries:
            return None
        cost, _, text, spot, box, line = min(tries, key=lambda t: t[:2])
        if cost > most_cost:
            return None
        if leader is None:
            return self._write(axes, text, spot, box, None, style)
        anchor = anchors[
            spots.index(spot)
        ]  # the leader is drawn as it was weighed, not from the middle of the text
        note = self._write(axes, text, spot, box, {**leader, "relpos": _nearest(anchor, box)}, style)
        self._add(_leader(anchor, box, LINE_WIDTH_PT), LEADER_POINT_COST)
        return note

    def _write(
        self,
        axes: Axes,
        text: str,
        spot: Spot,
        box: Box,
        leader: dict[str, Any] | None,
        style: dict[str, Any],
    ) -> Annotation:
        """Write a text at a spot, and keep other labels off the box that it fills."""
        x0, y0, x1, y1 = box
        self._take((x0 - WORD_GAP_PT, y0 - GAP_PT, x1 + WORD_GAP_PT, y1 + GAP_PT))
        return axes.annotate(
            text,
            (spot.x, spot.y),
            xytext=(spot.dx_pt, spot.dy_pt),
            textcoords="offset points",
            ha=spot.ha,
            va=spot.va,
            arrowprops=leader,
            annotation_clip=False,
            **style,
        )

    def place_all(
        self, axes: Axes, labels: Sequence[Label], *, leader: dict[str, Any], frame: Bbox, **style: Any
    ) -> None:
        """Write labels that want the same room, such as those of one lane: each gives way where another has no choice.

        One that is away from its anchor has a leader.
        """
        tries = [self._tries(axes, label, np.array(frame.extents) * self.scale, style) for label in labels]
        for label, (best, cost) in zip(labels, _settled(tries), strict=True):
            if cost > label.most_cost:
                continue
            side = {**leader, "relpos": (float(best.spot.ha == "right"), 0.5)} if best.is_away else None
            self._write(axes, best.text, best.spot, best.box, side, style)

    def _tries(
        self, axes: Axes, label: Label, bounds: NDArray[np.float64], style: dict[str, Any]
    ) -> list[_Try]:
        found: list[_Try] = []
        for text, spot in label.tries:
            anchor = axes.transData.transform((spot.x, spot.y)) * self.scale
            box = _box(anchor, spot, *self.size_pt(text, **style))
            away = bool(max(box[0] - anchor[0], anchor[0] - box[2]) > AWAY_PT)
            line = _leader(anchor, box) if away else np.empty((0, 2))
            cost = self._cost((box[0] - CLEAR_PT, box[1], box[2] + CLEAR_PT, box[3]), bounds)
            cost += ORDER_COST * len(found) + SHORT_LEADER * self._leader_cost(line)
            found.append(_Try(cost, text, spot, box, away))
        return found

    def emptiest(self, boxes: Sequence[Bbox], frame: Bbox) -> int:
        """Return the number of the box in pixels that covers least."""
        bounds = np.array(frame.extents) * self.scale
        costs = [self._cost(tuple(np.array(box.extents) * self.scale), bounds) for box in boxes]
        return int(np.argmin(costs))

    def _cost(self, box: tuple[float, ...], frame: NDArray[np.float64]) -> float:
        x0, y0, x1, y1 = box
        square = 144.0
        taken = self.boxes
        wide = np.minimum(x1, taken[:, 2]) - np.maximum(x0, taken[:, 0])
        high = np.minimum(y1, taken[:, 3]) - np.maximum(y0, taken[:, 1])
        shared = float((np.maximum(wide, 0.0) * np.maximum(high, 0.0)).sum())
        within = max(0.0, min(x1, frame[2]) - max(x0, frame[0])) * max(
            0.0, min(y1, frame[3]) - max(y0, frame[1])
        )
        outside = (x1 - x0) * (y1 - y0) - within
        covered = float(self._within(x0, y0, x1, y1)[:, 2].sum())
        cost: float = TAKEN_COST * shared / square + OUTSIDE_COST * outside / square + covered
        return cost

    def _within(self, x0: float, y0: float, x1: float, y1: float) -> NDArray[np.float64]:
        """Return the points in a box; only those between its sides are looked at."""
        first, last = np.searchsorted(self.points[:, 0], [x0, x1])
        between = self.points[first:last]
        found: NDArray[np.float64] = between[(between[:, 1] > y0) & (between[:, 1] < y1)]
        return found

    def _leader_cost(self, line: Points) -> float:
        """Return the cost of a leader's points: its length, and what it crosses beyond its anchor."""
        if not len(line):
            return 0.0
        cost: float = LEADER_COST * SPACING_PT * len(line)
        x, y = line[:, :1], line[:, 1:]
        x0, y0, x1, y1 = self.boxes.T
        cost += LABEL_CROSSING_COST * float(((x > x0) & (x < x1) & (y > y0) & (y < y1)).sum())
        low, high = line.min(axis=0) - SPACING_PT, line.max(axis=0) + SPACING_PT
        near = self._within(low[0], low[1], high[0], high[1])
        if len(near):
            apart = np.hypot(near[:, :1] - line[None, :, 0], near[:, 1:2] - line[None, :, 1])
            cost += LINE_CROSSING_COST * float(near[apart.min(axis=1) < SPACING_PT / 2 + 0.5, 2].sum())
        return cost


def _settled(tries: Sequence[Sequence[_Try]]) -> list[tuple[_Try, float]]:
    """Return for each label its try and what that costs beside the others.

    The problem: taken one by one, a label takes the only room of the next.  Each alone may then be where it is best.
    The solution: first one by one, then two neighbours at once over all their tries, until no two would move.
    """
    own = [np.array([each.cost for each in mine]) for mine in tries]
    shared = [[_shared(mine, others) for others in tries] for mine in tries]
    chosen: list[int] = []
    for i, costs in enumerate(own):
        taken = sum((shared[i][j][:, at] for j, at in enumerate(chosen)), np.zeros(len(costs)))
        chosen.append(int(np.argmin(costs + taken)))
    pairs = [(i, j) for j in range(len(tries)) for i in range(max(0, j - NEIGHBOURS), j)]
    for _ in range(ROUNDS):
        before = list(chosen)
        for i, j in pairs:
            here, there = (
                own[a] + sum((shared[a][k][:, chosen[k]] for k in range(len(tries)) if k not in (i, j)), 0.0)
                for a in (i, j)
            )
            both = here[:, None] + there[None, :] + shared[i][j]
            chosen[i], chosen[j] = divmod(int(np.argmin(both)), len(there))
        if chosen == before:
            break
    found = []
    for i, at in enumerate(chosen):
        others = sum(float(shared[i][k][at, chosen[k]]) for k in range(len(tries)) if k != i)
        found.append((tries[i][at], float(own[i][at]) + others))
    return found


def _shared(mine: Sequence[_Try], others: Sequence[_Try]) -> Points:
    """Return the cost of what each try of a label shares with each of another, shape (mine, others)."""
    x0, y0, x1, y1 = np.array([each.box for each in mine]).T[:, :, None]
    u0, v0, u1, v1 = np.array([each.box for each in others]).T[:, None, :]
    wide = np.minimum(x1, u1 + WORD_GAP_PT) - np.maximum(x0, u0 - WORD_GAP_PT)
    high = np.minimum(y1, v1) - np.maximum(y0, v0)
    cost: Points = TAKEN_COST * np.maximum(wide, 0.0) * np.maximum(high, 0.0) / 144.0
    return cost


def _box(anchor: Points, spot: Spot, width: float, height: float) -> Box:
    x, y = anchor[0] + spot.dx_pt, anchor[1] + spot.dy_pt
    left = {"left": x, "center": x - width / 2, "right": x - width}[spot.ha]
    low = {"bottom": y, "center": y - height / 2, "top": y - height}[spot.va]
    return left, low, left + width, low + height


def _nearest(anchor: Points, box: Box) -> tuple[float, float]:
    """Return the place in a box, in shares of its width and height, that is nearest to an anchor."""
    x0, y0, x1, y1 = box
    wide, high = max(x1 - x0, 1e-9), max(y1 - y0, 1e-9)
    return min(max(float(anchor[0] - x0) / wide, 0.0), 1.0), min(max(float(anchor[1] - y0) / high, 0.0), 1.0)


def _leader(anchor: Points, box: Box, free_pt: float = FREE_PT) -> Points:
    """Return points along a leader from near its anchor to the box of its text, in points; none if it is short."""
    along, up = _nearest(anchor, box)
    nearest = np.array([box[0] + along * (box[2] - box[0]), box[1] + up * (box[3] - box[1])])
    length = float(np.hypot(*(nearest - anchor)))
    at = np.arange(free_pt, max(length - 2.0, free_pt), SPACING_PT)
    line: Points = anchor + at[:, None] / max(length, 1e-9) * (nearest - anchor)
    return line


def away_pt(box: Box, points: Points) -> float:
    """Return the distance in points from a box to the nearest of some points.

    >>> away_pt((0.0, 0.0, 10.0, 5.0), np.array([[13.0, 9.0], [5.0, 20.0]]))
    5.0
    """
    (x0, y0, x1, y1), (x, y) = box, points.T
    beside, above = np.maximum(np.maximum(x0 - x, x - x1), 0.0), np.maximum(np.maximum(y0 - y, y - y1), 0.0)
    return float(np.hypot(beside, above).min(initial=np.inf))


def fan(x: float, y: float, *distances_pt: float) -> list[Spot]:
    """Return spots all round a point for a label with a leader, near ones first."""
    spots = []
    for far in distances_pt:
        for turn in np.radians([0, 180, 30, 150, -30, -150, 60, 120, -60, -120, 90, -90]):
            dx, dy = far * float(np.cos(turn)), far * float(np.sin(turn))
            ha = "left" if dx > 0.3 * far else "right" if dx < -0.3 * far else "center"
            va = "bottom" if dy > 0.6 * far else "top" if dy < -0.6 * far else "center"
            spots.append(Spot(x, y, dx, dy, ha, va))
    return spots


def wrapped(text: str, width: int) -> str:
    """Return a label broken into lines of about so many letters, at spaces only.

    >>> wrapped("authorises warning fire", 12).splitlines()
    ['authorises', 'warning fire']
    """
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def shortened(text: str, most: int) -> str:
    """Return a label of at most so many letters.

    >>> shortened("a flight with a very long name", 12)
    'a flight wi…'
    """
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
