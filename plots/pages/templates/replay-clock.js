
/* The clock and the state of the page: seconds from the start of the window, and who wants to know of changes. */
const data = intercept.data;
const element = (id) => document.getElementById(id);
const DAY_S = 86400;
const MM = 96 / 25.4; // pixels of CSS
const NARROW = matchMedia("(max-width: 900px)");
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

const state = {
  t: 0,              // seconds from the start of the window
  playing: false,
  speed: 60,
  future: false,
  whole: true,       // the span of the clock: the whole window, or the encounter
  every: false,      // whether every event of the log is listed
  open: null,        // the event whose causes are shown
};

const last_s = data.clock.last * data.clock.step_s;
const secondsOf = (step) => step * data.clock.step_s;
const stepNow = () => Math.floor(state.t / data.clock.step_s + 1e-9);

/** The ends of the slider in seconds. */
function span() {
  return state.whole ? [0, last_s] : [secondsOf(data.encounter.begins), secondsOf(data.encounter.ends)];
}

/** The local time of day of so many seconds from the start. */
function clockText(seconds, withSeconds = true) {
  const at = (((data.clock.start_s + Math.floor(seconds + 1e-9)) % DAY_S) + DAY_S) % DAY_S;
  const parts = [Math.floor(at / 3600), Math.floor(at / 60) % 60, at % 60].map((n) => String(n).padStart(2, "0"));
  return (withSeconds ? parts : parts.slice(0, 2)).join(":");
}

/** Seconds from the start of a time of day; what is earlier in the day than the start is on the next. */
function parseClock(text) {
  const found = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (!found || found[1] > 23 || found[2] > 59 || (found[3] ?? 0) > 59) return null;
  const at = found[1] * 3600 + found[2] * 60 + Number(found[3] ?? 0);
  return (at - data.clock.start_s + DAY_S) % DAY_S;
}

/** Running sums of a list of differences. */
function summed(differences, scale = 1) {
  const found = new Float64Array(differences.length);
  let sum = 0;
  for (let i = 0; i < found.length; i++) found[i] = (sum += differences[i]) / scale;
  return found;
}

/** An element with attributes, and children or text. */
function make(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A text as nodes in which a word with a hyphen, as a type of aircraft, stays on one line. */
function unbroken(text) {
  return text.split(/(\S+-\S+)/).map((word, i) => (i % 2 ? make("span", { class: "whole" }, word) : word));
}

/** An element of SVG with attributes, and children or text. */
function draw(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/* Everything that moves: by step, with its places as they were stored. */
const ways = data.ways.map((way) => ({
  ...way,
  steps: summed(way.steps),
  lat: summed(way.lat, 1e5),
  lon: summed(way.lon, 1e5),
  km: summed(way.km, 100),
  altitude: way.altitude ? summed(way.altitude) : null,
}));
/** The label of a way; where there is little room a pair goes without its base. */
const labelOf = (way) => (NARROW.matches && way.kind === "pair" ? way.label.split(",")[0] : way.label);
const wayOf = new Map(ways.map((way) => [way.name, way]));

/** The place of a way in its table at a fractional step: row and share of the way to the next; null if it is not there. */
function rowAt(way, step) {
  const steps = way.steps, end = steps.length - 1;
  if (end < 0 || step < steps[0] || step > steps[end]) return null;
  let low = 0, high = end;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle; else high = middle;
  }
  const next = Math.min(low + 1, end);
  const length = steps[next] - steps[low];
  return { row: low, next, share: length > 0 ? (step - steps[low]) / length : 0 };
}

/** A column of a way's table between two of its rows. */
const between = (column, at) => column[at.row] + at.share * (column[at.next] - column[at.row]);

/** The flight that a pair is beside at a step, or null. */
function besideAt(way, step) {
  const found = way.beside.find(([begins, ends]) => begins <= step && step < ends);
  return found ? found[2] : null;
}
