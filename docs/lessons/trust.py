"""Lesson 3: can we trust it?  Open with `marimo run docs/lessons/trust.py`, or run as a script."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Can we trust it?")

with app.setup:
    import marimo as mo
    import numpy as np

    from plots.convergence import convergence as settling
    from sim.catalogue import fact_column
    from sim.clock import Clock
    from sim.convergence import convergence
    from sim.document import digest
    from sim.many import simulate
    from sim.measures import compared
    from sim.provenance import Provenance
    from sim.risk import Case, Goal, risk
    from sim.scenario import read
    from sim.spread import of as spread_of
    from sim.spread import wilson

    SEED, REPLICATIONS = 1, 500
    MEDIANS_S = (40, 110, 180, 250, 320)  # of the authority to fire; 110 is what the scenario holds
    SHOTS = "a50.airspace.1.shots.decision_s"  # from the entry to the first shot, within the first stay


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Can we trust it?

    **Question.** A model of the morning of 23 July 2019 round Dokdo / Takeshima (Liancourt Rocks), in the East Sea / Sea of
    Japan, agrees with what was reported. *What have we learnt, and what not?*

    **You will be able to**

    - tell an assumption from a source, and an input from a check;
    - recognise survivors' bias in an average, and say what to report in its place;
    - show by calibration what the known facts cannot tell;
    - say what an interval covers, and what no number of replications can.

    | minutes | part |
    |:---|:---|
    | 5 | 1 What stands underneath |
    | 8 | 2 Inputs and checks |
    | 8 | 3 An average that lies |
    | 8 | 4 What the facts cannot tell |
    | 6 | 5 Seeds and intervals |
    | 10 | 6 Exercises, answers, what to take home |
    """)
    return


@app.cell
def _():
    scenario, document = read("july-2019")
    clock = Clock.of(scenario.clock)
    return clock, document, scenario


@app.cell
def _(document):
    def sourced(part):
        """Yield the list of sources of every table of a scenario file that names any."""
        if isinstance(part, dict):
            if "source" in part:
                yield [part["source"]] if isinstance(part["source"], str) else list(part["source"])
            for inner in part.values():
                yield from sourced(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from sourced(inner)

    # Facts are what was reported; the other sections are what the model is made of.
    of_model = [
        each
        for key, part in document.data.items()
        if key not in ("facts", "sources")
        for each in sourced(part)
    ]
    assumed = sum(any(text.startswith("assumption") for text in each) for each in of_model)
    only_assumed = sum(all(text.startswith("assumption") for text in each) for each in of_model)
    assert 0 < only_assumed < assumed < len(of_model)
    return assumed, of_model, only_assumed


@app.cell(hide_code=True)
def _(assumed, document, of_model, only_assumed):
    mo.md(f"""
    ## 1 What stands underneath (5 min)

    A scenario file says beside its numbers where they come from. Counted in this one:

    | | |
    |:---|:---|
    | tables of the model that name their sources | {len(of_model)} |
    | of these, tables with at least one assumption | **{assumed}** |
    | of these, tables with nothing but assumptions | {only_assumed} |
    | published documents that the file names | {len(document.data["sources"])} |

    So {assumed / len(of_model):.0%} of what the model is made of is assumed at least in part. That is usual: nobody publishes how
    long a general staff takes to decide. *Is a model of assumptions worthless?* Keep your answer until part 4.
    """)
    return


@app.cell(hide_code=True)
def _(scenario):
    undisputed = {n: f for n, f in scenario.facts.items() if f.role == "check" and not f.disputed}
    disputed = {n: f for n, f in scenario.facts.items() if f.role == "check" and f.disputed}
    inputs = {n: f for n, f in scenario.facts.items() if f.role == "input"}
    predicted_checks = mo.ui.slider(
        0,
        len(undisputed),
        value=len(undisputed) // 2,
        show_value=True,
        label=f"of {len(undisputed)} undisputed checks, the model covers",
    )
    mo.vstack(
        [
            mo.md(f"""
    ## 2 Inputs and checks (8 min)

    Reported facts have two roles. **Inputs** ({len(inputs)}) were used to write the scenario: that they come out says only that
    it was written with care. **Checks** were kept apart: {len(undisputed)} undisputed ones, and {len(disputed)} on which sources
    or governments disagree, of which some *must* fail, since they exclude each other. A check is covered if the middle nine
    tenths of the simulated mornings meet what was reported.
    """),
            predicted_checks,
        ]
    )
    return disputed, inputs, predicted_checks, undisputed


@app.cell(hide_code=True)
def _():
    run = mo.ui.switch(label="Reveal the checks")
    mo.vstack([run])
    return (run,)


@app.cell
def _(disputed, document, inputs, scenario, undisputed):
    reported = {row["id"]: row for row in spread_of(scenario, document, SEED, REPLICATIONS)["reported"]}

    def covered(facts):
        """Return how many of the facts are covered."""
        return sum(reported[name]["covers"] for name in facts)

    assert covered(undisputed) > covered(disputed) * len(undisputed) / len(disputed)
    assert covered(inputs) == len(inputs)
    return covered, reported


@app.cell(hide_code=True)
def _(covered, disputed, inputs, predicted_checks, reported, run, undisputed):
    mo.stop(mo.running_in_notebook() and not run.value, mo.md("*Predict first.*"))

    def _row(name):
        row = reported[name]
        low, _, high = row["p05_p50_p95"] or ("", "", "")
        low, high = (each[:8] if isinstance(each, str) else f"{each:g}" for each in (low, high))
        return f"| {row['statement']} | {low} – {high} | {row['within_share']:.0%} |"

    _rows = "\n    ".join(
        _row(name) for name in sorted(undisputed, key=lambda name: reported[name]["within_share"])[:6]
    )
    mo.md(f"""
    | | facts | covered |
    |:---|:---|:---|
    | inputs | {len(inputs)} | {covered(inputs)} |
    | undisputed checks | {len(undisputed)} | **{covered(undisputed)}** (you said {predicted_checks.value}) |
    | disputed checks | {len(disputed)} | {covered(disputed)} |

    Covered is not confirmed: a model that can do anything covers everything. So look at how *often* single mornings agree. The six
    undisputed checks that fewest mornings meet:

    | check | simulated, 5–95 % | mornings within the reported tolerance |
    |:---|:---|:---|
    {_rows}
    """)
    return


@app.cell(hide_code=True)
def _(means_s):
    predicted_mean = mo.ui.slider(
        40, 400, step=10, value=250, show_value=True,
        label="mean seconds from entry to first shot, where shots fall in the first stay",
    )  # fmt: skip
    reveal = mo.ui.switch(label="Reveal the averages")
    mo.vstack(
        [
            mo.md(f"""
    ## 3 An average that lies (8 min)

    The authority to fire takes 110 s in the median. Suppose that it takes **320 s**, nearly three times as long. An analyst
    reports the mean time from the entry to the first shot, over all mornings in which shots fell in the first stay. With 110 s
    it is {means_s[110]:.0f} s. *What is it with 320 s?*
    """),
            predicted_mean,
            reveal,
        ]
    )
    return predicted_mean, reveal


@app.cell
def _(document):
    # The same mornings with five values of one unknown number; its spread goes along with it.
    _path, _law = (
        "command.stages.authorise-fire.delay_s",
        document.data["command"]["stages"]["authorise-fire"]["delay_s"],
    )
    tables = {}
    for _median_s in MEDIANS_S:
        _p95_s = _law["p95"] * _median_s / _law["median"]
        _scenario, _ = read(
            "july-2019", [f"{_path}={{dist='lognormal', median={_median_s}, p95={_p95_s:g}}}"]
        )
        tables[_median_s] = simulate(_scenario, REPLICATIONS, seed=SEED)
    shares = {median_s: int(table[SHOTS].count()) / REPLICATIONS for median_s, table in tables.items()}
    means_s = {median_s: float(table[SHOTS].mean()) for median_s, table in tables.items()}
    inside_s = float(np.ma.median(tables[110]["a50.airspace.1.inside_s"]))
    # The slower the authority, the fewer mornings are left in the average, and none of them can be longer than the stay.
    assert sorted(shares.values(), reverse=True) == list(shares.values())
    assert means_s[320] < inside_s < 320
    return inside_s, means_s, shares, tables


@app.cell(hide_code=True)
def _(inside_s, means_s, predicted_mean, reveal, shares):
    mo.stop(mo.running_in_notebook() and not reveal.value, mo.md("*Predict first.*"))
    _rows = "\n    ".join(
        f"| {m} | {means_s[m]:.0f} | {shares[m]:.1%} ({round(shares[m] * REPLICATIONS)} of {REPLICATIONS}) |"
        for m in MEDIANS_S
    )
    mo.md(f"""
    | authority, median s | mean time to the first shot, s | share of mornings in the mean |
    |:---|:---|:---|
    {_rows}

    You said {predicted_mean.value} s; it is **{means_s[320]:.0f} s**, less than the authority alone takes in the median. The mean knows
    only the mornings in which the shot came before the aircraft had gone, after {inside_s:.0f} s: whoever was later is not in it.
    That is *survivors' bias*. The authority takes
    {MEDIANS_S[-1] - 110} s longer in the median, the mean rises by {means_s[320] - means_s[110]:.0f} s, and what has really changed is the last column.

    **In its place** report the share and the time together: how many of how many, and of those the quantiles. The tables of this
    project never show a mean without the share beside it.
    """)
    return


@app.cell(hide_code=True)
def _():
    predicted_median = mo.ui.dropdown(
        {f"{m} s": m for m in MEDIANS_S},
        value="110 s",
        label="agrees best with the undisputed checks: a median of",
    )
    uncover = mo.ui.switch(label="Reveal what calibration keeps")
    mo.vstack(
        [
            mo.md("""
    ## 4 What the facts cannot tell (8 min)

    Nobody published how long the authority took. Perhaps the reports tell it in a roundabout way: simulate mornings with each of
    five values, keep those that agree with *all* undisputed checks at once, and see which value keeps most. That is calibration
    by rejection (approximate Bayesian computation). *Which of the five wins?*
    """),
            predicted_median,
            uncover,
        ]
    )
    return predicted_median, uncover


@app.cell
def _(clock, scenario, tables, undisputed):
    def agrees(table, name):
        """Return in which mornings the outcome is within the tolerance of a reported fact, shape (replications,)."""
        fact, known = scenario.facts[name], {}

        def fits(value):
            if value not in known:
                told = value if value is None or fact.take != "time" else int(value) // clock.step_s
                known[value] = compared(clock, name, fact, told)["ok"]
            return known[value]

        return np.array([fits(value) for value in table[fact_column(name, fact)].tolist()])

    kept = {m: np.all([agrees(table, name) for name in undisputed], axis=0) for m, table in tables.items()}
    plain = {m: int(each.sum()) for m, each in kept.items()}
    with_first = {m: int((each & agrees(tables[m], "shots-time-1")).sum()) for m, each in kept.items()}
    with_none = {m: int((each & agrees(tables[m], "warning-fire-denied")).sum()) for m, each in kept.items()}
    # The undisputed facts do not tell the values apart: every interval meets every other.
    _intervals = [wilson(number, REPLICATIONS) for number in plain.values()]
    assert max(low for low, _ in _intervals) < min(high for _, high in _intervals)
    assert with_first[40] > with_first[180] > with_first[320]
    return plain, with_first, with_none


@app.cell(hide_code=True)
def _(plain, predicted_median, uncover, with_first, with_none):
    mo.stop(mo.running_in_notebook() and not uncover.value, mo.md("*Predict first.*"))

    def _share(number):
        low, high = wilson(number, REPLICATIONS)
        return f"{number} ({low:.0%} – {high:.0%})"

    _rows = "\n    ".join(
        f"| {m}{' ← your choice' if m == predicted_median.value else ''} | {_share(plain[m])} | {_share(with_first[m])} | {with_none[m]} |"
        for m in MEDIANS_S
    )
    mo.md(f"""
    Mornings of {REPLICATIONS} that agree, with the 95 % interval of the share:

    | authority, median s | all undisputed checks | and shots in the first stay (disputed) | and no shots at all (disputed) |
    |:---|:---|:---|:---|
    {_rows}

    *First column.* No value wins. The undisputed facts say **nothing** about how long the authority took: they would have come out
    the same. No amount of computing changes that; only another fact could.

    *Second column.* Believe the report of shots in the first stay, and long delays are out. What we know of the authority hangs
    on one statement that another government denies.

    *Third column.* Believe the denial, and {"no morning at all agrees" if not any(with_none.values()) else "few mornings agree"}. That does
    **not** refute the denial. The rules of this model make shots follow when certain conditions hold; they were written after
    one side's account. A model cannot be the judge between two accounts if it was built on one of them.

    The command `intercept calibrate` does the same with several unknowns at once.
    """)
    return


@app.cell(hide_code=True)
def _():
    predicted_misses = mo.ui.slider(0, 20, value=1, show_value=True, label="so many of 20 intervals miss it")
    show = mo.ui.switch(label="Reveal the twenty classes")
    mo.vstack(
        [
            mo.md("""
    ## 5 Seeds and intervals (6 min)

    Twenty classes each run 100 mornings of their own and reckon the share with shots in the first stay, with its 95 % interval.
    All have the same model. *How many of the twenty intervals do not hold the share that all 2,000 mornings together give?*
    """),
            predicted_misses,
            show,
        ]
    )
    return predicted_misses, show


@app.cell
def _(document, scenario):
    many = simulate(scenario, 2000, seed=SEED)
    _came = ~np.ma.getmaskarray(many[SHOTS])
    whole_share = float(_came.mean())
    classes = [int(each.sum()) for each in _came.reshape(20, 100)]
    misses = [
        number for number in classes if not wilson(number, 100)[0] <= whole_share <= wilson(number, 100)[1]
    ]
    made = Provenance(document.name, digest(document.data), SEED, 2000)
    settled = convergence(many, scenario, made, "a50.airspace.1.shots.spare", 0.02)
    assert (
        len(misses) <= 4
    )  # of 20 with a chance of one in twenty each, more than 4 would come in 3 of 1,000 lessons
    return classes, misses, settled, whole_share


@app.cell(hide_code=True)
def _(classes, misses, predicted_misses, settled, show, whole_share):
    mo.stop(mo.running_in_notebook() and not show.value, mo.md("*Predict first.*"))
    mo.vstack(
        [
            mo.md(f"""
    Mornings with shots in the first stay, of 100, class by class: {", ".join(map(str, classes))}. All together: {whole_share:.1%}.

    **{len(misses)}** of 20 intervals do not hold it (you said {predicted_misses.value}). One in twenty is what "95 %" means, so that
    0 to 3 is ordinary luck. No class made a mistake, and {min(classes)} and {max(classes)} are both honest answers of a small study.
    """),
            settling(settled),
        ]
    )
    return


@app.cell
def _(document, scenario):
    # The hazards are assumptions over orders of magnitude: the band from all low to all high.
    _risk = risk(Case(scenario, SEED, document.name, digest(document.data)), Goal(REPLICATIONS))
    force = next(rung for rung in _risk["rungs"] if rung["name"] == "use of force")
    band = force["low"]["share"], force["high"]["share"]
    assert band[1] > 10 * band[0]
    return band, force


@app.cell(hide_code=True)
def _(band, force, plain, settled, shares):
    _counted = force["counted"]
    _low, _high = _counted["share_interval"]
    _half = settled.half_width
    _ratio = float(_half[499] / _half[1999])
    mo.vstack(
        [
            mo.md("""
    ## 6 Exercises (10 min)

    1. A colleague wants the interval of part 5 half as wide. How many mornings does she need?
    2. The rung *use of force* was reached in some of 500 mornings. A newspaper asks: "How likely was it?" What do you say, and which
       interval do you give?
    3. With an authority of 320 s, what is the *median* time to the first shot over **all** mornings, those without a shot included?
    4. Which single fact, if an archive opened tomorrow, would teach the model most about the authority to fire?
    5. *For discussion.* Is a model of assumptions worthless?
    """),
            mo.accordion(
                {
                    "Answer 1": mo.md(f"""
    Four times as many: the width falls with the root of the number. From 500 to 2,000 mornings of part 5 it fell by the factor
    {_ratio:.2f}.
    """),
                    "Answer 2": mo.md(f"""
    It was reached in {_counted["reached"]} of {force["n"]}, 95 % interval {_low:.1%} – {_high:.1%}. But that interval holds the hazards at their
    middle values, and these are guesses. Over the ranges that are called plausible the share runs from {band[0]:.2%} to
    {band[1]:.1%}: a factor of {band[1] / band[0]:.0f}. So: "The model cannot say how likely it was. It says what would make it more likely." More
    mornings narrow the first interval, and leave the band as it is.
    """),
                    "Answer 3": mo.md(f"""
    There is none: shots fell in {shares[320]:.1%} of the mornings, so the middle one has no shot. "It does not happen in more than half" is
    the right answer, and a median over the {round(shares[320] * REPLICATIONS)} that had one is not.
    """),
                    "Answer 4": mo.md(f"""
    The times of request and answer, of course; short of that the second of the first shot, undisputed. Part 4 shows why: without a
    fact on shots in the first stay every value keeps as many mornings ({min(plain.values())} to {max(plain.values())} of {REPLICATIONS}).
    """),
                    "Answer 5": mo.md("""
    No: it says which unknown numbers matter (lesson 2), which facts would decide, and which claims do not follow from what is known.
    It is worthless as a witness. Whoever quotes a single number from it, without share, interval, range of assumptions and the
    disputed facts that it hangs on, has not understood it.
    """),
                }
            ),
            mo.md("""
    **To take home.** Inputs coming out prove care, checks coming out prove little, and facts that every value explains prove nothing
    about the value. Report n, share and time together. An interval covers luck, a band covers assumptions, and neither covers
    what the model leaves out.
    """),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
