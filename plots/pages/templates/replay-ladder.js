
/* The ladder: for each rung when it held, on the scale of the slider below it. */
const ladder = (() => {
  const AXIS_REM = 1.3;
  const INSET = 11;               // half the thumb of the slider: so the hand stands over the thumb
  const body = element("ladder");
  const strip = draw("svg", { id: "strip", "aria-hidden": "true" });
  const moving = draw("g"), still = draw("g"), hand = draw("line", { class: "hand" });
  strip.append(still, moving, hand);
  let width = 0, row = 20, axis = 20;
  let shown = "";

  const x = (seconds) => { const [a, b] = span(); return INSET + ((seconds - a) / (b - a)) * (width - 2 * INSET); };
  const y = (rung) => (data.rungs.length - 1 - rung + 0.5) * row;
  const within = (seconds) => { const [a, b] = span(); return seconds >= a && seconds <= b; };

  function rows() {
    const cell = make("td", { class: "strip", rowspan: data.rungs.length + 1 }, strip);
    [...data.rungs].reverse().forEach((rung, i) => {
      rung.cell = make("td", { class: "first" });
      rung.line = make("tr", {}, make("th", { scope: "row", title: rung.name }, rung.name));
      if (i === 0) rung.line.append(cell);
      rung.line.append(rung.cell);
      body.append(rung.line);
    });
    const foot = make("tr", {}, make("th", {}, data.clock.zone));
    if (!data.rungs.length) foot.append(cell);
    foot.append(make("td", { class: "first" }));
    body.append(foot);
  }

  /** What does not move with the clock: rows, and the scale of time. */
  function lay(onPaper = false) {
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
    axis = AXIS_REM * size;
    row = onPaper ? 5 * MM : data.rungs.length ? data.rungs[0].line.getBoundingClientRect().height : 0;
    width = onPaper ? (180 - 38 - 20) * MM : strip.parentElement.getBoundingClientRect().width;
    strip.setAttribute("width", width);
    const high = row * data.rungs.length;
    strip.setAttribute("height", high + axis);
    still.replaceChildren();
    data.rungs.forEach((_, i) => still.append(draw("line", { class: "row", x1: 0, x2: width, y1: y(i), y2: y(i) })));
    const [a, b] = span();
    const step = [60, 300, 600, 900, 1800, 3600, 7200, 14400].find((each) => (width - 2 * INSET) * each / (b - a) >= size * 2.9) ?? 28800;
    const first = Math.ceil((a + data.clock.start_s) / step) * step - data.clock.start_s;
    for (let t = first; t <= b; t += step) {
      still.append(
        draw("line", { class: "tick", x1: x(t), x2: x(t), y1: 0, y2: high + 4 }),
        draw("text", { x: x(t), y: high + axis * 0.85, "text-anchor": "middle" }, clockText(t, false)),
      );
    }
    hand.setAttribute("y2", high + axis);
    shown = "";
  }

  function bars() {
    moving.replaceChildren();
    const [a, b] = span();
    const high = row * data.rungs.length;
    const cut = (s) => Math.min(b, Math.max(a, s));
    const main = ways.find((way) => way.tone === "main");
    for (const stay of (main && data.stays[main.name]) || []) {
      const begins = secondsOf(stay.enters), ends = Math.min(secondsOf(stay.leaves ?? data.clock.last), state.future ? last_s : state.t);
      if (stay.kind !== "airspace" || ends <= a || begins >= b || begins >= ends) continue;
      moving.append(draw("rect", { class: "stay", x: x(cut(begins)), width: Math.max(1, x(cut(ends)) - x(cut(begins))), y: 0, height: high }));
    }
    data.rungs.forEach((rung, i) => {
      for (const [begin, end] of rung.spans) {
        const begins = secondsOf(begin), ends = secondsOf(end), now = Math.min(ends, state.t);
        if (begins <= state.t) bar(i, cut(begins), cut(Math.max(now, begins)), a, b, "bar");
        if (state.future && ends > state.t) bar(i, cut(Math.max(begins, state.t)), cut(ends), a, b, "bar ahead");
      }
      if (rung.step !== null && within(secondsOf(rung.step)) && (state.future || secondsOf(rung.step) <= state.t)) {
        const at = x(secondsOf(rung.step));
        moving.append(draw("line", { class: "first", x1: at, x2: at, y1: y(i) - row * 0.42, y2: y(i) + row * 0.42 }));
      }
      for (const report of rung.reported) reported(i, report);
    });
  }

  function bar(rung, begins, ends, a, b, kind) {
    if (ends < a || begins > b || (ends <= a && begins < a)) return;
    moving.append(draw("rect", { class: kind, x: x(begins), width: Math.max(3, x(ends) - x(begins)), y: y(rung) - row * 0.06, height: row * 0.38 }));
  }

  /** A reported time as a diamond, a span as two with a line between, before or after with a line that way. */
  function reported(rung, report) {
    const ends = [report.earliest_s, report.latest_s].filter((each) => each !== null);
    const happened = report.step !== null && secondsOf(report.step) <= state.t;
    if (!ends.every(within) || !(state.future || happened || Math.max(...ends) <= state.t)) return;
    const g = draw("g"), up = y(rung) - row * 0.27;
    if (report.earliest_s === null || report.latest_s === null) {
      const way = report.earliest_s === null ? -1 : 1, from = x(ends[0]);
      const d = `M${from} ${up}h${way * 20}m${-way * 5} -4l${way * 5} 4l${-way * 5} 4`;
      g.append(draw("path", { class: "between", d, fill: "none" }));
    } else if (ends[0] !== ends[1]) {
      g.append(draw("path", { class: "between", d: `M${x(ends[0])} ${up}H${x(ends[1])}` }));
    }
    for (const at of new Set(ends)) {
      const d = Math.min(6, row * 0.25);
      g.append(draw("path", { class: `diamond ${report.role}`, d: `M${x(at)} ${up - d}l${d} ${d}l${-d} ${d}l${-d} ${-d}Z` }));
    }
    moving.append(g);
  }

  function words() {
    const now = state.t;
    let top = null;
    for (const rung of data.rungs) {
      const reached = rung.step !== null && secondsOf(rung.step) <= now;
      const told = reached || (state.future && rung.step !== null);
      rung.line.classList.toggle("reached", reached);
      rung.cell.textContent = told ? rung.time.slice(0, 8) : now >= last_s || state.future ? "not reached" : "not yet";
      if (reached) top = rung;
    }
    for (const rung of data.rungs) rung.line.classList.toggle("top", rung === top);
  }

  function update() {
    if (!width) return;
    hand.setAttribute("x1", x(state.t));
    hand.setAttribute("x2", x(state.t));
    const key = `${Math.round(x(state.t) * 2)} ${stepNow() >= data.clock.last} ${state.future} ${state.whole}`;
    if (key !== shown) { shown = key; bars(); words(); }
  }

  function listen() {
    const go = (event) => {
      const box = strip.getBoundingClientRect(), [a, b] = span();
      const share = (event.clientX - box.left - INSET) / (box.width - 2 * INSET);
      goTo(Math.round(a + Math.min(1, Math.max(0, share)) * (b - a)));
    };
    strip.addEventListener("pointerdown", (event) => { strip.setPointerCapture(event.pointerId); go(event); });
    strip.addEventListener("pointermove", (event) => { if (strip.hasPointerCapture(event.pointerId)) go(event); });
  }

  return {
    start() {
      rows();
      listen();
      new ResizeObserver(() => { lay(); update(); }).observe(strip.parentElement);
    },
    lay, update,
  };
})();
