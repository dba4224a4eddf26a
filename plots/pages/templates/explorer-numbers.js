// What the explorer knows and shows: its state, numbers as the tables have them, and places on an axis.

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
  return { scaled, of: place => last === 0 ? .5 : scaled ? (values[place] - values[0]) / (values[last] - values[0]) :
    each.numeric ? place / last : (place + .5) / (last + 1) };
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
