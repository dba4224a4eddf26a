// The share over two quantities, as cells.

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
    `passes 50 %. Every cell is a point of the design${shares.flat().includes(null) ? "; hatched: not run" : ""}` +
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
