"""What the terminal shows of a calibration: posteriors beside their priors, each check, and what is not told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from sim.provenance import number_of
from sim.terminal import DISPUTED, FIXED, console, table_of

MOST_PAIRS = 5
"""Pairs of quantities that are shown, the strongest first."""

FEW = 100
"""Effective draws below which the ends of an interval are rough."""


def show_calibration(told: Mapping[str, Any]) -> None:
    """Print what the facts say of the unknown quantities, and what they cannot tell."""
    out = console()
    out.print(Text(f"{told['scenario']}: what the reported facts say of {told['name']}", style="bold"))
    each = number_of(told["replications"], "replication")
    run = f"{told['draws']:,} draws of {each}, {told['design']}, seed {told['seed']}"
    out.print(Text(f"{run}, scenario {told['hash']}", style="dim"))
    for line in _rule(told):
        out.print(line)
    out.print()
    out.print(_quantities(told))
    out.print()
    _show_untold(told)
    out.print()
    out.print(_facts(told, used=True))
    if any(not fact["used"] for fact in told["facts"]):
        out.print()
        out.print(_facts(told, used=False))
    out.print()
    for line in _legend(told):
        out.print(Text(line, style="dim"))


def _rule(told: Mapping[str, Any]) -> list[str]:
    rule = told["rule"]
    count = (
        f"{told['accepted']:,} of {told['simulated']:,} simulated mornings ({_share(told['accepted_share'])})"
    )
    number = len(rule["facts"])
    facts = {1: "the fact", 2: "both facts"}.get(number, f"all {number} facts")
    if rule["kind"] == "all":
        which = f"{count} agree with {facts}"
    else:
        which = f"{count} are closest to {facts}: distance up to {rule['distance']:.3g}"
    draws = f"{told['accepted_draws']:,} draws were accepted, worth {told['effective_draws']:,.0f} of equal weight"
    lines = [which, draws]
    if told["draws_failed"]:
        lines.append(f"{told['draws_failed']:,} draws could not be run, and are left out")
    if told["effective_draws"] < FEW:
        lines.append("the ends of the intervals are rough: more --draws make them firmer")
    return lines


def _quantities(told: Mapping[str, Any]) -> Table:
    table = table_of(
        ("unknown", "left", {"max_width": 32, "overflow": "fold"}),
        ("prior 5–95 %", "right", FIXED),
        ("posterior 5–50–95 %", "right", FIXED),
        ("width, 90 %", "right", FIXED),
        ("", "left", FIXED),
    )
    for row in told["quantities"]:
        prior, posterior = row["prior_p05_p50_p95"], row["posterior_p05_p50_p95"]
        low, high = row["width_ratio_interval"]
        table.add_row(
            row["label"] or row["path"],
            f"{_number(prior[0])}–{_number(prior[2])}",
            "–".join(_number(each) for each in posterior),
            f"{row['width_ratio']:.2f}, {low:.2f}–{high:.2f}",
            Text("told" if row["told"] else "not told", style="green" if row["told"] else "dim"),
        )
    return table


def _show_untold(told: Mapping[str, Any]) -> None:
    """Print what the facts cannot tell, and what they tell of two quantities only together."""
    out = console()
    untold = [row["label"] or row["path"] for row in told["quantities"] if not row["told"]]
    if untold:
        out.print(Text("what these facts cannot tell", style="bold"))
        for name in untold:
            out.print(f"  {name}")
    else:
        out.print("these facts tell something of every one of them")
    labels = {row["path"]: row["label"] or row["path"] for row in told["quantities"]}
    if told["together"]:
        out.print(Text("what they tell only together (correlation in the posterior, 90 %)", style="bold"))
    for row in told["together"][:MOST_PAIRS]:
        low, high = row["correlation_interval"]
        out.print(f"  {row['correlation']:+.2f} ({low:+.2f} to {high:+.2f})  {labels[row['paths'][0]]}")
        out.print(f"{'':26}{labels[row['paths'][1]]}")


def _facts(told: Mapping[str, Any], *, used: bool) -> Table:
    """Return the checks that were used, or those that were not, before and after the facts were heard."""
    first = ("fact that was used" if used else "fact that was not used", "left", {"max_width": 38})
    rejects = [("rejects", "right", FIXED)] if used else []
    others = [(title, "right", FIXED) for title in ("met before", "after", "after: 5–95 %")]
    table = table_of(first, *rejects, *others)
    for row in told["facts"]:
        if row["used"] is not used:
            continue
        mark = DISPUTED if row["disputed"] else ""
        cells = [row["statement"] + mark]
        if used:
            cells.append(f"{row['rejects_alone']:,}")
        cells += [_share(row[word]["within_share"]) for word in ("prior", "posterior")]
        cells.append(_levels(row["posterior"]["p05_p50_p95"]))
        table.add_row(*cells)
    return table


def _levels(levels: list[Any] | None) -> str:
    if levels is None:
        return "-"
    low, _, high = ((each[:8] if isinstance(each, str) else _number(each)) for each in levels)
    return low if low == high else f"{low}–{high}"


def _legend(told: Mapping[str, Any]) -> list[str]:
    lines = [
        "width: of the posterior's 5–95 % over the prior's, on the prior's scale: at 1",
        "it is as wide as before.  Its 90 % interval comes from drawing the draws again.",
        "not told: prior and posterior are as near as in 99 of 100 exchanges of the",
        "draws' weights.  rejects: mornings that this fact alone rejects.",
        "met: share of mornings within tolerance, before and after the facts were heard.",
    ]
    if any(fact["disputed"] for fact in told["facts"]):
        lines.append(f"{DISPUTED} sources or governments disagree")
    return lines


def _share(share: float) -> str:
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if 0 < share < 1 else f"{100 * share:.0f} %"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
