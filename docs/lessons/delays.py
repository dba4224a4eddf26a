"""Lesson 2: which delay matters?  Open with `marimo run docs/lessons/delays.py`, or run as a script."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Which delay matters?")

with app.setup:
    import tempfile
    from pathlib import Path

    import marimo as mo

    from plots.counterfactuals import counterfactuals
    from plots.sensitivity import sensitivity as tornado
    from sim.compare import Variant, compare
    from sim.folders import folder_of
    from sim.ladders import ladders
    from sim.many import simulate
    from sim.scenario import read
    from sim.sensitivity import sensitivity
    from sim.study import read as read_study
    from sim.sweep import Goal, sweep

    SEED, REPLICATIONS = 1, 400
    OUTCOME = "a50.airspace.1.shots.spare"  # its share: in how many mornings a shot falls in the first stay
    SHOTS = "a50.airspace.1.shots.decision_s"  # from the entry to the first shot, within the first stay
    ODD = 318  # a replication that a slower chain wins
    STAGES = ("identify", "scramble-east", "report-violation", "authorise-fire", "release-flares")


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Which delay matters?

    **Question.** A chain of command has many delays, and nobody published how long they are. Which of them decides whether
    warning shots fall while the aircraft is still in the airspace round Dokdo / Takeshima (Liancourt Rocks) in the
    East Sea / Sea of Japan? *If you could find out one of them, which would you ask for?*

    **You will be able to**

    - vary one quantity at a time, and read a tornado;
    - explain by slack why a long delay may not matter at all;
    - compare two versions of a scenario under common random numbers, and say what that saves;
    - say what one-at-a-time cannot show.

    | minutes | part |
    |:---|:---|
    | 5 | 1 The delays, and where their numbers come from |
    | 5 | 2 Predict |
    | 10 | 3 One at a time: run, reveal, compare |
    | 5 | 4 Why most of them hardly matter |
    | 10 | 5 The same dice for both |
    | 10 | 6 Exercises, answers, what to take home |
    """)
    return


@app.cell
def _():
    scenario, document = read("july-2019")
    return document, scenario


@app.cell(hide_code=True)
def _(document, scenario):
    _rows = ""
    medians_s = {}
    for _name in STAGES:
        _stage, _written = scenario.command.stages[_name], document.data["command"]["stages"][_name]
        _law = _written["delay_s"]
        medians_s[_name] = _law["median"]
        _post = scenario.command.posts[_stage.post].label
        _source = _written["source"]
        _told = _source if isinstance(_source, str) else "; ".join(_source)
        _rows += f"| {_post} {_stage.label} | {_law['median']} | {_law['p95']} | {_told} |\n    "
    mo.md(f"""
    ## 1 The delays (5 min)

    Half of the draws of a delay lie below its median, 19 of 20 below its 95th percentile.

    | who does what | median, s | 95th percentile, s | source in the scenario |
    |:---|:---|:---|:---|
    {_rows}

    None was published as a number. They are assumptions that let the reported times come out; other sets might do as well.
    So the honest question is not *how long is it?* but *does it matter how long it is?*
    """)
    return (medians_s,)


@app.cell(hide_code=True)
def _(scenario):
    labels = {name: scenario.command.stages[name].label for name in STAGES}
    _options = {labels[name]: name for name in STAGES}
    predicted_most = mo.ui.dropdown(
        _options, value=labels["scramble-east"], label="it matters most how long this takes"
    )
    predicted_none = mo.ui.dropdown(_options, value=labels["identify"], label="this matters least")
    predicted_points = mo.ui.slider(
        0, 80, step=5, value=20, show_value=True,
        label="the one that matters most takes twice as long: the share falls by so many points",
    )  # fmt: skip
    mo.vstack(
        [
            mo.md("""
    ## 2 Predict (5 min)

    Each delay is halved, then doubled, its spread with it; the others stay as they are. We look at the share of mornings in
    which a warning shot falls in the *first* stay in the airspace. Decide in pairs, and say why.
    """),
            predicted_most,
            predicted_none,
            predicted_points,
        ]
    )
    return labels, predicted_most, predicted_none, predicted_points


@app.cell(hide_code=True)
def _():
    run = mo.ui.switch(label="Reveal what the sweep says")
    mo.vstack([mo.md("## 3 One at a time (10 min)"), run])
    return (run,)


@app.cell
def _(labels, medians_s):
    # The study as a file, as `intercept sweep FILE` reads it: the scenario as it stands, then each delay halved and doubled.
    study_text = f"""\
title = "Which delay matters?"
scenario = "july-2019"
design = "one-at-a-time"
keep_shape = true
replications = {REPLICATIONS}
seed = {SEED}
""" + "".join(
        f"""
[[vary]]
path = "command.stages.{name}.delay_s.median"
label = "{labels[name]}, median"
values = [{medians_s[name] / 2:g}, {medians_s[name] * 2}]
source = "assumption: half and twice what the scenario holds"
"""
        for name in STAGES
    )
    return (study_text,)


@app.cell
def _(study_text):
    with tempfile.TemporaryDirectory() as _folder:
        _file = Path(_folder) / "which-delay.toml"
        _file.write_text(study_text, encoding="utf-8")
        _summary = sweep(read_study(_file), f"{_folder}/sweep", goal=Goal(REPLICATIONS), workers=1, rows=True)
        found = sensitivity(folder_of(f"{_folder}/sweep"), (OUTCOME,))
    # Replications at some points were run again by the other engine: they agree.
    assert _summary.checked > 0
    assert not _summary.differing
    (outcome,) = (each for each in found["outcomes"] if each["outcome"] == OUTCOME)
    return found, outcome


@app.cell
def _(found, run):
    mo.stop(mo.running_in_notebook() and not run.value, mo.md("*Predict first.*"))
    tornado(found, outcomes=(OUTCOME,))
    return


@app.cell
def _(outcome):
    # By stage: the difference of the share to the scenario as it stands, with the delay halved and doubled.
    effects = {
        name: tuple(each["difference"] for each in index["values"])
        for name, index in zip(STAGES, outcome["indices"], strict=True)
    }
    most = max(effects, key=lambda name: max(map(abs, effects[name])))
    slack = [name for name, both in effects.items() if max(map(abs, both)) < 0.01]
    # The authority for fire is on every path to a shot; the fighters had been there for a quarter of an hour.
    assert most == "authorise-fire"
    assert effects[most][1] < -0.2
    assert {"identify", "scramble-east"} <= set(slack)
    return effects, most, slack


@app.cell(hide_code=True)
def _(effects, labels, medians_s, most, predicted_most, predicted_none, predicted_points, run):
    mo.stop(mo.running_in_notebook() and not run.value)
    _rows = "\n    ".join(
        f"| {labels[name]} | {medians_s[name]} | {half * 100:+.2f} | {twice * 100:+.2f} |"
        for name, (half, twice) in sorted(effects.items(), key=lambda each: -max(map(abs, each[1])))
    )
    _right = "as the model has it" if predicted_most.value == most else f"the model says: *{labels[most]}*"
    _least = max(map(abs, effects[predicted_none.value])) * 100
    _fall = -effects[most][1] * 100
    mo.md(f"""
    | delay | median, s | halved: points | doubled: points |
    |:---|:---|:---|:---|
    {_rows}

    - You said that it matters most: *{labels[predicted_most.value]}*; {_right}.
    - You said that it matters least: *{labels[predicted_none.value]}*; it moves the share by {_least:.2f} points at most.
    - You said that the share falls by {predicted_points.value} points; it falls by **{_fall:.1f}**.

    The bars are not symmetric: half the delay gains less than twice the delay loses. A share has a ceiling. Most mornings are
    won already, so there is little left to gain and much to lose.
    """)
    return


@app.cell(hide_code=True)
def _(effects, labels, run, slack):
    mo.stop(mo.running_in_notebook() and not run.value)
    _named = ", ".join(f"*{labels[name]}*" for name in slack)
    _mornings = round(max(abs(each) for name in slack for each in effects[name]) * REPLICATIONS)
    mo.md(f"""
    ## 4 Why most of them hardly matter (5 min)

    Halved or doubled, these change the outcome in {_mornings} of {REPLICATIONS} mornings at most: {_named}. What they release is
    ready before it is needed, in most mornings by minutes: there is *slack*, as lesson 1 showed for one morning. Halving a delay
    that has slack makes the slack longer, and nothing else.

    Slack is no property of a delay. It belongs to the scenario: here a pair holds on station not far from the islets, which is
    an assumption. Without it, the fighters come from the ground, and the same delay may decide everything. *What does not
    matter here is not what does not matter.*
    """)
    return


@app.cell
def _(document, medians_s, scenario):
    # Two versions of the scenario meet the same draws: every duration that was not changed is the same in both.
    _at = "command.stages.{}.delay_s"

    def variant(label, **factors):
        """Return the scenario with some delays taking a multiple of the time, spread included."""
        changes = []
        for name, factor in factors.items():
            stage = name.replace("_", "-")
            law = document.data["command"]["stages"][stage]["delay_s"]
            changes += [f"{_at.format(stage)}.{key}={law[key] * factor:g}" for key in ("median", "p95")]
            changes.sort(
                reverse=factor > 1
            )  # the larger first where both grow, so that p95 stays above the median
        return Variant(label, *read("july-2019", changes))

    _baseline = Variant("as it stands", scenario, document)
    _variants = [
        variant("report: twice", report_violation=2),
        variant("authority: half", authorise_fire=0.5),
        variant("report: half", report_violation=0.5),
        variant("both: half", authorise_fire=0.5, report_violation=0.5),
    ]
    assert medians_s["report-violation"] < medians_s["authorise-fire"]
    compared = compare([_baseline, *_variants], SEED, REPLICATIONS)

    def of_first_stay(label):
        """Return what the comparison says of shots in the first stay."""
        comparison = next(each for each in compared["comparisons"] if each["variant"] == label)
        return next(each for each in comparison["outcomes"] if each["outcome"] == SHOTS)

    return compared, of_first_stay


@app.cell
def _(of_first_stay):
    # The other way: a second sample of mornings with other dice, as two separate studies would have it.
    _later, _ = read(
        "july-2019",
        [
            "command.stages.report-violation.delay_s.p95=50",
            "command.stages.report-violation.delay_s.median=20",
        ],
    )

    other_shares = [
        float((~simulate(_later, REPLICATIONS, seed=_seed)[SHOTS].mask).mean()) for _seed in (2, 3)
    ]
    paired = of_first_stay("report: twice")
    assert paired["variant_only"] == 0
    return other_shares, paired


@app.cell
def _(document, effects, medians_s, scenario):
    # Where a slower chain wins a morning: one replication that only the slower version won, with the same dice.
    _path, _law = "command.stages.identify.delay_s", document.data["command"]["stages"]["identify"]["delay_s"]
    _slower, _ = read(
        "july-2019", [f"{_path}.p95={_law['p95'] * 2}", f"{_path}.median={medians_s['identify'] * 2}"]
    )
    _rows = [simulate(each, 1, seed=SEED, first=ODD).row(0) for each in (scenario, _slower)]
    assert [row[SHOTS] is None for row in _rows] == [True, False]
    odd_turns = [row["a50.turns.at"][:8] for row in _rows]
    odd_leaves = [row["a50.airspace.1.leaves.at"][:8] for row in _rows]
    odd_gain = round(effects["identify"][1] * REPLICATIONS)
    assert odd_turns[0] < odd_turns[1]
    assert odd_leaves[0] < odd_leaves[1]
    assert odd_gain > 0
    return odd_gain, odd_leaves, odd_turns


@app.cell(hide_code=True)
def _(compared, other_shares, paired):
    _base, _later = paired["shares"]
    _low, _high = paired["share_interval"]
    _wide_low, _wide_high = paired["share_unpaired_interval"]
    _ratio = paired["share_width_ratio"]
    assert _ratio < 1
    _others = ", ".join(f"{(share - _base) * 100:+.1f}" for share in other_shares)
    mo.vstack(
        [
            mo.md(f"""
    ## 5 The same dice for both (10 min)

    The report of the violation takes twice as long. Does it matter? Two studies with dice of their own differ by chance too:
    two samples of {REPLICATIONS} slower mornings, each with another seed, less the one that we have, come to {_others} points.
    Which is right?

    The model draws each duration from a number of its own, known by seed, replication and what is drawn. So both versions can
    meet the *same* dice (common random numbers), and morning by morning only what was changed is different.

    | | share of mornings with shots in the first stay |
    |:---|:---|
    | as it stands | {_base:.1%} |
    | report takes twice as long | {_later:.1%} |
    | mornings won only as it stands | {paired["baseline_only"]} |
    | mornings won only with the slower report | {paired["variant_only"]} |
    | **difference, same dice** | **{(_later - _base) * 100:+.1f} points**, 95 % interval {_low * 100:+.1f} to {_high * 100:+.1f} |
    | the same as two separate samples would tell it | interval {_wide_low * 100:+.1f} to {_wide_high * 100:+.1f} |

    The interval of the pairs is {_ratio:.2f} times as wide. To get as narrow with separate samples, one would need about
    1/{_ratio:.2f}² = {1 / _ratio**2:.0f} times as many mornings. And pairs say *in which* mornings it mattered.
    """),
            counterfactuals(ladders(compared)),
        ]
    )
    return


@app.cell(hide_code=True)
def _(effects, odd_gain, odd_leaves, odd_turns, of_first_stay, paired, run):
    mo.stop(mo.running_in_notebook() and not run.value)
    _single = [
        of_first_stay(label)["share_difference"] * 100 for label in ("authority: half", "report: half")
    ]
    _both = of_first_stay("both: half")["share_difference"] * 100
    _ratio = paired["share_width_ratio"]
    # The sweep and the comparison are two ways to the same numbers.
    assert abs(effects["authorise-fire"][0] * 100 - _single[0]) < 0.01
    mo.vstack(
        [
            mo.md("""
    ## 6 Exercises (10 min)

    1. Halving the authority gains some points, halving the report some. What do both together gain: the sum, more, or less?
       Write down a guess and a reason.
    2. How many mornings would two separate samples need to tell the difference of part 5 as well as the pairs do?
    3. No morning was won *only* with the slower report. Is that luck? Can you think of a scenario where it would not hold?
    4. *For discussion.* Somebody says: "The scramble delay has no effect, so we need not exercise it." What do you answer?
    """),
            mo.accordion(
                {
                    "Answer 1": mo.md(f"""
    Authority {_single[0]:+.1f}, report {_single[1]:+.1f}, the sum {sum(_single):+.1f}, together **{_both:+.1f}** points. Less than the
    sum, for a morning can be won only once: what one change has saved the other cannot save again. Varying one quantity at a
    time cannot see that; a grid or Sobol indices can (`intercept sensitivity`).
    """),
                    "Answer 2": mo.md(f"""
    The width of an interval falls with the root of the number. A ratio of {_ratio:.2f} wants 1/{_ratio:.2f}² = {1 / _ratio**2:.1f} times as
    many, so about **{REPLICATIONS / _ratio**2:,.0f}** mornings instead of {REPLICATIONS}, of each version.
    """),
                    "Answer 3": mo.md(f"""
    Not luck: with the same dice a slower report makes each shot later or leaves it as it was, and the crew hears nothing of the
    report. It does not hold where somebody *reacts* to what is delayed. Look at the table of part 3: finding no flight plan in
    twice the time *gains* {odd_gain} of {REPLICATIONS} mornings. In replication {ODD} the fighters then come later, the crew turns
    away at {odd_turns[1]} instead of {odd_turns[0]} and leaves the airspace at {odd_leaves[1]} instead of {odd_leaves[0]}: the slower
    chain left the aircraft inside for long enough to be shot across the nose. Shots in time are not the same as a good end.
    """),
                    "Answer 4": mo.md("""
    It has no effect *here, on this outcome, over this range, with a pair already on station*. All four can change. A result of
    sensitivity is a statement about a model round one point; it tells where to look, not what to stop doing.
    """),
                }
            ),
            mo.md("""
    **To take home.** Ask of each unknown number whether the answer depends on it, before asking how large it is. Compare with the
    same dice. And say of every "does not matter": round which point, for which outcome, over which range.
    """),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
