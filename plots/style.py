"""The look that all figures share: fonts, colours, the footer, and files that are the same byte for byte.

Figures are made without pyplot and without the reader's own matplotlib settings: the same data and the same
matplotlib give the same picture.  Colours are Paul Tol's high-contrast set, which tells them apart in grey too.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.patheffects import withStroke

from sim.errors import InputError, Problem, nearest
from sim.outputs import whole
from sim.provenance import Provenance

if TYPE_CHECKING:
    from sim.store import Recorded

RED: Final = "#bb5566"  # the flight that the figure is about
BLUE: Final = "#004488"  # those who meet it
YELLOW: Final = "#ddaa33"  # decisions, and other flights
DARK_YELLOW: Final = "#8a6508"  # text in the colour of YELLOW
PURPLE: Final = "#6d4a8f"  # a third side's flights
GREEN: Final = "#3f7d4e"  # a fourth side's
INK: Final = "#1a1a1a"
GREY: Final = "#6b6b6b"  # text of second rank; 5.3 : 1 on white
LINE: Final = "#9a9a9a"
PALE: Final = "#d9d9d6"  # waiting, and grounds
GROUND: Final = "#f4f4f2"
SEA: Final = "#eef3f6"
LAND: Final = "#dedace"
SHORE: Final = "#8f8b80"

SMALL_PT: Final = 11.0
TEXT_PT: Final = 12.0
TITLE_PT: Final = 14.5
DPI: Final = 120  # 16 inches are 1,920 pixels, a projector's width

FORMATS: Final = ("png", "svg", "pdf")
PROGRAM: Final = "intercept"
METADATA: Final[dict[str, dict[str, str | None]]] = {
    "png": {"Software": PROGRAM},
    "svg": {"Creator": PROGRAM, "Date": None},
    "pdf": {"Creator": PROGRAM, "Producer": PROGRAM, "CreationDate": None},
}

FONT: Final = "DejaVu Sans"  # ships with matplotlib
HOUSE: Final = {
    "font.family": [FONT],  # and whatever `house` finds for the letters that it lacks
    "font.size": TEXT_PT,
    "text.parse_math": False,  # a label is text, also with a dollar sign in it
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.9,
    "axes.labelsize": TEXT_PT,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": TEXT_PT,
    "ytick.labelsize": TEXT_PT,
    "svg.hashsalt": PROGRAM,
    "svg.fonttype": "path",  # the picture does not depend on the fonts of whoever looks at it
    "pdf.fonttype": 42,
}

MORE_FONTS: Final = (
    *(
        "Noto Sans CJK JP",
        "Noto Sans CJK KR",
        "Noto Sans CJK SC",
        "Malgun Gothic",
        "NanumGothic",
        "Yu Gothic",
    ),
    *("Microsoft YaHei", "Apple SD Gothic Neo", "Hiragino Sans", "PingFang SC", "WenQuanYi Zen Hei"),
    *("Noto Sans Devanagari", "Nirmala UI", "Arial Unicode MS", "Unifont"),
)
"""Fonts of the systems for scripts that DejaVu Sans lacks, such as Hangul and Han; tried in this order."""

Arguments = ParamSpec("Arguments")


@functools.cache
def _installed() -> tuple[str, ...]:
    """Return those of the further fonts that this machine has."""
    # A font without a bold cut is drawn in what it has; matplotlib would say so for each, needed or not.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    names = {font.name for font in fontManager.ttflist}
    return tuple(name for name in MORE_FONTS if name in names)


def house() -> AbstractContextManager[None]:
    """Return a context in which matplotlib follows the house style and no settings file."""
    plain = {key: value for key, value in dict.items(matplotlib.rcParamsDefault) if key != "backend"}
    families = [FONT, *_installed()]
    settings: Any = {
        **plain,
        **HOUSE,
        "font.family": families,
    }  # Any, because the stubs list every key of the settings
    return matplotlib.rc_context(settings)


def in_house_style(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Make a drawing function run in the house style."""

    @functools.wraps(draw)
    def drawn(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with house():
            return draw(*args, **kwargs)

    return drawn


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure with a canvas of its own: no window, no global state."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def leader(color: str, gap_pt: float, width_pt: float = 0.9) -> dict[str, Any]:
    """Return the line from a label to what it names, that ends so many points before it."""
    return {"arrowstyle": "-", "color": color, "linewidth": width_pt, "shrinkA": 1, "shrinkB": gap_pt}


def halo(width_pt: float = 3.0, color: str = "white") -> list[withStroke]:
    """Return the path effect that keeps text legible on lines and fills."""
    return [withStroke(linewidth=width_pt, foreground=color)]


def footer(figure: Figure, made: Provenance, *more: str, x: float = 0.995) -> None:
    """Write below the figure what it was made from: scenario, hash, seed, n, and what else there is to say."""
    y = 5.0 / 72.0 / figure.get_figheight()
    look: dict[str, Any] = {"ha": "right", "va": "bottom", "fontsize": SMALL_PT, "color": GREY}
    figure.text(x, y, "  ·  ".join([*made.parts(), *more]), **look)


def made_of(recorded: Recorded) -> Provenance:
    """Return what one recorded replication was made from."""
    told = recorded.manifest
    return Provenance(told["scenario"], told["hash"], told["seed"], 1, told["replication"])


def check_format(path: Path) -> str:
    """Return the format that a figure's file asks for by its suffix. Raises InputError if there is no such."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        came = f'has the suffix "{path.suffix}"' if kind else "has no suffix"
        wanted = ", ".join(f".{known}" for known in FORMATS)
        hint = nearest(kind, FORMATS) if kind else ""
        raise InputError([Problem(str(path), None, "", f"{came}, wanted one of {wanted}{hint}")])
    return kind


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the file's suffix, whole or not at all.

    The same figure gives the same bytes.  Raises InputError for any other suffix, or if the file cannot be
    written.
    """
    kind = check_format(path)
    with whole(path) as draft, house():
        figure.savefig(draft, format=kind, dpi=DPI, metadata=METADATA[kind])
