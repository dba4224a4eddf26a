
/* Signs, and names beside what they name: each takes the place where it covers least. */
const GLYPHS = {
  main: "M0-13L8 10L0 5L-8 10Z",
  flight: "M0-13L8 10L0 5L-8 10Z",
  own: "M0-8L6.5 6.5L-6.5 6.5Z",
  other: "M0-8L6.5 6.5L-6.5 6.5Z",
};
const ACTS = {
  pass: "M0-7L6 0L0 7L-6 0Z",
  flares: "M0-10L2.4-3.2L9.5-3.1L3.8 1.2L5.9 8.1L0 4L-5.9 8.1L-3.8 1.2L-9.5-3.1L-2.4-3.2Z",
  fire: "M0 8L7-6L-7-6Z",
};

const labelling = (() => {
  const pen = document.createElement("canvas").getContext("2d");
  const widths = new Map();
  let fixed = [];                 // boxes that stand still: x, y, width, height
  let corners = [];               // the boxes that buttons and the key take
  const CELL = 8;                 // pixels
  let cells = new Uint8Array(0), across = 0, frame = [0, 0];  // which cells of the picture the tracks of flights cross
  const kept = new Map();         // by name of a craft: the place that its label had
  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
  const family = getComputedStyle(document.body).fontFamily;
  let size = 16;

  function wide(text, share, bold) {
    const key = `${bold}${share}${text}`;
    if (!widths.has(key)) {
      pen.font = `${bold ? "bold " : ""}${size * share}px ${family}`;
      widths.set(key, pen.measureText(text).width);
    }
    return widths.get(key);
  }

  const shared = (a, b) =>
    Math.max(0, Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0])) *
    Math.max(0, Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]));
  const covers = (box, boxes) => boxes.reduce((sum, each) => sum + shared(box, each), 0);
  const outside = (box, w, h) => box[2] * box[3] - shared(box, [2, 2, w - 4, h - 4]);

  /** The boxes that a text may take round a point, near ones first. */
  function round(x, y, w, h, distances) {
    const found = [];
    for (const far of distances) {
      const slant = far * 0.72;
      found.push(
        [x + far, y - h / 2, w, h], [x - far - w, y - h / 2, w, h],
        [x + slant, y - slant - h, w, h], [x - slant - w, y - slant - h, w, h],
        [x + slant, y + slant, w, h], [x - slant - w, y + slant, w, h],
        [x - w / 2, y - far - h, w, h], [x - w / 2, y + far, w, h],
      );
    }
    return found;
  }

  /** A text on one line, or on two where the map is narrow. */
  function broken(text, share) {
    const cut = text.indexOf(" (") > 0 ? text.indexOf(" (") : text.indexOf(" ", text.length / 3);
    return cut > 0 && wide(text, share, false) > 0.3 * frame[0] ? [text.slice(0, cut), text.slice(cut + 1)] : [text];
  }

  /** Put a name that stands still beside one of some points; nowhere if there is no room, unless it must be. */
  function still(group, text, points, far, kind, must = false) {
    const share = kind.startsWith("small") ? 0.82 : 0.9;
    const rows = broken(text, share);
    const w = Math.max(...rows.map((each) => wide(each, share, false))) + 4, h = size * share * 1.15 * rows.length;
    let best = null, least = Infinity;
    points.forEach(([x, y]) => {
      round(x, y, w, h, points.length > 1 ? [far] : [far, far * 2.2]).forEach((each, i) => {
        const cost = covers(each, fixed) * 3 + outside(each, ...frame) * 20 + covers(each, corners) * 9 + crossed(each) * (must ? 6 : 40) + i * 2;
        if (cost < least) { least = cost; best = each; }
      });
    });
    if (!best || (!must && least > 0.35 * w * h + 40)) return;
    fixed.push(best);
    const first = best[1] + (h / rows.length) * 0.8;
    group.append(draw("text", { y: first, class: kind }, ...rows.map((each, i) => draw("tspan", { x: best[0] + 2, dy: i ? "1.15em" : 0 }, each))));
  }

  /** How many of the cells that tracks cross a box would cover. */
  function crossed(box) {
    let count = 0;
    const down = Math.min(frame[1], box[1] + box[3]), right = Math.min(frame[0], box[0] + box[2]);
    for (let y = Math.max(0, box[1]); y < down; y += CELL)
      for (let x = Math.max(0, box[0]); x < right; x += CELL) count += cells[Math.floor(y / CELL) * across + Math.floor(x / CELL)];
    return count;
  }

  /** The corners that buttons and the key take. */
  function tools() {
    const map = element("map").getBoundingClientRect();
    return [".tools", ".key"].map((each) => {
      const box = document.querySelector(each).getBoundingClientRect();
      return [box.left - map.left, box.top - map.top, box.width, box.height];
    });
  }

  const LEADER_FROM = 30;         // pixels from a sign to its name
  const MOST_COST = 2.5;          // a pair whose name finds no room goes without

  function crafts(group, there, w, h) {
    const glyphs = there.map((craft) => [craft.x - 8, craft.y - 8, 16, 16]);
    const taken = [];
    const names = new Set();
    const free = there.filter((craft) => !craft.leader && craft.x > -20 && craft.x < w + 20 && craft.y > -20 && craft.y < h + 20);
    for (const craft of free) {
      const lead = craft.way.kind === "flight" ? 0.95 : 0.86;
      const lines = [[labelOf(craft.way), "name", craft.way.kind === "flight"], ...craft.beside.map((pair) => [labelOf(pair.way), `more ${pair.way.tone}`, false])];
      const wideMost = Math.max(...lines.map(([text, , bold], i) => wide(text, i ? 0.82 : lead, bold))) + 4;
      const high = size * (lead * 1.15 + (lines.length - 1) * 0.82 * 1.2);
      const near = 14 + (craft.beside.length ? 12 : 0);
      const before = kept.get(craft.way.name);
      let best = null, least = Infinity;
      round(craft.x, craft.y, wideMost, high, [near, near + 16, near + 42, near + 80, near + 130]).forEach((box, i) => {
        const area = wideMost * high;
        const cost = (covers(box, taken) * 8 + covers(box, glyphs) * 6 + covers(box, fixed) * 5 + covers(box, corners) * 6) / area
          + outside(box, w, h) / area * 12 + i * 0.03 + (i === before ? -0.35 : 0);
        if (cost < least) { least = cost; best = [box, i]; }
      });
      if (craft.way.kind === "pair" && least > MOST_COST) continue;
      const [box, i] = best;
      kept.set(craft.way.name, i);
      taken.push(box);
      names.add(craft.way.name);
      write(group, craft, lines, box);
    }
    for (const node of [...group.children]) if (!names.has(node.dataset.name)) { node.remove(); kept.delete(node.dataset.name); }
  }

  /** Write a label; its node is kept as long as its words are the same. */
  function write(group, craft, lines, box) {
    const words = lines.map(([text]) => text).join("\n");
    let node = [...group.children].find((each) => each.dataset.name === craft.way.name);
    if (!node || node.dataset.words !== words) {
      node?.remove();
      const text = draw("text");
      lines.forEach(([line, kind], i) => text.append(draw("tspan", { class: kind, x: 2, dy: `${i ? 1.15 : 0}em` }, line)));
      node = draw("g", { class: `label ${craft.way.tone}` }, draw("line", { class: "leader" }), text);
      node.dataset.name = craft.way.name;
      node.dataset.words = words;
      group.append(node);
    }
    node.setAttribute("transform", `translate(${box[0].toFixed(1)} ${(box[1] + size * 0.82).toFixed(1)})`);
    const line = node.firstChild, top = -size * 0.82;
    const px = craft.x - box[0], py = craft.y - box[1] + top;
    const qx = Math.min(box[2], Math.max(0, px)), qy = Math.min(top + box[3], Math.max(top, py));
    const far = Math.hypot(px - qx, py - qy);
    line.style.display = far > LEADER_FROM ? "" : "none";
    if (far > LEADER_FROM) {
      const skip = 12 / far;
      for (const [key, value] of [["x1", px + skip * (qx - px)], ["y1", py + skip * (qy - py)], ["x2", qx], ["y2", qy]])
        line.setAttribute(key, value.toFixed(1));
    }
  }

  return {
    still, crafts,
    /** Begin anew for a picture of this size, with these points along the tracks of flights. */
    clear(width, height, points) {
      fixed = [];
      corners = tools();
      frame = [width, height];
      across = Math.ceil(width / CELL);
      cells = new Uint8Array(across * Math.ceil(height / CELL));
      for (const [x, y] of points) cells[Math.floor(y / CELL) * across + Math.floor(x / CELL)] = 1;
      const now = rem();
      if (now !== size) { size = now; widths.clear(); }
    },
    block(...box) { fixed.push(box); },
  };
})();
