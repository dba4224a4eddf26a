
/* What is the case now, and the events as the clock passes them: simulated beside reported, each with its causes. */
const list = (() => {
  const now = element("now"), body = element("events"), box = element("rows"), live = element("live");
  const facts = new Map();        // by event: what was reported of it
  const missing = [];             // what was reported and did not happen
  const rows = [];                // one for each event, and for each report of what did not happen, in order of time
  let latest = null, told = -1, saidAt = 0, waiting = null;

  const link = (seconds, text = clockText(seconds)) => make("a", { href: `#t=${clockText(seconds)}`, "data-t": seconds }, text);

  /* ---- now */

  function flights() {
    const step = state.t / data.clock.step_s, whole = stepNow();
    const lines = [];
    for (const way of ways.filter((each) => each.kind === "flight")) {
      const at = rowAt(way, Math.min(step, data.clock.last));
      if (!at) continue;
      const inside = (data.stays[way.name] ?? []).filter((stay) =>
        (stay.kind === "identification" || stay.kind === "airspace") && stay.enters <= whole && (stay.leaves === null || whole < stay.leaves));
      const beside = ways.filter((each) => each.kind === "pair" && besideAt(each, step) === way.name && rowAt(each, step));
      lines.push([way.label, (between(way.km, at)).toFixed(1), inside, beside.map(labelOf).join("; ")]);
    }
    const key = JSON.stringify(lines);
    if (key === now.dataset.key) return;
    now.dataset.key = key;
    const same = lines.map(([label, , inside, beside]) => [label, inside, beside]);
    if (JSON.stringify(same) === now.dataset.same) {  // only distances have changed
      lines.forEach(([, km], i) => { now.children[i].children[1].firstChild.data = km; });
      return;
    }
    now.dataset.same = JSON.stringify(same);
    now.replaceChildren(...lines.map(([label, km, inside, beside]) => {
      const zones = make("td");
      inside.forEach((stay, i) => zones.append(i ? ", " : "", make("span", { class: stay.kind === "airspace" ? "inside" : "" }, stay.label)));
      return make("tr", {}, make("th", { scope: "row" }, ...unbroken(label)), make("td", { class: "number" }, km), inside.length ? zones : make("td", {}, "–"), make("td", {}, ...unbroken(beside || "–")));
    }));
    if (!lines.length) now.append(make("tr", {}, make("td", { colspan: 4 }, "No flight is in the air.")));
  }

  /* ---- events */

  function factLine(fact) {
    const verdict = make("span", { class: `verdict ${fact.verdict}` }, fact.verdict);
    const mark = fact.disputed ? make("abbr", { title: "disputed" }, "†") : "";
    return make("span", { class: "fact" }, fact.reported, mark, " ", make("small", {}, fact.role, " "), verdict);
  }

  function lay() {
    for (const fact of data.facts) {
      if (fact.event === null) missing.push(fact);
      else facts.set(fact.event, [...(facts.get(fact.event) ?? []), fact]);
    }
    data.events.forEach((event, id) => rows.push({ id, at: secondsOf(event.step), main: event.main || facts.has(id) }));
    for (const fact of missing) {
      const at = fact.latest_s ?? fact.earliest_s;
      rows.push({ id: null, fact, at: at ?? last_s, main: true });
    }
    rows.sort((a, b) => a.at - b.at || (a.id ?? 1e9) - (b.id ?? 1e9));
  }

  /** Make the row of an event when it is first wanted. */
  function node(row) {
    if (row.node) return row.node;
    if (row.id === null) {
      const what = make("td", {}, `not in this run: ${row.fact.statement}`);
      row.node = make("tr", {}, make("td", {}, "–"), make("td", {}, factLine(row.fact)), what);
    } else {
      const event = data.events[row.id];
      row.button = make("button", { type: "button", class: "what", "aria-expanded": "false" }, ...unbroken(event.told));
      row.button.addEventListener("click", () => open(state.open === row.id ? null : row.id));
      const what = make("td", {}, row.button);
      for (const rung of event.rungs) what.append(make("span", { class: "rung" }, `▲ ${data.rungs[rung].name}`));
      row.node = make("tr", {}, make("td", {}, link(row.at)), make("td", {}, ...(facts.get(row.id) ?? []).map(factLine)), what);
    }
    row.node.dataset.event = row.id ?? "";
    return row.node;
  }

  /** The chain of causes of an event, itself first. */
  function causes(id) {
    const chain = [id];
    while (data.events[chain.at(-1)].cause !== null) chain.push(data.events[chain.at(-1)].cause);
    return chain;
  }

  const apart = (seconds) => {
    const whole = Math.round(seconds), [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return h ? `${h} h ${String(m).padStart(2, "0")} min` : m ? `${m} min ${String(s).padStart(2, "0")} s` : `${s} s`;
  };

  function why(id) {
    const chain = causes(id), cell = make("td", { colspan: 3 });
    for (const fact of facts.get(id) ?? []) {
      const doubt = fact.disputed ? ", disputed" : "";
      cell.append(make("p", {}, `${fact.statement}: reported ${fact.reported} (${fact.role}, ${fact.confidence}${doubt}); gap ${fact.gap}: ${fact.verdict}.`));
    }
    if (chain.length > 1) {
      cell.append(make("p", {}, "Because:"));
      cell.append(make("ol", {}, ...chain.slice(1).map((cause, i) => {
        const later = secondsOf(data.events[chain[i]].step - data.events[cause].step);
        return make("li", { "data-event": cause }, link(secondsOf(data.events[cause].step)), " ", ...unbroken(data.events[cause].told), later ? `, ${apart(later)} earlier` : ", in the same step");
      })));
    }
    cell.append(make("p", {}, chain.length > 1 ? "The last of these comes from the scenario." : "This comes from the scenario, not from another event."));
    return make("tr", { class: "why" }, cell);
  }

  function open(id) {
    state.open = id;
    body.querySelector(".why")?.remove();
    for (const row of rows) row.button?.setAttribute("aria-expanded", String(row.id === id));
    const row = rows.find((each) => each.id === id && each.id !== null);
    if (row?.node?.isConnected) {
      const told = why(id);
      row.node.after(told);
      told.scrollIntoView({ block: "nearest" });
    }
    changed("open");
  }

  /** Show the rows up to now, and those ahead if the future is asked for. */
  function update() {
    flights();
    const ended = state.t >= last_s;
    const wanted = rows.filter((row) => (row.main || state.every) && (row.at <= state.t || state.future) && (row.id !== null || state.future || ended));
    const past = wanted.filter((row) => row.at <= state.t && row.id !== null);
    const recent = past.at(-1) ?? null;
    const key = `${wanted.length} ${past.length} ${state.future} ${state.every} ${recent?.id}`;
    if (key === body.dataset.key) return;
    body.dataset.key = key;
    const nodes = wanted.map(node);
    const shown = state.open === null ? -1 : wanted.findIndex((row) => row.id === state.open);
    const opened = body.querySelector(".why");
    if (shown >= 0) nodes.splice(shown + 1, 0, opened ?? why(state.open));
    sync(nodes);
    for (const row of wanted) row.node.classList.toggle("ahead", row.at > state.t);
    latest?.node?.classList.remove("latest");
    recent?.node.classList.add("latest");
    latest = recent;
    element("none").hidden = wanted.length > 0;
    follow();
    say(recent);
  }

  /** Make the body hold these rows, touching as few of them as may be, so that the focus stays. */
  function sync(nodes) {
    const wanted = new Set(nodes);
    for (const child of [...body.children]) if (!wanted.has(child)) child.remove();
    nodes.forEach((each, i) => { if (body.children[i] !== each) body.insertBefore(each, body.children[i] ?? null); });
  }

  /** Keep the latest row in sight, unless someone reads or stands in the list. */
  function follow() {
    if (!latest) return;
    if (box.contains(document.activeElement) && document.activeElement !== box) return;
    const row = latest.node, head = 30, room = state.future ? 0.5 : 0.98;
    const why = row.nextElementSibling?.matches(".why") ? row.nextElementSibling.offsetHeight : 0;
    const top = row.offsetTop, low = Math.min(top + row.offsetHeight + why, top + box.clientHeight - head);
    if (low > box.scrollTop + box.clientHeight * room || top < box.scrollTop + head)
      box.scrollTop = Math.max(0, low - box.clientHeight * room);
  }

  /** Tell a screen reader of the latest event of note: one sentence in four seconds, and none while it jumps back. */
  function say(recent) {
    const id = recent?.id ?? -1;
    if (id <= told || dragging()) { told = id; return; }
    told = id;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      saidAt = performance.now();
      if (latest) live.textContent = `${clockText(latest.at)}: ${data.events[latest.id].told}`;
    }, Math.max(150, 4000 - (performance.now() - saidAt)));
  }

  /** The time of the event of note before or after the clock, or null. */
  function next(direction) {
    const times = rows.filter((row) => row.id !== null && (row.main || state.every)).map((row) => row.at);
    const found = direction > 0 ? times.find((at) => at > state.t) : times.findLast((at) => at < state.t);
    return found ?? null;
  }

  function start() {
    lay();
    box.classList.toggle("plain", !data.facts.length);  // nothing was reported: a column would stand empty
    new ResizeObserver(follow).observe(box);
  }

  return { start, update, open, next, causes };
})();
