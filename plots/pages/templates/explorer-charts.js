// The share against one quantity, and the race: by when, as a share of all replications.

// ---- the curve

// Beside each other the charts share the height of the window; one below the other they need not.
const tall = (share, least) => Math.round(Math.max(least * rem(), innerWidth < 1200 ? 0 : share * innerHeight));

function frameOf(box, height, title) {
  const unit = rem(), width = Math.max(260, box.clientWidth);
  const inner = { left: 3.1 * unit, right: width - 1.9 * unit, top: .7 * unit, bottom: height - 2.5 * unit };
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": title });
  const y = share => inner.bottom - share * (inner.bottom - inner.top);
  for (const share of [0, .2, .4, .6, .8, 1]) {
    picture.append(svg("line", { x1: inner.left, x2: inner.right, y1: y(share), y2: y(share),
      stroke: share === 0 ? "#1a1a1a" : "#d9d9d6" }),
    svg("text", { x: inner.left - .4 * unit, y: y(share), dy: ".35em", "text-anchor": "end" },
      `${Math.round(100 * share)} %`));
  }
  return { picture, inner, unit, y, width, height };
}

// Of texts that stand along a line, which ones are shown: every so many-th, so that none touches another.
function regular(items) {
  const free = every => {
    const kept = items.filter((item, number) => number % every === 0);
    return kept.every((item, number) => number === 0 ||
      Math.abs(item.at - kept[number - 1].at) >= (item.room + kept[number - 1].room) / 2);
  };
  const every = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500].find(free) ?? items.length;
  return (item, number) => number % every === 0;
}
const wide = (text, unit) => .52 * unit * text.length + .7 * unit;

function ticks(chart, items, below) {
  const shows = regular(items.map(({ x, text }) => ({ at: x, room: wide(text, chart.unit) })));
  items.forEach(({ x, text }, number) => {
    const fits = shows(null, number);
    chart.picture.append(svg("line", { x1: x, x2: x, y1: chart.inner.bottom, stroke: "#1a1a1a",
      y2: chart.inner.bottom + (fits ? 6 : 3) }));
    if (!fits) return;
    chart.picture.append(svg("text", { x, y: chart.inner.bottom + 1.15 * chart.unit, "text-anchor": "middle" }, text));
  });
  chart.picture.append(svg("text", { x: (chart.inner.left + chart.inner.right) / 2, y: chart.height - .25 * chart.unit,
    "text-anchor": "middle", "font-weight": "bold" }, below));
}

const along = (settings, number, place) => settings.map((each, other) => other === number ? place : each);
const curveOf = pin => quantities[pin.x].values.map((value, place) =>
  at(outcomes[pin.outcome], cellOf(along(pin.at, pin.x, place))));

function showCurve() {
  const each = quantities[state.x], outcome = outcomes[state.outcome], where = placing(each);
  const told = curveOf(state), chart = frameOf(get("curve"), tall(.35, 16),
    `${outcome.name}: share against ${withUnit(each)}. The table below has its numbers.`);
  const x = share => chart.inner.left + share * (chart.inner.right - chart.inner.left);
  const base = baseAt(each);
  if (base !== null) {
    const at = x(between(each, base));
    chart.picture.append(svg("line", { x1: at, x2: at, y1: chart.inner.top, y2: chart.inner.bottom, stroke: "#5f5f5f",
      "stroke-dasharray": "3 3" }), svg("path", { d: "M0 0l6 9h-12z", transform: `translate(${at} ${chart.inner.bottom})`,
      fill: "#1a1a1a" }));
  }
  ticks(chart, each.texts.map((text, place) =>
    ({ x: x(where.of(place)), text: each.numeric && each.unit ? text.slice(0, -each.unit.length - 1) : text })),
  withUnit(each) + (each.numeric && !where.scaled ? ", by order, not to scale" : ""));
  if (!hidden()) {
    const ends = state.pins.map((pin, number) => ({ pin, number })).filter(({ pin }) => pin.x === state.x)
      .map(({ pin, number }) => drawLine(chart, each, x, curveOf(pin), dashes[number], String(number + 1)));
    drawBand(chart, each, x, told);
    drawLine(chart, each, x, told, "", "");
    spread(ends.filter(Boolean), chart.unit, chart.inner.bottom).forEach(end => chart.picture.append(
      svg("text", { x: end.x + .5 * chart.unit, y: end.y, dy: ".35em", "font-weight": "bold" }, end.text)));
    drawHere(chart, x(where.of(state.at[state.x])), told[state.at[state.x]]);
  }
  listen(chart.picture, each, x, told);
  get("curve").replaceChildren(chart.picture);
  get("curve-hover").textContent = hidden() ? "Hidden until you have guessed." : atRest();
  tableOf(each, outcome, told);
}

const atRest = () => {
  const rest = others(state.at, [state.x]);
  return rest ? `With ${rest}.` : "";
};

function drawBand(chart, each, x, told) {
  const where = placing(each), there = told.map((it, place) => ({ it, place })).filter(({ it }) => it !== null);
  const ways = [...there.map(({ it, place }) => `${x(where.of(place))} ${chart.y(it.high)}`),
    ...there.toReversed().map(({ it, place }) => `${x(where.of(place))} ${chart.y(it.low)}`)];
  if (each.numeric) chart.picture.append(svg("path", { d: `M${ways.join("L")}Z`, fill: "#004488", opacity: .15 }));
  for (const { it, place } of there) {
    const at = x(where.of(place));
    chart.picture.append(svg("line", { x1: at, x2: at, y1: chart.y(it.low), y2: chart.y(it.high), stroke: "#004488" }));
  }
}

// A line in pieces: it has a gap where a point could not be run. Gives the place of its end.
function drawLine(chart, each, x, told, dash, text) {
  const where = placing(each);
  let way = "", end = null, pen = "M";
  told.forEach((it, place) => {
    if (it === null) { pen = "M"; return; }
    end = { x: x(where.of(place)), y: chart.y(it.share), text };
    way += `${pen}${end.x} ${end.y}`;
    pen = each.numeric ? "L" : "M";
    chart.picture.append(svg("circle", { cx: end.x, cy: end.y, r: dash ? 3 : 4, fill: dash ? "#fff" : "#004488",
      stroke: dash ? "#1a1a1a" : "#004488", class: dash ? "pinned" : "dot" }));
  });
  if (way) {
    chart.picture.insertBefore(svg("path", { d: way, fill: "none", stroke: dash ? "#1a1a1a" : "#004488",
      "stroke-width": dash ? 1.5 : 2.5, "stroke-dasharray": dash || "none" }), chart.picture.querySelector("circle"));
  }
  return end;
}

// Labels at the ends of lines, moved apart so that none covers another.
function spread(ends, unit, bottom) {
  const sorted = ends.toSorted((one, other) => one.y - other.y);
  sorted.forEach((end, number) => {
    if (number) end.y = Math.max(end.y, sorted[number - 1].y + .85 * unit);
  });
  sorted.toReversed().forEach((end, number) => { end.y = Math.min(end.y, bottom - .85 * unit * number); });
  return sorted;
}

function drawHere(chart, at, told) {
  if (told === null) return;
  chart.picture.append(svg("circle", { cx: at, cy: chart.y(told.share), r: 8, fill: "none", stroke: "#1a1a1a",
    "stroke-width": 2.5 }));
  if (!state.revealed) return;
  const y = chart.y(state.guess / 100);
  chart.picture.append(
    svg("path", { d: "M0 -7L7 0L0 7L-7 0Z", transform: `translate(${at} ${y})`, fill: "#ddaa33", stroke: "#1a1a1a" }),
    svg("text", { x: at + (at > chart.width / 2 ? -12 : 12), y, dy: ".35em", "font-weight": "bold", class: "halo",
      "text-anchor": at > chart.width / 2 ? "end" : "start" }, `your guess ${state.guess} %`));
}

function listen(picture, each, x, told) {
  const where = placing(each);
  const placeOf = event => {
    const box = picture.getBoundingClientRect();
    const gaps = each.values.map((value, place) => Math.abs(event.clientX - box.left - x(where.of(place))));
    return gaps.indexOf(Math.min(...gaps));
  };
  picture.addEventListener("pointermove", event => {
    if (hidden()) return;
    const place = placeOf(event);
    get("curve-hover").textContent = line(each.texts[place], told[place], cellOf(along(state.at, state.x, place)));
  });
  picture.addEventListener("pointerleave", () => { if (!hidden()) get("curve-hover").textContent = atRest(); });
  picture.addEventListener("click", event => { state.at[state.x] = placeOf(event); moved(); });
}
const line = (text, told, cell) => told === null ? `${text}: ${why(cell)}` :
  `${text}: ${percent(told.share)} (${counted(told)}; 95 % interval ${interval(told)})`;

function tableOf(each, outcome, told) {
  const head = [withUnit(each), "n", "of", "share", "95 % interval", "5 %", "median", "95 %"];
  const rows = hidden() ? [] : told.map((it, place) => {
    const row = make("tr", place === state.at[state.x] ? { class: "here", "aria-current": "true" } : {},
      make("th", { scope: "row" }, each.texts[place]));
    const cells = it === null ? ["–", "–", "–", "–", "–", "–", "–"] :
      [it.n, it.count, percent(it.share), interval(it), ...it.quantiles.map(value =>
        value === null ? "–" : shown(outcome, value))];
    row.append(...cells.map(text => make("td", {}, String(text))));
    return row;
  });
  get("curve-table").replaceChildren(make("table", {},
    make("caption", {}, `${outcome.name}${others(state.at, [state.x]) ? `, with ${others(state.at, [state.x])}` : ""}`),
    make("thead", {}, make("tr", {}, ...head.map(text => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows)));
}

// ---- the race: by when, as a share of all replications

function showRace() {
  const outcome = outcomes[state.outcome], cell = cellOf(state.at), told = at(outcome, cell);
  get("race-title").textContent = outcome.race ? "The race: share in which it had come by then" :
    "Share in which it had happened by then";
  const curve = outcome.curve, stay = outcome.stay;
  get("race").parentElement.hidden = !curve;
  if (!curve) { get("race").replaceChildren(); return; }
  const stays = stay ? stay.quantiles.flat().filter(value => value !== null) : [];
  const first = outcome.race ? Math.min(0, curve.begins) : curve.begins - Math.max(curve.step, 30);
  const end = Math.max(curve.ends, ...stays, first + 60), last = end + (end - first) / 40;
  const chart = frameOf(get("race"), tall(.27, 13),
    `${outcome.name}: share of all replications in which it had happened, against time`);
  const x = value => chart.inner.left + (value - first) / (last - first) * (chart.inner.right - chart.inner.left);
  const gap = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400]
    .find(width => (last - first) / width <= 9) ?? 28800;
  const zero = outcome.clock ? data.start_s : 0, marks = [];
  for (let mark = Math.ceil((first + zero) / gap) * gap - zero; mark <= last; mark += gap) marks.push(mark);
  ticks(chart, marks.map(value => ({ x: x(value), text: outcome.clock ? clock(value).slice(0, gap < 60 ? 8 : 5) :
    String(value) })), outcome.clock ? "local time" : outcome.race ? "seconds since the entry" : "seconds");
  get("race-note").textContent = "";
  if (!hidden()) {
    if (stay && of(stay.n, cell)) drawStay(chart, x, stay, cell);
    state.pins.forEach((pin, number) => {
      if (pin.outcome === state.outcome) drawSteps(chart, x, curve, cellOf(pin.at), "#1a1a1a", dashes[number]);
    });
    if (told !== null) {
      drawSteps(chart, x, curve, cell, "#004488", "");
      if (told.n) drawQuantiles(chart, x, told);
    }
    get("race-note").textContent = `Counted every ${curve.step.toLocaleString("en")} s, of all replications: the curve ` +
      "ends at the share above. Bar: 5–95 % of those in which it happened, dot: their median." +
      (stay ? " Shaded: when the stay ends, 5–95 % with the median dashed." : "");
  }
  get("race").replaceChildren(chart.picture);
}

function drawStay(chart, x, stay, cell) {
  const [low, middle, high] = stay.quantiles.map(column => x(of(column, cell)));
  chart.picture.append(
    svg("rect", { x: low - 1, width: Math.max(2, high - low + 2), y: chart.inner.top, fill: "#9a9a9a", opacity: .4,
      height: chart.inner.bottom - chart.inner.top }),
    svg("line", { x1: middle, x2: middle, y1: chart.inner.top, y2: chart.inner.bottom, stroke: "#1a1a1a",
      "stroke-dasharray": "6 3" }),
    svg("text", { x: middle, y: chart.inner.top - .15 * chart.unit,
      "text-anchor": middle > chart.inner.right - 3.5 * chart.unit ? "end" : "middle" }, "the stay ends"));
}

function drawSteps(chart, x, curve, cell, stroke, dash) {
  const row = curve.rows[curve.of[cell]], count = of(data.replications, cell);
  if (!row.length || !count) return;
  let sum = 0, way = `M${chart.inner.left} ${chart.y(0)}`;
  row.slice(1).forEach((number, place) => {
    sum += number;
    way += `H${x(curve.begins + (row[0] + place) * curve.step)}V${chart.y(sum / count)}`;
  });
  chart.picture.append(svg("path", { d: `${way}H${chart.inner.right}`, fill: "none", stroke,
    "stroke-width": dash ? 1.5 : 2.5, "stroke-dasharray": dash || "none" }));
}

function drawQuantiles(chart, x, told) {
  const [low, middle, high] = told.quantiles.map(x), y = chart.inner.bottom - .5 * chart.unit;
  chart.picture.append(svg("line", { x1: low, x2: high, y1: y, y2: y, stroke: "#1a1a1a", "stroke-width": 3 }),
    svg("circle", { cx: middle, cy: y, r: 5, fill: "#fff", stroke: "#1a1a1a", "stroke-width": 2 }));
}
