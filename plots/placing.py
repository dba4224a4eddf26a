"""Direct labelling: find for each label a place where it covers neither another label nor a line.

The problem: labels stand beside what they name, and what they name lies somewhere else in every replication.
Fixed offsets collide.  The solution: each label has a list of places to try, in order of preference, and takes the one
with the least cost: area shared with what is already there, points of lines under it, and area outside the frame.
Greedy and without chance, so the same data give the same picture; what matters most is placed first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox, Transform
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

SPACING_PT: Final = 4.0  # of the points by which a line is known
GAP_PT: Final = 2.0  # kept free round a label
TAKEN_COST: Final = 40.0  # per square of text height that is shared with another label
OUTSIDE_COST: Final = 200.0
POINT_COST: Final = 1.0
ORDER_COST: Final = 0.02  # of equals the place that was named first


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


class Placer:
    """Knows what is already on a figure, in points from its lower left corner, and places labels beside it."""

    def __init__(self, figure: Figure) -> None:
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self.figure, self.scale = figure, 72.0 / figure.dpi
        self.renderer = canvas.get_renderer()
        self.boxes: list[tuple[float, float, float, float]] = []
        self.points: list[Points] = []
        self.weights: list[NDArray[np.float64]] = []
        self._joined: tuple[int, Points, NDArray[np.float64]] | None = None

    def avoid_box(self, box: Bbox, gap_pt: float = GAP_PT) -> None:
        """Keep labels off a box in pixels."""
        x0, y0, x1, y1 = np.array(box.extents) * self.scale
        self.boxes.append((x0 - gap_pt, y0 - gap_pt, x1 + gap_pt, y1 + gap_pt))

    def avoid(self, *artists: Artist) -> None:
        """Keep labels off artists that are already drawn."""
        for artist in artists:
            self.avoid_box(artist.get_window_extent(self.renderer))

    def avoid_line(self, x: ArrayLike, y: ArrayLike, transform: Transform, weight: float = POINT_COST) -> None:
        """Keep labels off a line in the coordinates of a transform; gaps in it are not a number."""
        corners = transform.transform(np.column_stack([np.asarray(x, float), np.asarray(y, float)])) * self.scale
        pieces = []
        for here, there in zip(corners[:-1], corners[1:], strict=True):
            length = float(np.hypot(*(there - here)))
            if np.isfinite(length):
                count = min(2000, max(1, int(length / SPACING_PT)))
                pieces.append(here + np.arange(count + 1)[:, None] / count * (there - here))
        if pieces:
            self.points.append(np.concatenate(pieces))
            self.weights.append(np.full(len(self.points[-1]), weight))
            self._joined = None

    def size_pt(self, text: str, **style: Any) -> tuple[float, float]:
        """Return the width and height of a text in points."""
        probe = Text(0, 0, text, parse_math=False, **style)
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
        **style: Any,
    ) -> Annotation | None:
        """Write a text at the best of its spots, or not at all if that costs more than `most_cost`.

        Several texts are versions of one, as on one line and on two.  `leader` draws a line from the text to its
        anchor; `frame` is the box in pixels to stay in, the axes' unless said.
        """
        spots = list(spots)
        versions = [texts] if isinstance(texts, str) else list(texts)
        measured = {key: value for key, value in style.items() if key not in ("path_effects", "zorder")}
        bounds = np.array((frame or axes.bbox).extents) * self.scale
        anchors = axes.transData.transform([(spot.x, spot.y) for spot in spots]) * self.scale
        tries = []
        for text in versions:
            width, height = self.size_pt(text, **measured)
            for spot, anchor in zip(spots, anchors, strict=True):
                box = _box(anchor, spot, width, height)
                tries.append((self._cost(box, bounds) + ORDER_COST * len(tries), len(tries), text, spot, box))
        cost, _, text, spot, box = min(tries)
        if cost > most_cost:
            return None
        note = axes.annotate(
            text,
            (spot.x, spot.y),
            xytext=(spot.dx_pt, spot.dy_pt),
            textcoords="offset points",
            ha=spot.ha,
            va=spot.va,
            arrowprops=leader,
            annotation_clip=False,
            parse_math=False,
            **style,
        )
        self.boxes.append((box[0] - GAP_PT, box[1] - GAP_PT, box[2] + GAP_PT, box[3] + GAP_PT))
        return note

    def _cost(self, box: tuple[float, float, float, float], frame: NDArray[np.float64]) -> float:
        x0, y0, x1, y1 = box
        square = 144.0
        shared = sum(
            max(0.0, min(x1, b[2]) - max(x0, b[0])) * max(0.0, min(y1, b[3]) - max(y0, b[1])) for b in self.boxes
        )
        within = max(0.0, min(x1, frame[2]) - max(x0, frame[0])) * max(0.0, min(y1, frame[3]) - max(y0, frame[1]))
        outside = (x1 - x0) * (y1 - y0) - within
        return TAKEN_COST * shared / square + OUTSIDE_COST * outside / square + self._covered(box)

    def _covered(self, box: tuple[float, float, float, float]) -> float:
        if not self.points:
            return 0.0
        if self._joined is None:
            self._joined = (len(self.points), np.concatenate(self.points), np.concatenate(self.weights))
        _, points, weights = self._joined
        x0, y0, x1, y1 = box
        inside = (points[:, 0] > x0) & (points[:, 0] < x1) & (points[:, 1] > y0) & (points[:, 1] < y1)
        return float(weights[inside].sum())


def _box(anchor: Points, spot: Spot, width: float, height: float) -> tuple[float, float, float, float]:
    x, y = anchor[0] + spot.dx_pt, anchor[1] + spot.dy_pt
    left = {"left": x, "center": x - width / 2, "right": x - width}[spot.ha]
    low = {"bottom": y, "center": y - height / 2, "top": y - height}[spot.va]
    return left, low, left + width, low + height


def wrapped(text: str, width: int) -> str:
    """Return a label broken into lines of about so many letters, at spaces only.

    >>> wrapped("authorises warning fire", 12)
    'authorises\\nwarning fire'
    """
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)
