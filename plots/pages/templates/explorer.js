(() => {
  const data = intercept.data;
  const { quantities, outcomes } = data;
  const moving = quantities.map((each, number) => number).filter(number => quantities[number].values.length > 1);
  const get = id => document.getElementById(id);
  const strides = quantities.map((each, number) =>
    quantities.slice(number + 1).reduce((product, other) => product * other.values.length, 1));
  const dashes = ["7 4", "2 3", "10 3 2 3", "14 4", "4 2 1 2", "1 4"];
  const most = dashes.length;
  const state = { outcome: data.first, x: moving[0], y: moving[1] ?? moving[0], at: [], pins: [], guessing: false,
    revealed: false, guess: 50, tried: 0, inside: 0 };

  // ---- numbers, as the tables have them

  const cellOf = at => at.reduce((sum, place, number) => sum + place * strides[number], 0);
  const of = (column, cell) => Array.isArray(column) ? column[cell] : column;

  // Wilson's score interval, E. B. Wilson, J. Am. Stat. Assoc. 22, 1927: term by term as in the tables.
  function wilson(n, count) {
    const z = 1.959963984540054, share = n / count;
    const middle = (share + z * z / (2 * count)) / (1 + z * z / count);
    const half = z / (1 + z * z / count) * Math.sqrt(share * (1 - share) / count + z * z / (4 * count * count));
    return [Math.max(0, Math.min(share, middle - half)), Math.min(1, Math.max(share, middle + half))];
  }

  // One decimal; what lies exactly between two goes to the even one, as in the tables.
  function tenths(number) {
    const tenfold = Math.floor(number * 10);
    const tie = Number.isInteger(number * 4) && !Number.isInteger(number * 2);
    return tie ? ((tenfold % 2 ? tenfold + 1 : tenfold) / 10).toFixed(1) : number.toFixed(1);
  }
  const percent = share => `${tenths(100 * share)}\u00a0%`;
  const interval = told => `${tenths(100 * told.low)}–${tenths(100 * told.high)}\u00a0%`;
  const counted = told => `${told.n.toLocaleString("en")} of ${told.count.toLocaleString("en")}`;

  function at(outcome, cell) {
    const n = of(outcome.n, cell), count = of(data.replications, cell);
    if (n === null || n === undefined || !count) return null;
    const [low, high] = wilson(n, count);
    return { n, count, share: n / count, low, high, quantiles: outcome.quantiles.map(column => of(column, cell)) };
  }
  const why = cell => data.errors[cell] ? `could not be run: ${data.errors[cell]}` : "was not run yet";

  function clock(seconds) {
    const all = Math.round(data.start_s + seconds);
    const part = number => String(number).padStart(2, "0");
    return `${part(Math.floor(all / 3600) % 24)}:${part(Math.floor(all / 60) % 60)}:${part(all % 60)}`;
  }
  const shown = (outcome, value) =>
    outcome.clock ? clock(value) : `${value.toLocaleString("en")}${outcome.unit ? `\u00a0${outcome.unit}` : ""}`;
  const withUnit = each => each.label + (each.unit ? ` [${each.unit}]` : "");
  const others = (settings, without) => moving.filter(number => !without.includes(number))
    .map(number => `${quantities[number].label} ${quantities[number].texts[settings[number]]}`).join(", ");
  const hidden = () => state.guessing && !state.revealed;

  // ---- making elements

  function make(tag, attributes = {}, ...inside) {
    return fill(document.createElement(tag), attributes, inside);
  }
  function svg(tag, attributes = {}, ...inside) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, inside);
  }
  function fill(element, attributes, inside) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  }
  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

  // Where the values of a quantity stand from 0 to 1: true to scale, or by their order where they are words or where
  // one gap is more than ten times another.
  function placing(each) {
    const values = each.values, last = values.length - 1;
    const gaps = each.numeric ? values.slice(1).map((value, place) => value - values[place]) : [];
    const scaled = gaps.length > 0 && Math.max(...gaps) <= 10 * Math.min(...gaps);
    return { scaled, of: place => last === 0 ? .5 : scaled ?
      (values[place] - values[0]) / (values[last] - values[0]) : place / last };
  }
  // Where the scenario's own value stands, in places of the list; null outside of it or where it is no number.
  function baseAt(each) {
    if (each.base_at !== null) return each.base_at;
    if (each.base === null || each.base < each.values[0] || each.base > each.values.at(-1)) return null;
    const above = each.values.findIndex(value => value > each.base);
    return above - 1 + (each.base - each.values[above - 1]) / (each.values[above] - each.values[above - 1]);
  }
  function between(each, place) {
    const where = placing(each), low = Math.floor(place);
    return low === place ? where.of(place) : where.of(low) + (place - low) * (where.of(low + 1) - where.of(low));
  }

  // ---- the sliders

  const sliders = new Map();
  function makeSliders() {
    quantities.forEach((each, number) => {
      if (!moving.includes(number)) {
        get("sliders").append(make("p", { class: "base-note" }, `${each.label}: ${each.texts[0]}`));
        return;
      }
      const id = `slider-${number}`;
      const value = make("output", { for: id });
      const input = make("input", { type: "range", id, min: 0, max: each.values.length - 1, step: 1 });
      const base = baseAt(each), mark = svg("svg", { "aria-hidden": "true" });
      if (base !== null) {
        const share = base / (each.values.length - 1);
        // The thumb is about 16 px wide, so its middle runs from 8 px to 8 px before the end.
        mark.append(svg("svg", { x: `${100 * share}%`, overflow: "visible" },
          svg("path", { d: "M0 0l5 8h-10z", fill: "#1a1a1a", transform: `translate(${8 - 16 * share} 1)` })));
      }
      input.addEventListener("input", () => { state.at[number] = Number(input.value); moved(); });
      get("sliders").append(make("div", { class: "slider field" },
        make("label", { for: id }, make("span", {}, each.label), value), input, mark,
        make("p", { class: "base-note" }, `${base === null ? "" : "▲ "}in the scenario: ${each.base_text}`)));
      sliders.set(number, { input, value });
    });
  }

  function showSliders() {
    for (const [number, { input, value }] of sliders) {
      const text = quantities[number].texts[state.at[number]];
      input.value = state.at[number];
      input.setAttribute("aria-valuetext", text);
      value.textContent = text;
    }
  }

  // The values of the scenario, or what of the sweep is nearest to them.
  function nearest(each) {
    if (each.base_at !== null) return each.base_at;
    if (each.base === null) return 0;
    const gaps = each.values.map(value => Math.abs(value - each.base));
    return gaps.indexOf(Math.min(...gaps));
  }

  // ---- the answer

  function showAnswer() {
    const outcome = outcomes[state.outcome], cell = cellOf(state.at), told = at(outcome, cell);
    get("share-title").textContent = `Share of replications: ${outcome.name}`;
    get("told").hidden = hidden();
    if (hidden()) {
      for (const id of ["share", "share-of", "interval", "when"]) get(id).textContent = "";
    } else if (told === null) {
      get("share").textContent = "–";
      get("share-of").textContent = `This point ${why(cell)}.`;
      get("interval").textContent = get("when").textContent = "";
    } else {
      get("share").textContent = percent(told.share);
      get("share-of").textContent = `${counted(told)} replications`;
      get("interval").textContent = `95 % interval ${interval(told)}`;
      get("when").textContent = told.n === 0 ? "It never happened here." :
        `Over these ${told.n.toLocaleString("en")}: median ${shown(outcome, told.quantiles[1])}, 5–95\u00a0%: ` +
        `${shown(outcome, told.quantiles[0])} – ${shown(outcome, told.quantiles[2])}` +
        `${outcome.race ? " after the entry" : ""}.`;
    }
  }

  function showGuess() {
    get("guessing").hidden = !state.guessing;
    get("guess-first").setAttribute("aria-pressed", String(state.guessing));
    get("guess").value = state.guess;
    get("guess").setAttribute("aria-valuetext", `${state.guess} %`);
    get("guess-value").textContent = `${state.guess} %`;
    get("guess").disabled = state.revealed;
    get("reveal").textContent = state.revealed ? "Guess again" : "Reveal";
    get("pin").disabled = hidden() || state.pins.length >= most;
    get("pin").textContent = state.pins.length >= most ? `${most} curves are pinned` : "Pin this curve";
    if (!state.revealed) get("verdict").textContent = "";
  }

  function reveal() {
    if (state.revealed) {
      state.revealed = false;
      show();
      get("guess").focus();
      return;
    }
    const told = at(outcomes[state.outcome], cellOf(state.at));
    state.revealed = true;
    show();
    if (told === null) return;
    const guess = state.guess / 100;
    const off = Math.abs(state.guess - Number(tenths(100 * told.share)));
    // What is shown is compared: the guess is a whole number of percent, the interval has one decimal.
    const within = state.guess >= Number(tenths(100 * told.low)) && state.guess <= Number(tenths(100 * told.high));
    const side = guess > told.share ? "too high" : "too low";
    state.tried += 1;
    state.inside += within ? 1 : 0;
    get("verdict").textContent = `You guessed ${state.guess} %; it is ${percent(told.share)}: ` +
      (off < .05 ? "no difference" : `${off.toFixed(1)} points ${side}`) +
      `, ${within ? "inside" : "outside"} the 95 % interval ${interval(told)}. ` +
      `So far inside: ${state.inside} of ${state.tried}.`;
  }

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

  // ---- the map of cells

  // From pale to dark without a turn, so that it reads the same in grey.
  const ends = { of: null, low: 0, high: 1 };
  const stops = [[247, 246, 240], [186, 205, 222], [96, 143, 188], [0, 68, 136], [0, 24, 58]];
  function colour(share) {
    const place = Math.max(0, Math.min((share - ends.low) / (ends.high - ends.low) * 4, 3.9999)), low = Math.floor(place), rest = place - low;
    return `rgb(${stops[low].map((from, part) => Math.round(from + rest * (stops[low + 1][part] - from))).join(" ")})`;
  }

  // Colours run between whole tenths of the shares of all points, so that they mean the same wherever the sliders stand.
  function findEnds(outcome) {
    if (ends.of === outcome) return;
    ends.of = outcome;
    const cells = quantities.reduce((product, each) => product * each.values.length, 1);
    const shares = Array.from({ length: cells }, (each, cell) => at(outcome, cell)?.share).filter(share => share >= 0);
    ends.low = Math.floor(10 * Math.min(...shares, 1)) / 10;
    ends.high = Math.ceil(10 * Math.max(...shares, 0)) / 10;
    if (ends.high - ends.low < .1) [ends.low, ends.high] = ends.low >= .1 ? [ends.low - .1, ends.low] : [0, .1];
  }

  const grid = { key: "", cells: [], focus: null };
  const cellAt = (column, row) => cellOf(along(along(state.at, state.x, column), state.y, row));

  function showHeat() {
    if (!get("cells")) return;
    const across = quantities[state.x], up = quantities[state.y];
    const key = JSON.stringify([state.x, state.y, innerWidth]);
    if (grid.key !== key) makeCells(across, up);
    findEnds(outcomes[state.outcome]);
    showScale();
    grid.key = key;
    const outcome = outcomes[state.outcome], few = across.values.length <= 11 && up.values.length <= 14 &&
      get("cells").clientWidth / across.values.length > 2.6 * rem();
    const shares = grid.cells.map(row => row.map(({ column, row: place }) => at(outcome, cellAt(column, place))));
    grid.cells.forEach((row, top) => row.forEach(({ element, column, row: place }, left) => {
      paint(element, shares, top, left, few);
      const text = hidden() ? "hidden until you have guessed" : line("", shares[top][left], cellAt(column, place)).slice(2);
      element.setAttribute("aria-label", `${across.label} ${across.texts[column]}, ${up.label} ${up.texts[place]}: ${text}`);
      const here = column === state.at[state.x] && place === state.at[state.y];
      element.setAttribute("aria-selected", String(here));
      if (here && !get("cells").contains(document.activeElement)) rove(element);
    }));
    showMarks(across, up);
    const rest = others(state.at, [state.x, state.y]);
    get("heat-hover").textContent = hidden() ? "Hidden until you have guessed." : "";
    get("heat-note").textContent = `${outcome.name}${rest ? `, with ${rest}` : ""}. Frame: where the sliders stand.` +
      `${baseAt(across) === null || baseAt(up) === null ? "" : " Diamond: the scenario."} Thick line: where the share ` +
      "passes 50 %. Every cell is a point that was run" +
      `${[across, up].every(each => placing(each).scaled) ? "." : "; values stand by their order, not to scale."}`;
  }

  function paint(element, shares, top, left, few) {
    const told = shares[top][left], covered = hidden();
    element.style.background = covered ? "#f4f4f2" : told === null ?
      "repeating-linear-gradient(45deg, #fff 0 4px, #9a9a9a 4px 5px)" : colour(told.share);
    element.style.color = told !== null && told.share - ends.low > .5 * (ends.high - ends.low) ? "#fff" : "#1a1a1a";
    element.textContent = few && !covered && told !== null ? tenths(100 * told.share) : "";
    const other = (down, right) => {
      const next = shares[top + down]?.[left + right];
      return !covered && told !== null && next && (next.share >= .5) !== (told.share >= .5);
    };
    element.style.borderTopWidth = other(-1, 0) ? "3px" : "0";
    element.style.borderLeftWidth = other(0, -1) ? "3px" : "0";
  }

  function makeCells(across, up) {
    grid.cells = up.values.map((value, number) => up.values.length - 1 - number).map(row =>
      across.values.map((value, column) => {
        const element = make("div", { role: "gridcell", tabindex: -1 });
        return { element, column, row };
      }));
    get("cells").replaceChildren(...grid.cells.map(row => make("div", { role: "row" }, ...row.map(each => each.element))));
    grid.cells.flat().forEach(each => {
      const tell = () => {
        if (!hidden()) get("heat-hover").textContent = each.element.getAttribute("aria-label");
      };
      each.element.addEventListener("pointerenter", tell);
      each.element.addEventListener("focus", tell);
      each.element.addEventListener("click", () => go(each));
      each.element.addEventListener("keydown", event => key(event, each));
    });
    labels(get("heat-across"), across, "left");
    labels(get("heat-up"), up, "bottom");
  }

  function labels(box, each, side) {
    const count = each.values.length, cells = get("cells"), unit = rem();
    const length = side === "left" ? cells.clientWidth : cells.clientHeight;
    const texts = each.texts.map(text => each.numeric && each.unit ? text.slice(0, -each.unit.length - 1) : text);
    const shows = regular(texts.map((text, place) =>
      ({ at: length * (place + .5) / count, room: side === "left" ? wide(text, unit) : 1.1 * unit })));
    box.replaceChildren(...texts.flatMap((text, place) => {
      if (!shows(text, place)) return [];
      const label = make("span", {}, text);
      if (side === "left") label.style.left = `${100 * (place + .5) / count}%`;
      else label.style.top = `${100 - 100 * (place + .5) / count}%`;
      return [label];
    }));
    if (side === "left") box.append(make("span", { class: "name" }, withUnit(each)));
    else box.style.width = `${Math.min(12, .52 * Math.max(...texts.map(text => text.length)) + .6)}rem`;
  }

  function key(event, { column, row }) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const rows = quantities[state.y].values.length, columns = quantities[state.x].values.length;
    let to = null;
    if (event.key in ways) to = [column + ways[event.key][0], row + ways[event.key][1]];
    else if (event.key === "Home") to = [0, row];
    else if (event.key === "End") to = [columns - 1, row];
    else if (event.key === "Enter" || event.key === " ") go({ column, row });
    else return;
    event.preventDefault();
    if (to === null || to[0] < 0 || to[1] < 0 || to[0] >= columns || to[1] >= rows) return;
    const next = grid.cells[rows - 1 - to[1]][to[0]].element;
    rove(next);
    next.focus();
  }

  function rove(element) {
    if (grid.focus) grid.focus.tabIndex = -1;
    grid.focus = element;
    element.tabIndex = 0;
  }

  function go({ column, row }) {
    state.at[state.x] = column;
    state.at[state.y] = row;
    moved();
  }

  function showMarks(across, up) {
    const box = get("marks").getBoundingClientRect();
    const wide = box.width / across.values.length, high = box.height / up.values.length;
    const x = place => (place + .5) * wide, y = place => box.height - (place + .5) * high;
    const [column, row] = [state.at[state.x], state.at[state.y]];
    const frame = (width, stroke) => svg("rect", { x: column * wide, y: y(row) - high / 2, width: wide, height: high,
      fill: "none", stroke, "stroke-width": width });
    const base = [baseAt(across), baseAt(up)];
    get("marks").replaceChildren(svg("svg", {}, frame(6, "#fff"), frame(3, "#1a1a1a"),
      ...(base.includes(null) ? [] : [svg("path", { d: "M0 -8L8 0L0 8L-8 0Z", fill: "#ddaa33", stroke: "#1a1a1a",
        "stroke-width": 2, transform: `translate(${x(base[0])} ${y(base[1])})` })])));
  }

  function showScale() {
    const share = step => ends.low + step / 40 * (ends.high - ends.low);
    const steps = Array.from({ length: 40 }, (each, step) => svg("rect", { x: `${2.5 * step}%`, width: "2.6%", height: "100%",
      fill: colour(share(step + .5)) }));
    const text = step => hidden() ? "?" : `${Math.round(100 * share(step))} %`;
    get("scale").replaceChildren(text(0), svg("svg", {}, ...steps), text(40));
  }

  // ---- pins

  function showPins() {
    get("pins").replaceChildren(...state.pins.map((pin, number) => {
      const label = make("input", { "aria-label": `Label of pinned curve ${number + 1}`, maxlength: 60 });
      label.value = pin.label;
      label.addEventListener("input", () => { pin.label = label.value; write(); });
      const away = make("button", { type: "button", "aria-label": `Remove pinned curve ${number + 1}` }, "Remove");
      away.addEventListener("click", () => {
        state.pins.splice(number, 1);
        show();
        get("pin").focus();
      });
      const rest = others(pin.at, [pin.x]);
      return make("li", {}, svg("svg", { "aria-hidden": "true", viewBox: "0 0 62 24" },
        svg("line", { x1: 0, x2: 44, y1: 12, y2: 12, stroke: "#1a1a1a", "stroke-width": 2,
          "stroke-dasharray": dashes[number] }),
        svg("text", { x: 50, y: 18, "font-size": 17, "font-weight": "bold" }, String(number + 1))), label, away,
      make("span", { class: "settings" }, `${outcomes[pin.outcome].name} along ${quantities[pin.x].label}` +
        `${rest ? `, with ${rest}` : ""}${pin.x === state.x ? "" : " (drawn when this is along the axis)"}`));
    }));
  }

  function pin() {
    if (state.pins.length >= most || hidden()) return;
    const label = others(state.at, [state.x]) || outcomes[state.outcome].name;
    state.pins.push({ outcome: state.outcome, x: state.x, at: [...state.at], label });
    show();
  }

  // ---- the address

  function write() {
    const told = new URLSearchParams({ outcome: outcomes[state.outcome].column, x: quantities[state.x].path });
    if (moving.length > 1) told.set("y", quantities[state.y].path);
    for (const number of moving) told.set(`at.${quantities[number].path}`, quantities[number].values[state.at[number]]);
    for (const each of state.pins) {
      told.append("pin", JSON.stringify([each.label, outcomes[each.outcome].column, each.x, each.at]));
    }
    if (state.guessing) told.set("guess", "first");
    history.replaceState(null, "", `#${told}`);
  }

  function read() {
    const told = new URLSearchParams(location.hash.slice(1));
    const numbered = (list, key, value, before) => {
      const found = list.findIndex(each => each[key] === value);
      return found < 0 ? before : found;
    };
    state.outcome = numbered(outcomes, "column", told.get("outcome"), data.first);
    const axis = (name, before) => {
      const found = numbered(quantities, "path", told.get(name), before);
      return moving.includes(found) ? found : before;
    };
    state.x = axis("x", moving[0]);
    state.y = axis("y", moving.find(number => number !== state.x) ?? state.x);
    if (state.y === state.x) state.y = moving.find(number => number !== state.x) ?? state.x;
    state.at = quantities.map(each => {
      const found = each.values.findIndex(value => String(value) === told.get(`at.${each.path}`));
      return found < 0 ? nearest(each) : found;
    });
    state.pins = told.getAll("pin").flatMap(text => pinOf(text, numbered)).slice(0, most);
    state.guessing = told.get("guess") === "first";
    state.revealed = false;
  }

  function pinOf(text, numbered) {
    try {
      const [label, column, x, at] = JSON.parse(text);
      const outcome = numbered(outcomes, "column", column, -1);
      const fits = moving.includes(x) && outcome >= 0 && at.length === quantities.length &&
        at.every((place, number) => Number.isInteger(place) && place in quantities[number].values);
      return fits ? [{ label: String(label).slice(0, 60), outcome, x, at }] : [];
    } catch {
      return [];
    }
  }

  // ---- together

  function moved() {
    if (state.revealed) state.revealed = false;
    show();
  }

  function show() {
    showSliders();
    get("outcome").value = state.outcome;
    get("x").value = state.x;
    if (get("y")) get("y").value = state.y;
    showAnswer();
    showGuess();
    showCurve();
    showRace();
    showHeat();
    showPins();
    write();
  }

  function choices(select, items, chosen) {
    const groups = new Map();
    for (const { value, text, group } of items) {
      if (group && !groups.has(group)) select.append(groups.set(group, make("optgroup", { label: group })).get(group));
      (groups.get(group) ?? select).append(make("option", { value }, text));
    }
    select.addEventListener("change", () => { chosen(Number(select.value)); moved(); });
  }

  function swapTo(axis, other, number) {
    if (state[other] === number) state[other] = state[axis];
    state[axis] = number;
  }

  choices(get("outcome"), outcomes.map((each, value) => ({ value, text: each.name, group: each.group })),
    number => { state.outcome = number; });
  const axes = moving.map(value => ({ value, text: withUnit(quantities[value]) }));
  choices(get("x"), axes, number => swapTo("x", "y", number));
  if (get("y")) choices(get("y"), axes, number => swapTo("y", "x", number));
  makeSliders();
  get("base").addEventListener("click", () => { state.at = quantities.map(nearest); moved(); });
  get("guess").addEventListener("input", () => { state.guess = Number(get("guess").value); showGuess(); });
  get("reveal").addEventListener("click", reveal);
  get("guess-first").addEventListener("click", () => {
    state.guessing = !state.guessing;
    state.revealed = false;
    show();
  });
  get("pin").addEventListener("click", pin);
  if (get("cells")) get("cells").addEventListener("pointerleave", () => {
    if (!hidden()) get("heat-hover").textContent = "";
  });
  addEventListener("hashchange", () => { read(); show(); });
  let width = 0;
  new ResizeObserver(() => {
    if (width !== document.body.clientWidth) { width = document.body.clientWidth; show(); }
  }).observe(document.body);
  read();
  show();
})();
