
/* The map: equirectangular, true to scale at the middle latitude of what is in view. */
const map = (() => {
  const svg = element("map");
  const still = draw("g"), world = draw("g"), names = draw("g"), acts = draw("g"), crafts = draw("g"), labels = draw("g"), scale = draw("g");
  element("ground").append(still);
  svg.append(world, acts, names, crafts, labels, scale);
  const KM_PER_DEG = 111.2; // of a great circle on a sphere of 6,371 km
  const RAD = Math.PI / 180;
  const view = { lat: data.centre.lat, lon: data.centre.lon, k: 100, name: "region" }; // k: pixels for a degree of latitude
  let width = 0, height = 0, moving = 0;

  const squeeze = () => Math.cos(view.lat * RAD);
  const toX = (lon) => width / 2 + (lon - view.lon) * view.k * squeeze();
  const toY = (lat) => height / 2 - (lat - view.lat) * view.k;
  const toLon = (x) => view.lon + (x - width / 2) / (view.k * squeeze());
  const toLat = (y) => view.lat - (y - height / 2) / view.k;

  /* Paths are drawn about the centre of the scenario, where numbers are small, and moved as a whole. */
  const at = (lat, lon) => `${(lon - data.centre.lon).toFixed(5)} ${(data.centre.lat - lat).toFixed(5)}`;
  const path = (lat, lon) => Array.from(lat, (value, i) => (i ? "L" : "M") + at(value, lon[i])).join("");

  function ground() {
    const [west, east, south, north] = data.box;
    still.append(draw("path", { class: "sea", d: path([south, south, north, north], [west, east, east, west]) + "Z" }));
    const land = data.coast.map((ring) => path(summed(ring.lat, 100), summed(ring.lon, 100)) + "Z").join("");
    still.append(draw("path", { class: "land", d: land }));
    for (const zone of [...data.zones].reverse()) {
      zone.lats = summed(zone.lat, 1e4);
      zone.lons = summed(zone.lon, 1e4);
      const kind = `zone ${zone.kind}${zone.own && zone.kind === "identification" ? " own" : ""}`;
      still.append(draw("path", { class: kind, d: path(zone.lats, zone.lons) + "Z" }));
    }
  }

  /* ---- tracks: the corners of each way, since it is straight between them */

  /** The rows of a way that a line needs to be right to a tenth of a pixel close up (Douglas and Peucker). */
  function corners(way, begin, end) {
    const keep = new Set([begin, end]), open = [[begin, end]];
    while (open.length) {
      const [a, b] = open.pop();
      let worst = 0, at = -1;
      const dx = way.lon[b] - way.lon[a], dy = way.lat[b] - way.lat[a], length = Math.hypot(dx, dy) || 1e-12;
      for (let i = a + 1; i < b; i++) {
        const px = way.lon[i] - way.lon[a], py = way.lat[i] - way.lat[a];
        const along = Math.min(1, Math.max(0, (px * dx + py * dy) / (length * length)));
        const off = Math.hypot(px - along * dx, py - along * dy);
        if (off > worst) { worst = off; at = i; }
      }
      if (worst > 0.0003) { keep.add(at); open.push([a, at], [at, b]); }
    }
    return [...keep].sort((a, b) => a - b);
  }

  /** The stretches of a way that are drawn, as rows: a pair beside a flight would hide that flight's track. */
  function stretches(way) {
    const end = way.steps.length - 1, found = [];
    let begin = 0;
    for (const [joins, parts] of way.beside) {
      const stop = way.steps.findLastIndex((step) => step <= joins);
      if (stop > begin) found.push([begin, stop]);
      begin = way.steps.findIndex((step) => step >= parts);
      if (begin < 0) return found;
    }
    if (begin < end) found.push([begin, end]);
    return found;
  }

  function layTracks() {
    let flights = 0;
    for (const way of [...ways].reverse()) {
      way.lines = stretches(way).map(([begin, end]) => {
        const rows = corners(way, begin, end);
        let d = "";
        const texts = rows.map((row, i) => (d += (i ? "L" : "M") + at(way.lat[row], way.lon[row])));
        return { rows, texts, first: way.steps[begin], last: way.steps[end] };
      });
      const pattern = way.tone === "flight" ? ["", " odd", " third"][flights++ % 3] : "";
      way.line = draw("path", { class: `track ${way.tone}${pattern}` });
      way.ghost = draw("path", { class: `track ${way.tone} ahead`, d: way.lines.map((line) => line.texts.at(-1)).join("") });
      way.glyph = draw("g", { class: `craft ${way.tone}` }, draw("path", { d: GLYPHS[way.tone] }));
      way.glyph.style.display = "none";
      world.append(way.ghost, way.line);
      crafts.append(way.glyph);
    }
  }

  /** The line flown up to a step. */
  function flown(way, step) {
    let d = "";
    for (const line of way.lines) {
      if (step < line.first) break;
      if (step >= line.last) { d += line.texts.at(-1); continue; }
      const spot = rowAt(way, step);
      let i = line.rows.length - 1;
      while (i > 0 && way.steps[line.rows[i]] > step) i--;
      d += `${line.texts[i]}L${at(between(way.lat, spot), between(way.lon, spot))}`;
    }
    return d;
  }

  /* ---- what stands still on the map: names, bases, the centre, the scale */

  function standing() {
    names.replaceChildren();
    const points = [];
    for (const way of ways)
      if (way.kind === "flight")
        for (let i = 0; i < way.steps.length; i += 2) {
          const [px, py] = [toX(way.lon[i]), toY(way.lat[i])];
          if (px > 0 && px < width && py > 0 && py < height) points.push([px, py]);
        }
    labelling.clear(width, height, points);
    const seen = (lat, lon) => { const x = toX(lon), y = toY(lat); return x > 0 && x < width && y > 0 && y < height; };
    const centre = data.centre, x = toX(centre.lon), y = toY(centre.lat);
    names.append(draw("circle", { class: "centre halo", cx: x, cy: y, r: 6.5 }), draw("circle", { class: "centre", cx: x, cy: y, r: 6.5 }), draw("circle", { class: "centre dot", cx: x, cy: y, r: 2 }));
    labelling.block(x - 8, y - 8, 16, 16);
    const bases = data.bases.filter((base) => seen(base.lat, base.lon));
    for (const base of bases) {
      const [bx, by] = [toX(base.lon), toY(base.lat)];
      names.append(draw("rect", { class: base.flown ? "base flown" : "base", x: bx - 4, y: by - 4, width: 8, height: 8 }));
      labelling.block(bx - 5, by - 5, 10, 10);
    }
    if (seen(centre.lat, centre.lon)) labelling.still(names, centre.label, [[x, y]], 12, "", true);
    for (const base of bases) labelling.still(names, base.label, [[toX(base.lon), toY(base.lat)]], 7, "small");
    const wide = height / view.k > 7 || NARROW.matches; // degrees of latitude: the action lines go without their names
    for (const zone of data.zones) {
      if (wide && zone.kind !== "identification" && zone.kind !== "airspace") continue;
      const spots = [];
      const every = Math.max(1, Math.floor(zone.lats.length / 40));
      for (let i = 0; i < zone.lats.length; i += every)
        if (seen(zone.lats[i], zone.lons[i])) spots.push([toX(zone.lons[i]), toY(zone.lats[i])]);
      const tone = zone.kind === "airspace" ? " airspace" : zone.own && zone.kind === "identification" ? " own" : "";
      if (spots.length) labelling.still(names, zone.label, spots, 4, `small${tone}`);
    }
    const km = [1000, 500, 200, 100, 50, 20, 10, 5, 2, 1].find((each) => each * view.k / KM_PER_DEG <= width / 4) ?? 1;
    const length = km * view.k / KM_PER_DEG, right = width - 14, low = height - 10;
    scale.replaceChildren(
      draw("line", { class: "scale", x1: right - length, x2: right, y1: low, y2: low }),
      draw("text", { x: right - length / 2, y: low - 6, "text-anchor": "middle", class: "small" }, `${km} km`),
    );
  }

  function marks() {
    const step = stepNow();
    const size = Math.max(3, Math.min(8, view.k / 45));
    acts.replaceChildren();
    for (const mark of data.marks) {
      if (mark.step > step && !state.future) break;
      if (mark.look === "pass" && view.k < 120) continue;
      const way = wayOf.get(mark.about), spot = way && rowAt(way, mark.step);
      if (!spot) continue;
      const x = toX(between(way.lon, spot)), y = toY(between(way.lat, spot));
      const shape = draw("path", { class: "act", d: ACTS[mark.look], transform: `translate(${x} ${y}) scale(${size / 8})` });
      if (mark.step > step) shape.setAttribute("opacity", 0.35);
      acts.append(shape);
    }
  }

  /* ---- the window */

  function place() {
    const kx = view.k * squeeze();
    for (const each of [still, world])
      each.setAttribute("transform", `matrix(${kx} 0 0 ${view.k} ${toX(data.centre.lon)} ${toY(data.centre.lat)})`);
    standing();
    marks();
    aircraft();
  }

  function limit() {
    const [west, east, south, north] = data.views.all;
    const least = Math.min(height / (north - south), width / (east - west)) * 0.7;
    view.k = Math.min(Math.max(view.k, least), height / 0.05);
    view.lat = Math.min(north, Math.max(south, view.lat));
    view.lon = Math.min(east, Math.max(west, view.lon));
  }

  function target(name) {
    const [west, east, south, north] = data.views[name];
    const lat = (south + north) / 2;
    return { lat, lon: (west + east) / 2, k: Math.min(height / (north - south), width / ((east - west) * Math.cos(lat * RAD))) };
  }

  function look(name, smoothly = true) {
    view.name = name;
    const goal = target(name), from = { ...view }, began = performance.now(), turn = ++moving;
    const length = smoothly && !CALM.matches ? 350 : 0;
    const move = (now) => {
      if (turn !== moving) return;
      const share = length ? Math.min(1, Math.max(0, (now - began) / length)) : 1;
      const eased = share * share * (3 - 2 * share);
      view.k = from.k * (goal.k / from.k) ** eased;
      // The centre goes with the scale, so that the place gone to stays in sight.
      const part = Math.abs(goal.k - from.k) < 1e-9 ? eased : (1 / from.k - 1 / view.k) / (1 / from.k - 1 / goal.k);
      view.lat = from.lat + part * (goal.lat - from.lat);
      view.lon = from.lon + part * (goal.lon - from.lon);
      place();
      if (share < 1) requestAnimationFrame(move);
    };
    if (length) requestAnimationFrame(move); else move(began);
    changed("view");
  }

  function free() {
    moving++;
    view.name = "free";
    limit();
    place();
    changed("view");
  }

  /** Zoom about a point of the picture, which stays where it is. */
  function zoom(factor, x = width / 2, y = height / 2) {
    const lat = toLat(y), lon = toLon(x);
    view.k *= factor;
    limit();
    view.lat = lat + (y - height / 2) / view.k;
    view.lon = lon - (x - width / 2) / (view.k * squeeze());
    free();
  }

  function pan(dx, dy) {
    view.lat += dy / view.k;
    view.lon -= dx / (view.k * squeeze());
    free();
  }

  function listen() {
    const held = new Map();
    svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) * 0.002), event.offsetX, event.offsetY);
    }, { passive: false });
    svg.addEventListener("pointerdown", (event) => {
      svg.setPointerCapture(event.pointerId);
      held.set(event.pointerId, [event.offsetX, event.offsetY]);
      svg.classList.add("held");
    });
    svg.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const now = [event.offsetX, event.offsetY];
      if (held.size === 1) pan(now[0] - before[0], now[1] - before[1]);
      if (held.size === 2) {
        const other = [...held.entries()].find(([id]) => id !== event.pointerId)[1];
        const apart = (p) => Math.max(8, Math.hypot(p[0] - other[0], p[1] - other[1]));
        const middle = (p) => [(p[0] + other[0]) / 2, (p[1] + other[1]) / 2];
        const [m0, m1] = [middle(before), middle(now)];
        zoom(apart(now) / apart(before), ...m0);
        pan(m1[0] - m0[0], m1[1] - m0[1]);
      }
      held.set(event.pointerId, now);
    });
    const letGo = (event) => { held.delete(event.pointerId); if (!held.size) svg.classList.remove("held"); };
    svg.addEventListener("pointerup", letGo);
    svg.addEventListener("pointercancel", letGo);
    svg.addEventListener("dblclick", (event) => zoom(2, event.offsetX, event.offsetY));
  }

  /* ---- aircraft */

  /** Where a way is on the picture and where it heads in degrees from up, or null if it is not there. */
  function craftAt(way, step) {
    const spot = rowAt(way, step);
    if (!spot) return null;
    const lat = between(way.lat, spot), lon = between(way.lon, spot);
    let a = spot.row, b = spot.next;
    const still = () => Math.abs(way.lat[b] - way.lat[a]) + Math.abs(way.lon[b] - way.lon[a]) < 2e-5;
    while (a > 0 && still()) a--;
    while (b < way.steps.length - 1 && still()) b++;
    const heading = Math.atan2((way.lon[b] - way.lon[a]) * Math.cos(lat * RAD), way.lat[b] - way.lat[a]) / RAD;
    return { way, lat, lon, x: toX(lon), y: toY(lat), heading, beside: [] };
  }

  function aircraft() {
    const step = Math.min(state.t / data.clock.step_s, data.clock.last);
    const there = new Map();
    for (const way of ways) {
      const craft = craftAt(way, step);
      if (craft) there.set(way.name, craft);
      way.line.setAttribute("d", flown(way, step));
      way.line.classList.toggle("gone", !craft);
      way.ghost.style.display = state.future ? "" : "none";
      way.glyph.style.display = craft ? "" : "none";
    }
    for (const craft of there.values()) {
      const beside = craft.way.kind === "pair" && there.get(besideAt(craft.way, step));
      if (beside) { beside.beside.push(craft); craft.leader = beside; }
    }
    for (const craft of there.values()) {
      craft.beside.forEach((pair, i) => {
        const side = i % 2 ? -1 : 1, far = 17 + 13 * Math.floor(i / 2), turn = craft.heading * RAD;
        pair.heading = craft.heading;
        pair.x = craft.x + Math.cos(turn) * side * far - Math.sin(turn) * 4;
        pair.y = craft.y + Math.sin(turn) * side * far + Math.cos(turn) * 4;
      });
    }
    for (const craft of there.values())
      craft.way.glyph.setAttribute("transform", `translate(${craft.x.toFixed(1)} ${craft.y.toFixed(1)}) rotate(${craft.heading.toFixed(1)})`);
    labelling.crafts(labels, [...there.values()], width, height);
  }

  function resize(onPaper = false) {
    const box = onPaper === true ? { width: 180 * MM, height: 110 * MM } : svg.getBoundingClientRect();
    if (box.width === width && box.height === height) return;
    [width, height] = [box.width, box.height];
    if (!width || !height) return;
    if (view.name === "free") { limit(); place(); } else { Object.assign(view, target(view.name)); moving++; place(); }
  }

  return {
    view, look, zoom, pan,
    /** Draw for the first time, with the view that the link asks for. */
    start(asked) {
      ground();
      layTracks();
      listen();
      if (typeof asked === "string") view.name = asked;
      resize();
      if (asked?.high) this.show(asked.lat, asked.lon, asked.high);
      new ResizeObserver(resize).observe(svg);
    },
    resize,
    update(what) { if (what !== "view") { marks(); aircraft(); } },
    show(lat, lon, high) { Object.assign(view, { lat, lon, k: height / high }); free(); },
    high: () => height / view.k,
    next() { const order = ["region", "close", "all"]; look(order[(order.indexOf(view.name) + 1) % 3]); },
    places: () => ways.map((way) => [way.name, craftAt(way, state.t / data.clock.step_s)]),
  };
})();
