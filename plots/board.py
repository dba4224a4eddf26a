"""The encounter board: where the flight was, who held the decision, and how far it climbed, on one clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots import style
from plots.chain import chain
from plots.encounter import encounter
from plots.ladder import ladder
from plots.lanes import draw_lanes, layout
from plots.placing import Placer
from plots.stairs import Shares, Spread, Told, draw_stairs_panel, stairs_key, stairs_pt
from plots.strip import draw_strip, fields, strip_pt
from plots.timeline import clock_axis, keys_pt, shade_stays
from plots.where import draw_where
from sim.provenance import number_of

if TYPE_CHECKING:
    from sim.store import Recorded

WIDTH_IN = 16.0
LEFT_PT, RIGHT_PT = 204.0, 136.0
TOP_PT, TITLE_PT, GAP_PT, BOTTOM_PT = 6.0, 24.0, 3.0, 60.0
WHERE_PT, MOST_WHERE_PT = 136.0, 300.0
"""Panel A takes what a projector's 16 : 9 leave, within these; a long chain makes the board taller."""


@style.in_house_style
def board(
    recorded: Recorded,
    *,
    flight: str | None = None,
    span: tuple[int, int] | None = None,
    spread: Spread | None = None,
    shares: Shares | None = None,
    spread_of: int = 0,
) -> Figure:
    """Draw one replication as three panels on one clock: where, who, how far.

    The flight is the one with most stays in airspace unless named; `span` is a pair of steps, else from a
    little before its first entry to a little after its last exit.  `spread` gives, by the name of a rung, the
    steps by which 5, 50 and 95 % of those replications that reached it had first reached it for that flight;
    `shares` is the share of all replications that reached it, `spread_of` the number of all of them.
    Raises InputError for an unknown flight or an empty span.
    """
    shown = encounter(recorded, flight, span)
    lanes, messages, left_out = chain(shown)
    held, probe = ladder(shown), Placer(style.new_figure(WIDTH_IN, 1.0))
    width_pt = WIDTH_IN * 72.0 - LEFT_PT - RIGHT_PT
    plan = layout(lanes, messages, shown, probe, width_pt)
    climb_key = stairs_key(shown, held, probe, width_pt, has_spread=bool(spread))
    titles = [TITLE_PT, TITLE_PT + keys_pt(plan.key), TITLE_PT + keys_pt(climb_key)]
    parts = fields(shown, probe, width_pt)
    rest, top_pt = (plan.height_pt, stairs_pt(held)), TOP_PT + strip_pt(parts)
    around_pt = top_pt + sum(rest) + sum(titles) + 2 * GAP_PT + BOTTOM_PT
    rows = [min(MOST_WHERE_PT, max(WHERE_PT, WIDTH_IN * 72.0 * 9 / 16 - around_pt)), *rest]
    height_pt = around_pt + rows[0]
    figure = style.new_figure(WIDTH_IN, height_pt / 72.0)
    strip = _panel(figure, height_pt, TOP_PT, top_pt - TOP_PT)
    tops = [top_pt + titles[0]]
    tops.append(tops[0] + rows[0] + titles[1] + GAP_PT)
    tops.append(tops[1] + rows[1] + titles[2] + GAP_PT)
    where, who, how_far = (_panel(figure, height_pt, top, row) for top, row in zip(tops, rows, strict=True))
    placer = Placer(figure)
    stays = shown.stays("airspace")
    for axes in (where, who, how_far):
        clock_axis(axes, shown, labels=axes is how_far)
        shade_stays(axes, shown, stays)
    draw_strip(strip, shown, parts)
    draw_where(figure, where, shown, placer)
    draw_lanes(figure, who, shown, lanes, messages, left_out, plan, placer)
    told = Told(spread or {}, shares or {}, spread_of)
    draw_stairs_panel(figure, how_far, shown, held, told, climb_key, placer)
    style.footer(
        figure,
        style.made_of(recorded),
        *([f"whiskers: n = {number_of(spread_of or 0, 'replication')}"] if spread else []),
    )
    return figure


def _panel(figure: Figure, height_pt: float, top_pt: float, rows_pt: float) -> Axes:
    width_pt = figure.get_figwidth() * 72.0
    axes = figure.add_axes(
        (
            LEFT_PT / width_pt,
            1.0 - (top_pt + rows_pt) / height_pt,
            1.0 - (LEFT_PT + RIGHT_PT) / width_pt,
            rows_pt / height_pt,
        )
    )
    axes.spines[["top", "right"]].set_visible(False)
    return axes
