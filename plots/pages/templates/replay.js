
/* The page: the clock that moves all of it, buttons and keys, and the link to what is seen. */
const slider = element("slider"), timeText = element("time");
let linkTimer = null, held = false;

const dragging = () => held;

/** Show what has changed: `what` is time, future, span, every, open, view, or all of them. */
function changed(what) {
  if (what === "span" || what === "all") {
    [slider.min, slider.max] = span();
    element("span").value = state.whole ? "whole" : "encounter";
    ladder.lay();
  }
  if (what !== "view" && what !== "open") {
    map.update(what);
    ladder.update();
    list.update();
    const text = clockText(state.t), [a, b] = span();
    timeText.textContent = text;
    timeText.setAttribute("datetime", text);
    slider.value = state.t;
    slider.setAttribute("aria-valuetext", text);
    slider.style.setProperty("--done", `${(100 * Math.min(1, Math.max(0, (state.t - a) / (b - a)))).toFixed(2)}%`);
    element("came").hidden = !(state.future || state.t >= last_s);
    element("ask").hidden = state.future || state.t >= last_s;
  }
  if (what === "every" || what === "all") element("every").checked = state.every;
  if (what === "future" || what === "all") {
    element("future").setAttribute("aria-pressed", String(state.future));
    element("future").textContent = state.future ? "Hide the future" : "Show the future";
  }
  if (what === "view" || what === "all") element("view").textContent = { region: "Close up", close: "All tracks" }[map.view.name] ?? "Region";
  later();
}

/** Move the clock to so many seconds from the start. */
function goTo(seconds, stop = true) {
  if (stop) play(false);
  state.t = Math.min(last_s, Math.max(0, seconds));
  const [a, b] = span();
  if (!state.whole && (state.t < a || state.t > b)) widen();
  changed("time");
}

/** A moment outside the encounter wants the whole window on the slider. */
function widen() {
  state.whole = true;
  changed("span");
}

/* ---- playing */

function play(on) {
  if (on === state.playing) return;
  const end = span()[1];
  if (on && state.t >= end) state.t = span()[0];
  state.playing = on;
  element("play").textContent = on ? "❚❚" : "▶";
  element("play").setAttribute("aria-label", on ? "Pause" : "Play");
  if (on) requestAnimationFrame((now) => tick(now, now, state.t));
  else later();
}

/** Move the clock by the time that has passed. Who wants little motion sees it move twice a second. */
function tick(now, before, shown) {
  if (!state.playing) return;
  state.t = Math.min(span()[1], state.t + state.speed * Math.min(1, Math.max(0, (now - before) / 1000)));
  if (state.t >= span()[1]) play(false);
  const due = !CALM.matches || !state.playing || Math.abs(state.t - shown) >= state.speed / 2;
  if (due) { shown = state.t; changed("time"); }
  if (state.playing) requestAnimationFrame((then) => tick(then, now, shown));
}

/* ---- the link: #t=09:10&view=close&future=1, changed in place so that the way back stays short */

function linkText() {
  const parts = [`t=${clockText(state.t)}`];
  const view = map.view;
  if (view.name === "free") parts.push(`map=${view.lat.toFixed(3)},${view.lon.toFixed(3)},${map.high().toPrecision(3)}`);
  else if (view.name !== "region") parts.push(`view=${view.name}`);
  if (state.future) parts.push("future=1");
  if (!state.whole) parts.push("span=encounter");
  if (state.every) parts.push("log=1");
  if (state.open !== null) parts.push(`event=${state.open}`);
  return `#${parts.join("&")}`;
}

function later() {
  if (linkTimer !== null) return;
  linkTimer = setTimeout(() => {
    linkTimer = null;
    const text = linkText();
    if (text !== location.hash) history.replaceState(null, "", text);
  }, state.playing ? 1000 : 200);
}

/** Do what a link says; what it does not say stays as it is. Return the view that it asks for. */
function read() {
  const asked = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
  const t = parseClock(asked.get("t") ?? "");
  if (asked.has("future")) state.future = asked.get("future") === "1";
  if (asked.has("span")) state.whole = asked.get("span") !== "encounter";
  if (asked.has("log")) state.every = asked.get("log") === "1";
  if (t !== null && t <= last_s) state.t = t;
  const [a, b] = span();
  if (state.t < a || state.t > b) state.whole = true;
  if (asked.has("event")) {
    const id = Number(asked.get("event"));
    state.open = data.events[id] && (state.future || secondsOf(data.events[id].step) <= state.t) ? id : null;
  }
  const [lat, lon, high] = (asked.get("map") ?? "").split(",").map(Number);
  if (lat >= -90 && lat <= 90 && lon >= -360 && lon <= 360 && high > 0) return { lat, lon, high };
  return ["region", "close", "all"].includes(asked.get("view")) ? asked.get("view") : null;
}

/** Go where a link says, when it was followed or written in the address. */
function follow() {
  play(false);
  const view = read();
  changed("all");
  if (view?.high) map.show(view.lat, view.lon, view.high);
  else if (view) map.look(view, false);
}

/* ---- buttons and keys */

function setFuture(on) { state.future = on; changed("future"); }
function setEvery(on) { state.every = on; changed("every"); }
function setSpan(encounter) {
  state.whole = !encounter;
  const [a, b] = span();
  state.t = Math.min(b, Math.max(a, state.t));
  changed("span");
}
function jump(direction) { const at = list.next(direction); if (at !== null) goTo(at); }
function faster(by) {
  const speed = element("speed");
  speed.selectedIndex = Math.min(speed.options.length - 1, Math.max(0, speed.selectedIndex + by));
  state.speed = Number(speed.value);
}

const KEYS = {
  " ": () => play(!state.playing),
  ArrowLeft: (event) => goTo(Math.ceil(state.t) - (event.shiftKey ? 60 : 10), false),
  ArrowRight: (event) => goTo(Math.floor(state.t) + (event.shiftKey ? 60 : 10), false),
  Home: () => goTo(span()[0]),
  End: () => goTo(span()[1]),
  n: () => jump(1),
  p: () => jump(-1),
  "<": () => faster(-1),
  ">": () => faster(1),
  f: () => setFuture(!state.future),
  m: () => map.next(),
  "+": () => map.zoom(1.5),
  "=": () => map.zoom(1.5),
  "-": () => map.zoom(1 / 1.5),
  "−": () => map.zoom(1 / 1.5),
  w: () => map.pan(0, 80),
  a: () => map.pan(80, 0),
  s: () => map.pan(0, -80),
  d: () => map.pan(-80, 0),
  t: () => setSpan(state.whole),
  l: () => setEvery(!state.every),
};

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const on = event.target, key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = KEYS[key];
  if (!action || on.matches("select")) return;
  if (key === " " && on.matches("button, a, input[type=checkbox]")) return;
  if (on === element("rows") && ["Home", "End", " "].includes(key)) return;
  event.preventDefault();
  action(event);
}

function listen() {
  slider.addEventListener("input", () => goTo(Number(slider.value)));
  slider.addEventListener("pointerdown", () => { held = true; });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { held = false; });
  element("play").addEventListener("click", () => play(!state.playing));
  element("before").addEventListener("click", () => jump(-1));
  element("after").addEventListener("click", () => jump(1));
  element("speed").addEventListener("change", (event) => { state.speed = Number(event.target.value); });
  element("span").addEventListener("change", (event) => setSpan(event.target.value === "encounter"));
  element("future").addEventListener("click", () => setFuture(!state.future));
  element("every").addEventListener("change", (event) => setEvery(event.target.checked));
  element("view").addEventListener("click", () => map.next());
  element("zoom-in").addEventListener("click", () => map.zoom(1.5));
  element("zoom-out").addEventListener("click", () => map.zoom(1 / 1.5));
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    if (link.dataset.t !== undefined) { event.preventDefault(); goTo(Number(link.dataset.t)); }
    if (link.dataset.focus !== undefined) { event.preventDefault(); element(link.dataset.focus).focus(); }
  });
  addEventListener("hashchange", follow);
  // What is drawn to size is drawn anew for paper, which is narrower than a screen.
  const paper = (on) => () => {
    ladder.lay(on);
    map.resize(on);
    ladder.update();
  };
  addEventListener("beforeprint", paper(true));
  addEventListener("afterprint", paper(false));
}

/** The signs that occur on this map, each with its meaning. */
function key() {
  const has = (tone) => ways.some((way) => way.tone === tone);
  const zone = (kind) => data.zones.some((each) => each.kind === kind);
  const sign = (kind, d) => draw("svg", { viewBox: "-11 -8 22 16", "aria-hidden": "true" }, draw("g", { class: `craft ${kind}` }, draw("path", { d, class: kind, transform: "scale(0.7)" })));
  const entries = [
    [has("main") || has("flight"), sign("main", GLYPHS.main), "flight"],
    [has("own"), sign("own", GLYPHS.own), "fighters"],
    [has("other"), sign("other", GLYPHS.other), "others' fighters"],
    ...["pass", "flares", "fire"].map((look) => [data.marks.some((mark) => mark.look === look), sign("act", ACTS[look]), { pass: "pass", flares: "flares", fire: "fire" }[look]]),
    [zone("trigger"), draw("svg", { viewBox: "0 0 22 16", "aria-hidden": "true" }, draw("path", { d: "M1 8H21", class: "zone trigger" })), "action line"],
  ];
  element("key").append(...entries.filter(([there]) => there).map(([, svg, text]) => make("li", {}, svg, text)));
}

function start() {
  element("span").append(make("option", { value: "whole" }, "whole"), make("option", { value: "encounter" }, data.encounter.label));
  slider.step = 1;
  state.t = secondsOf(data.clock.opens);
  const view = read();
  key();
  list.start();
  ladder.start();
  ladder.lay();
  map.start(view);
  listen();
  changed("all");
  performance.mark("ready");
  document.documentElement.dataset.ready = "yes";
}
start();
