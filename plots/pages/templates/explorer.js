// Sliders, the answer and the guess, pins, the address, and all of it together.

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
      `Over these ${told.n.toLocaleString("en")}: median ${shown(outcome, told.quantiles[1])}, ` +
      (told.quantiles[0] === told.quantiles[2] ? "the same from 5 to 95\u00a0%" :
        `5–95\u00a0%: ${shown(outcome, told.quantiles[0])} – ${shown(outcome, told.quantiles[2])}`) +
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
read();
show();
let width = document.body.clientWidth;
new ResizeObserver(() => {
  if (width === document.body.clientWidth) return;
  width = document.body.clientWidth;
  show();
}).observe(document.body);
