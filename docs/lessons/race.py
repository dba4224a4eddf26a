"""Lesson 1: a race against three minutes.  Open with `marimo run docs/lessons/race.py`, or run as a script."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="A race against three minutes")

with app.setup:
    import math
    import re

    import marimo as mo

    from plots.race import race as race_figure
    from sim.compare import Variant, compare
    from sim.document import digest
    from sim.explain import Case, explain
    from sim.many import simulate
    from sim.provenance import Provenance
    from sim.race import race
    from sim.scenario import read
    from sim.spread import wilson
    from sim.units import KM_PER_NMI, KT_TO_KM_PER_S

    SEED, REPLICATIONS = 1, 1000
    EXAMPLE = 33  # a replication in which every undisputed check comes out, see README.md


@app.cell(hide_code=True)
def _():
    mo.md("""
    # A race against three minutes

    **Question.** On 23 July 2019 an aircraft flew past the islets Dokdo / Takeshima (Liancourt Rocks) in the East Sea /
    Sea of Japan, and was inside the ring of airspace round them for some three minutes, twice. A decision to fire warning
    shots had to climb a chain of command and come down again. *Is three minutes enough?*

    **You will be able to**

    - turn a distance on a map into minutes in which somebody must decide;
    - read a share with its interval, and a row of dots of which each is equally likely;
    - find the step that binds, and say why other steps could be slower without harm;
    - tell what was reported from what is simulated.

    | minutes | part |
    |:---|:---|
    | 5 | 1 The situation, and what is disputed about it |
    | 5 | 2 How close is how long? |
    | 5 | 3 Predict, alone and in writing |
    | 10 | 4 Run the model, reveal, compare |
    | 10 | 5 One morning, second by second |
    | 10 | 6 Exercises, answers, what to take home |
    """)
    return


@app.cell
def _():
    scenario, document = read("july-2019")
    return document, scenario


@app.cell(hide_code=True)
def _(scenario):
    _shown = [
        "a50-airspace-in-1",
        "a50-airspace-out-1",
        "flares-time-1",
        "shots-time-1",
        "airspace-entries-denied",
        "warning-fire-denied",
    ]

    def _reported(fact):
        if fact.at is not None:
            return f"{fact.at:%H:%M}"
        if fact.earliest is not None and fact.latest is not None:
            return f"{fact.earliest:%H:%M} – {fact.latest:%H:%M}"
        return f"{fact.value:g}"

    _rows = "\n".join(
        f"| {scenario.facts[name].statement} | {_reported(scenario.facts[name])} | "
        f"{'disputed' if scenario.facts[name].disputed else 'undisputed'} | {scenario.facts[name].role} |"
        for name in _shown
    )
    mo.md(f"""
    ## 1 The situation (5 min)

    Some of what was reported, as the scenario file holds it, each with its source there:

    | statement | reported | | role |
    |:---|:---|:---|:---|
    {_rows}

    Governments disagree: Seoul and Tokyo each report that airspace was entered, Moscow denies it. Whose airspace it is, is
    disputed too. The model takes no side: it asks what the *timings* would bring about if the aircraft flew the reported
    way. A fact of role `input` was used to write the scenario; one of role `check` was kept apart to test it.
    """)
    return


@app.cell(hide_code=True)
def _():
    closest = mo.ui.slider(
        0, 22, step=1, value=12, show_value=True, label="closest approach to the islets, in km"
    )
    mo.vstack(
        [
            mo.md("""
    ## 2 How close is how long? (5 min)

    The airspace reaches 12 nautical miles from the islets. An aircraft that passes at a distance cuts the ring along a
    straight line. Move the slider. *At what distance does it stay half as long as through the middle?*
    """),
            closest,
        ]
    )
    return (closest,)


@app.cell
def _(scenario):
    radius_km = scenario.zones["airspace"].radius_nmi * KM_PER_NMI

    def inside_s(distance_km, speed_kt):
        """Return the seconds inside the ring: half the way is the side of a right-angled triangle."""
        half_km = math.sqrt(max(0.0, radius_km**2 - distance_km**2))
        return 2 * half_km / (speed_kt * KT_TO_KM_PER_S)

    return radius_km, inside_s


@app.cell(hide_code=True)
def _(radius_km, closest, inside_s, speed_kt):
    _seconds = inside_s(closest.value, speed_kt)
    mo.md(f"""
    Radius {radius_km:.1f} km. At {speed_kt:.0f} kt, the ground speed of the flight in the scenario there, a pass at
    **{closest.value} km** lasts **{int(_seconds // 60)} min {_seconds % 60:02.0f} s**; one through the middle
    {inside_s(0, speed_kt) / 60:.1f} min.
    """)
    return


@app.cell
def _(document, scenario):
    # The model: 1,000 mornings that differ in what chance decides, each told from its own random numbers.
    outcomes = simulate(scenario, REPLICATIONS, seed=SEED)
    made = Provenance(document.name, digest(document.data), SEED, REPLICATIONS)
    found = race(outcomes, scenario, made)
    first_stay, second_stay = found.stays
    shots = {stay.number: next(act for act in stay.acts if act.measure == "shots") for stay in found.stays}
    return first_stay, found, outcomes, second_stay, shots


@app.cell
def _(first_stay, inside_s, outcomes):
    # The speed follows from the way and the time of the first stay in the middle of the replications.
    distance_km = float(outcomes["a50.airspace.1.closest_km"].compressed()[0])
    median_inside_s = first_stay.inside_quantile_s(50)
    speed_kt = inside_s(distance_km, 1.0) / median_inside_s
    # Pythagoras' time at that speed is the model's by construction; that the speed is an aircraft's is not.
    assert 250 < speed_kt < 500, speed_kt
    return distance_km, median_inside_s, speed_kt


@app.cell(hide_code=True)
def _(scenario):
    _chain = ["report-violation", "authorise-fire"]
    _posts = {name: scenario.command.posts[scenario.command.stages[name].post].label for name in _chain}
    predicted = mo.ui.slider(
        0,
        100,
        step=5,
        value=50,
        show_value=True,
        label="warning shots in time, in so many of 100 first stays",
    )
    predicted_step = mo.ui.dropdown(
        [
            "the violation is reported",
            "the authority to fire is given",
            "the order reaches the pilot",
            "a fighter gets there",
        ],
        value="a fighter gets there",
        label="this takes longest after the entry",
    )
    mo.vstack(
        [
            mo.md(f"""
    ## 3 Predict (5 min)

    When the aircraft crosses the boundary, this has to happen, one after the other: the control centre sees it and tells
    {_posts["report-violation"]}; they report the violation to {_posts["authorise-fire"]}; these authorise warning fire; the
    order goes to the pilot, who fires ahead of the nose. A pair of fighters may or may not be beside the aircraft by then.

    Write down your answers before anybody runs anything. Then set them here.
    """),
            predicted,
            predicted_step,
        ]
    )
    return predicted, predicted_step


@app.cell(hide_code=True)
def _():
    run = mo.ui.switch(label="Reveal what 1,000 mornings say")
    mo.vstack([mo.md("## 4 Run, reveal, compare (10 min)"), run])
    return (run,)


@app.cell
def _(found, run):
    mo.stop(mo.running_in_notebook() and not run.value, mo.md("*Predict first.*"))
    race_figure(found)
    return


@app.cell(hide_code=True)
def _(first_stay, predicted, run, second_stay, shots):
    mo.stop(mo.running_in_notebook() and not run.value)
    _act = shots[1]
    _low, _high = _act.interval
    _gap = predicted.value / 100 - _act.share
    _word = "inside" if _low <= predicted.value / 100 <= _high else "outside"
    mo.md(f"""
    | | your prediction | model | 95 % interval |
    |:---|:---|:---|:---|
    | warning shots in time, first stay | {predicted.value} % | **{_act.share:.0%}** ({_act.in_time} of {_act.stays}) | {_low:.0%} – {_high:.0%} |
    | the same, second stay | | {shots[2].share:.0%} ({shots[2].in_time} of {shots[2].stays}) | {shots[2].interval[0]:.0%} – {shots[2].interval[1]:.0%} |

    You were {abs(_gap) * 100:.0f} points {"too high" if _gap > 0 else "too low" if _gap < 0 else "off: exactly right"}, {_word}
    the interval. The interval says how much 1,000 mornings can tell about the *model*; it says nothing about how well the
    model fits the world (lesson 3).

    **How to read the figure.** Each dot is one of 20 equally likely stays; an open dot is one that the aircraft left before
    the act. The line that ends the race is the exit: {first_stay.inside_quantile_s(50) / 60:.1f} min after the entry in the
    first stay, {second_stay.inside_quantile_s(50) / 60:.1f} min in the second. *Why is the second race won more often?* Because
    the authority to fire was given in the first stay in most mornings, and is not asked for again.
    """)
    return


@app.cell
def _(scenario):
    # The scenario asks for the authority once an encounter, not once a stay: that is why the second race is shorter.
    assert scenario.command.stages["authorise-fire"].per is None
    return


@app.cell
def _(document, scenario):
    # One morning: what led to the first warning shot, and what each step waited for.
    _case = Case(scenario, document.name, digest(document.data), SEED, EXAMPLE)
    told = explain(_case, within_s=0)
    path = next(each["steps"] for each in told["paths"] if each["to"] == "rung warning shots")
    entry = next(place for place, step in enumerate(path) if step["kind"] == "enters")
    path = path[entry:]
    whole_s = path[-1]["step"] - path[0]["step"]
    assert whole_s == sum(step["after_s"] for step in path[1:])
    return path, whole_s


@app.cell(hide_code=True)
def _(median_inside_s, path, predicted_step, run, scenario, whole_s):
    mo.stop(mo.running_in_notebook() and not run.value)
    _labels = {name: post.label for name, post in scenario.command.posts.items()}
    _labels |= {name: flight.label for name, flight in scenario.intruders.items()}
    _labels |= {name: zone.label for name, zone in scenario.zones.items()}

    def _named(words):
        """Write a step with the scenario's own labels."""
        return re.sub("|".join(rf"\b{name}\b" for name in _labels), lambda found: _labels[found[0]], words)

    _rows = "\n".join(
        f"| {step['time'][:8]} | {_named(step['told'])} | {step['after_s'] if place else ''} | "
        + (
            ", ".join(f"{_named(slack['input'])}: {slack['ready_s_before']} s" for slack in step["slack"])
            or ""
        )
        + " |"
        for place, step in enumerate(path)
    )
    longest = max(path[1:], key=lambda step: step["after_s"])
    _met = {slack["input"]: slack["ready_s_before"] for slack in path[-1]["slack"]}
    _joined = next(seconds for name, seconds in _met.items() if name.endswith("joined"))
    _right = predicted_step.value == "the authority to fire is given"
    assert longest["kind"] == "fire-authorised"
    assert _joined > 600
    mo.md(f"""
    ## 5 One morning, second by second (10 min)

    Replication {EXAMPLE} of seed {SEED}. Each line is the cause of the next.

    | time | what | seconds since the line above | what else was ready, and how long before |
    |:---|:---|:---|:---|
    {_rows}

    From the entry to the shot {whole_s} s, of {median_inside_s:.0f} s that there were: {median_inside_s - whole_s:.0f} s to spare.
    The longest step is *{_named(longest["told"])}*: {longest["after_s"]} of {whole_s} s. You said: *{predicted_step.value}*, which is
    {"right" if _right else "not so in this morning"}. The fighters were beside the aircraft {_joined / 60:.0f} minutes before they
    were needed: that is *slack*. Had they come ten minutes later, nothing would have changed. A step with slack does not
    matter, however slow it is; a step without slack matters by every second. Try `intercept explain july-2019 -r {EXAMPLE}`.
    """)
    return


@app.cell
def _(document, scenario):
    # What the exercises ask for, by the model itself: the same mornings with one thing changed.
    _stage = "command.stages.authorise-fire.delay_s"
    _changed = {
        "standing authority": [f"{_stage}=0"],
        "twice as long": [f"{_stage}.median=220", f"{_stage}.p95=380"],
    }
    _variants = [Variant("as it stands", scenario, document)]
    _variants += [Variant(label, *read("july-2019", changes)) for label, changes in _changed.items()]
    compared = compare(_variants, SEED, REPLICATIONS)

    def first_stay_shots(number):
        """Return in how many mornings shots fell in the first stay: (baseline, variant)."""
        row = next(
            each
            for each in compared["comparisons"][number]["outcomes"]
            if each["outcome"] == "a50.airspace.1.shots.decision_s"
        )
        return row["both"] + row["baseline_only"], row["both"] + row["variant_only"]

    as_it_stands, standing = first_stay_shots(0)
    _, doubled = first_stay_shots(1)
    return as_it_stands, doubled, standing


@app.cell
def _(as_it_stands, doubled, shots, standing):
    # The comparison meets the same draws as the run above, so that its baseline is that run.
    assert as_it_stands == shots[1].in_time
    assert doubled < as_it_stands < standing
    return


@app.cell(hide_code=True)
def _(radius_km, as_it_stands, doubled, inside_s, shots, speed_kt, standing):
    _half_km = radius_km * math.sqrt(3) / 2
    assert math.isclose(inside_s(_half_km, speed_kt), inside_s(0, speed_kt) / 2)
    _dots = shots[1].dots(20)
    _open = sum(dot is None for dot in _dots)
    _low, _high = wilson(standing, REPLICATIONS)
    mo.vstack(
        [
            mo.md("""
    ## 6 Exercises (10 min)

    1. At what distance does an aircraft stay half as long as through the middle?
    2. How many of the 20 dots of the first stay should be open? Count, then reckon from the share.
    3. The authority is given in advance (a standing order). In how many of 1,000 mornings do shots now fall in the first
       stay? And if the authority takes twice as long, median and 95th percentile? Guess both before you open the answer.
    4. *For discussion.* A standing order wins the race. What does it cost, and who would want to lose this race?
    """),
            mo.accordion(
                {
                    "Answer 1": mo.md(f"""
    Half the way through means half the chord: √(R² − d²) = R/2, so d = R·√3/2 = **{_half_km:.1f} km**. Up to more than four
    fifths of the radius the time falls by no more than a half: passing a little farther off hardly shortens the race.
    """),
                    "Answer 2": mo.md(f"""
    **{_open}** are open. Reckoned: (1 − {shots[1].share:.3f}) × 20 = {(1 - shots[1].share) * 20:.1f}. The dots are quantiles, not a
    sample, so that they agree with the share to within one dot.
    """),
                    "Answer 3": mo.md(f"""
    With a standing authority in **{standing}**, as it stands in {as_it_stands}, taking twice as long in **{doubled}** of
    {REPLICATIONS:,} mornings. Not in all: in some the crew has turned away before, in some no pair is there, or the other
    steps take too long. (95 % interval of the first share: {_low:.1%} – {_high:.1%}.) Made with `compare`, which gives both the same
    draws: `intercept compare july-2019 --variant "standing: command.stages.authorise-fire.delay_s=0" -n 1000`.
    """),
                    "Answer 4": mo.md("""
    There is no number for this one. A standing order takes the decision away from those who see the whole picture, and it
    works also on the morning on which the aircraft is lost or in distress. Minutes to decide are
    minutes to find out, to call, and to be called off. Warning shots in time are a measure of the chain, not of safety.
    """),
                }
            ),
            mo.md("""
    **To take home.** The ring is small against the speed, so that geometry gives minutes. Of those minutes one step takes
    most; the others have slack. Whoever wants another outcome changes that step, or the geometry, or asks whether the race
    should be run at all.
    """),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
