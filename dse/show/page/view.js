"use strict";
// A front seen from all sides: budgets, plots, lines and a table over the same designs.
// Reports and notebooks share it. No library but Plotly.

// Plotly comes packed by gzip; browsers unpack it themselves since 2023.
async function dseUnpack(packed) {
  const raw = atob(packed), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  const text = await new Response(stream).text();
  script.textContent = `(function (define, module, exports) {${text}\n}).call(window);`;
  document.head.append(script);
}

function dseSave(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

// `root` holds the elements of view.html; `changed` is told what is chosen. Table, lines
// and budgets do not wait for `plotly`, a promise of it; plots do.
function dseView(root, data, plotly, changed = () => {}) {
  const find = (id) => root.querySelector("#" + id);
  const { columns, budget, objective, bars } = data;
  const count = columns[0].values.length;
  const column = Object.fromEntries(columns.map((c) => [c.name, c]));
  const metrics = new Set(columns.slice(1, 1 + data.metrics));
  const shown = (value) => typeof value === "number" ? value.toLocaleString("en-US") : value;
  const digits = (value, n) => value === null ? "not known" : value.toLocaleString(
    "en-US", { minimumSignificantDigits: n, maximumSignificantDigits: n });
  const cell = (c, row) => metrics.has(c) ? digits(c.values[row], c.digits) : shown(c.values[row]);
  const withUnit = (c, row) => (cell(c, row) + " " + c.unit).trim();
  const titleOf = (row) => "Design " + shown(column.design.values[row]) + (row === data.knee ? ", the knee" : "");
  const make = (tag, text, look) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (look) made.className = look;
    return made;
  };

  const hover = Array.from({ length: count }, (_, row) => columns.map((c) => metrics.has(c)
    ? `${c.title}: <b>${withUnit(c, row)}</b>`
    : c === columns[0] ? `<b>Design ${cell(c, row)}</b>` : `${c.title}: ${withUnit(c, row)}`,
  ).join("<br>"));

  // -- colours -------------------------------------------------------------------------

  // Figures come in the colours of paper; in the dark each has another one.
  const DARK = {
    white: "#14181c", "#1a1f24": "#e4e8ec", "#55606b": "#a3adb7", "#d5dbe1": "#39424b",
    "#0b62a8": "#62b0ee", "#9cc4e4": "#2f5f86", "#77828d": "#8b96a1", "#c3cad1": "#56606a",
    "#eef1f4": "#1d2329", "#98a3ae": "#5c6873", "rgba(255,255,255,0.75)": "rgba(20,24,28,0.75)",
  };
  const PLACES = ["x", "y", "z", "base", "values", "hovertext"];
  let dark = false;
  const tinted = (part) => {
    if (typeof part === "string") return dark && DARK[part] || part;
    if (Array.isArray(part)) return part.length > 1000 ? part : part.map(tinted);
    if (part === null || typeof part !== "object" || ArrayBuffer.isView(part) || part.bdata) return part;
    return Object.fromEntries(Object.entries(part).map(([key, value]) =>
      [key, PLACES.includes(key) && Array.isArray(value) ? value : tinted(value)]));
  };
  // What is no flat front waits until it is seen, or printed; no front in space is.
  const seen = new Set();
  const draw = ({ id, figure }) => seen.has(id)
    && Plotly.react(find(id), tinted(figure.data), tinted(figure.layout), savedAs(id));
  const savedAs = (id) => ({ ...data.config, toImageButtonOptions: { ...data.config.toImageButtonOptions, filename: id } });
  const figureOf = (id) => data.figures.find((f) => f.id === id);
  const watch = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    if (isIntersecting) reveal(target.id);
  }), { rootMargin: "200px" });
  async function reveal(id) {
    watch.unobserve(find(id));
    await plotly;
    if (seen.has(id)) return;
    seen.add(id);
    await draw(figureOf(id));
    const front = fronts.find(({ div }) => div.id === id);
    if (front) listen(front);
  }
  const waiting = data.figures.filter((f) => f.metrics?.length !== 2);
  addEventListener("beforeprint", () => waiting.forEach(({ id, metrics }) => metrics || reveal(id)));
  // Change traces as `Plotly.restyle` does, of a plot that may have to be drawn first.
  function restyle({ id }, changes, traces) {
    const own = figureOf(id).figure.data;
    for (const [name, values] of Object.entries(changes)) {
      const [part, ...rest] = name.split(".");
      traces.forEach((at, i) => {
        if (rest.length) own[at][part][rest[0]] = values[i];
        else own[at][part] = values[i];
      });
    }
    if (seen.has(id)) Plotly.restyle(find(id), changes, traces);
  }
  // Show other numbers in a figure: for each trace what changes, and of its layout.
  function change(id, traces, title, high) {
    const placed = figureOf(id), { data: own, layout } = placed.figure;
    traces.forEach((changed, i) => Object.assign(own[i], changed));
    if (title !== undefined) layout.title.text = title;
    if (high !== undefined) layout.yaxis.range = [0, high];
    draw(placed);
  }

  // -- plots ---------------------------------------------------------------------------

  const narrow = innerWidth < 600;
  const fronts = [];
  let quiet = false; // while plots are told what they would tell
  async function quietly(action) {
    quiet = true;
    try { await action(); } finally { quiet = false; }
  }
  for (const placed of data.figures) {
    const { id, figure, metrics: names } = placed;
    const div = find(id), layout = figure.layout;
    const named = (name) => figure.data.findIndex((trace) => trace.name === name);
    if (layout.scene && narrow) { // a narrow screen sees the front from farther away
      layout.height = 400;
      for (const axis of "xyz") layout.scene.camera.eye[axis] *= 1.5;
    }
    if (narrow && layout.xaxis?.ticktext?.some((name) => name.includes("<br>"))) { // and names of steps upright, in one line
      layout.xaxis.ticktext = layout.xaxis.ticktext.map((name) => name.replaceAll("<br>", " "));
      layout.xaxis.tickangle = -90;
      layout.margin.b += 80;
      layout.height += 80;
    }
    if (!names) continue;
    const front = { div, front: named("front"), picked: named("picked"), flat: names.length === 2 };
    front.axes = names.map((name, i) => ({ name, letter: "xyz"[i], values: column[name].values }));
    figure.data[front.front].hovertext = hover;
    if (front.flat) {
      layout.dragmode = narrow ? false : "select";
      figure.data[front.front].unselected = { marker: { opacity: 0.12 } };
      if (bars) for (const { letter } of front.axes)
        figure.data[front.picked]["error_" + letter] = { type: "data", symmetric: false, array: [0], arrayminus: [0], thickness: 1, width: 3, color: "#1a1f24" };
    }
    fronts.push(front);
  }
  for (const { id, figure } of waiting) find(id).style.minHeight = `${figure.layout.height}px`;
  const lines = dseLines(find("parallel"), data.axes, column, count, (axis, range) => { take(axis, range); filter(); });
  function listen({ div, axes, flat }) {
    div.on("plotly_click", ({ points }) => {
      if (points[0].data.name === "front") pick(points[0].pointNumber);
    });
    if (flat) div.on("plotly_selected", (drawn) => {
      if (quiet || !drawn || !drawn.range) return;
      axes.forEach(({ name, letter }) =>
        brush.set(name, [...drawn.range[letter]].sort((a, b) => a - b)));
      quietly(() => Plotly.relayout(div, { selections: [] })).then(filter);
    });
  }

  // -- ranges drawn by hand ------------------------------------------------------------

  const brush = new Map(); // column -> both ends of a metric, or the values of a field
  function take({ name, kind, values }, range) {
    if (!range) brush.delete(name);
    else if (kind === "steps") brush.set(name, values.filter((_, i) => range[0] <= i && i <= range[1]));
    else brush.set(name, range.map((at) => kind === "log" ? 10 ** at : at));
  }
  // Where along an axis of the lines what is chosen lies.
  function onAxis({ name, kind, values, ends }) {
    const slider = sliders.find((s) => s.c.name === name && !s.free());
    let range = brush.get(name);
    if (kind === "steps") {
      if (!range || !range.length) return null;
      const places = range.map((value) => values.indexOf(value));
      return [Math.min(...places) - 0.3, Math.max(...places) + 0.3];
    }
    if (slider) {
      const [low, high] = range || [-Infinity, Infinity];
      range = slider.least ? [Math.max(low, slider.bound()), high] : [low, Math.min(high, slider.bound())];
    }
    if (!range) return null;
    const places = range.map((value) => kind === "log" ? Math.log10(Math.max(value, 1e-300)) : value);
    return [Math.max(places[0], ends[0]), Math.min(places[1], ends[1])];
  }
  const allowedByHand = (row) => {
    for (const [name, own] of brush) {
      const value = column[name].values[row];
      if (metrics.has(column[name]) ? value === null || value < own[0] || value > own[1] : !own.includes(value)) return false;
    }
    return true;
  };
  function chips() {
    find("chips").replaceChildren(...[...brush].map(([name, own]) => {
      const c = column[name];
      const said = metrics.has(c) ? own.map((value) => Number(value.toPrecision(3)).toLocaleString("en-US")).join(" to ") : own.map(shown).join(", ");
      const chip = make("button", `${c.title} ${said} ${c.unit}`.trim() + " ×");
      chip.type = "button";
      chip.title = "Let go of this range";
      chip.addEventListener("click", () => { brush.delete(name); filter(); });
      return chip;
    }));
  }

  // -- one design, or two side by side -------------------------------------------------

  let picked = data.knee, pinned = null;
  const watchers = [];
  function pick(row) {
    picked = row;
    for (const { div, axes, picked: trace, flat } of fronts) {
      const change = {};
      for (const { letter, name, values } of axes) {
        change[letter] = [[values[row]]];
        if (flat && bars && bars[name]) {
          const [low, high] = bars[name].map((ends) => ends[row]);
          change[`error_${letter}.array`] = [[high - values[row]]];
          change[`error_${letter}.arrayminus`] = [[values[row] - low]];
        }
      }
      restyle(div, change, [trace]);
    }
    lines.show({ picked });
    find("picked-title").textContent = titleOf(row) + (pinned === null ? "" : `, beside ${shown(column.design.values[pinned])}`);
    find("pin").textContent = pinned === null ? "Set another beside it" : "Let go of the other";
    const two = pinned !== null && pinned !== row;
    find("picked").replaceChildren(...columns.slice(two ? 0 : 1).map((c) => {
      const line = make("tr"), term = make("th", c.title);
      term.scope = "row";
      if (c.about) term.title = c.about;
      const differs = two && c !== columns[0] && c.values[row] !== c.values[pinned];
      line.append(term, ...(two ? [row, pinned] : [row]).map((each) => {
        const value = make("td", undefined, differs ? "differs" : "");
        value.append(withUnit(c, each));
        if (bars && bars[c.name]) value.append(make("small", bars[c.name].map((ends) => digits(ends[each], 2)).join(" to ")));
        return value;
      }));
      return line;
    }));
    markPicked();
    watchers.forEach((watch) => watch(row, two ? pinned : null));
    tellHost();
  }
  find("pin").addEventListener("click", () => { pinned = pinned === null ? picked : null; pick(picked); });
  function markPicked() {
    for (const line of root.querySelectorAll("tr[data-row]"))
      line.setAttribute("aria-selected", String(Number(line.dataset.row) === picked));
  }
  for (const event of ["click", "keydown"]) {
    root.addEventListener(event, (happened) => {
      const line = happened.target.closest("tr[data-row]");
      if (!line) return;
      if (event === "click" || happened.key === "Enter") pick(Number(line.dataset.row));
      const next = { ArrowDown: line.nextElementSibling, ArrowUp: line.previousElementSibling }[happened.key];
      if (next) { next.focus(); happened.preventDefault(); }
    });
  }

  // -- budget --------------------------------------------------------------------------

  const STEPS = 1000; // of a slider, evenly on a log scale; the last one is no limit
  const sliders = budget.map(({ name, least }) => {
    const values = column[name].values.filter((value) => value !== null);
    const min = Math.min(...values), max = Math.max(...values);
    const [to, from] = min > 0 ? [Math.log, Math.exp] : [(x) => x, (x) => x];
    const low = to(min), high = to(max), any = least ? 0 : STEPS;
    const input = find("budget-" + name);
    const slack = (least ? -1e-9 : 1e-9) * Math.max(Math.abs(min), Math.abs(max));
    const bound = () => from(low + (high - low) * Number(input.value) / STEPS) + slack;
    const free = () => Number(input.value) === any;
    const allows = (value, limit) => free() || (value !== null && (least ? value >= limit : value <= limit));
    return { c: column[name], input, bound, free, allows, any, least, output: find("output-" + name) };
  });
  let wasAll = true;
  let within = Array.from({ length: count }, (_, row) => row);
  function filter() {
    const bounds = sliders.map((s) => s.bound());
    sliders.forEach((s, i) => {
      const text = s.free() ? "any" : (s.least ? "≥ " : "≤ ")
        + Number(bounds[i].toPrecision(3)).toLocaleString("en-US") + " " + s.c.unit;
      s.output.textContent = text;
      s.input.setAttribute("aria-valuetext", text);
    });
    const allowed = (row) => sliders.every((s, i) => s.allows(s.c.values[row], bounds[i])) && allowedByHand(row);
    within = [];
    for (let row = 0; row < count; row++) if (allowed(row)) within.push(row);
    const keep = new Set(within), all = within.length === count;
    if (!(all && wasAll)) for (const { div, axes, front, flat } of fronts) {
      if (flat) { // a box that was drawn has marked machines of other traces, too
        const traces = figureOf(div.id).figure.data;
        const marks = traces.map((_, i) => i).filter((i) => traces[i].type.startsWith("scatter"));
        restyle(div, { selectedpoints: marks.map((i) => i === front && !all ? within : null) }, marks);
      }
      else restyle(div, { x: [axes[0].values.map((value, row) => keep.has(row) ? value : null)] }, [front]);
    }
    wasAll = all;
    lines.show({ within, ranges: data.axes.map(onAxis) });
    chips();
    tell();
    fill();
    tellHost();
  }
  function tell() {
    const best = column[objective.name];
    const sign = objective.maximize ? -1 : 1;
    let first = within[0];
    for (const row of within)
      if (sign * best.values[row] < sign * best.values[first]) first = row;
    let text = `${shown(within.length)} of ${shown(count)} designs within ${brush.size ? "what is chosen" : "the budget"}.`;
    if (first !== undefined) {
      const others = data.objectives.filter((n) => n !== objective.name);
      const rest = others.map((n) => withUnit(column[n], first)).join(", ");
      text += ` ${objective.maximize ? "Most" : "Least"} ${best.title.toLowerCase()} among them: `
        + `${withUnit(best, first)} (${rest}), design ${shown(column.design.values[first])}.`;
    }
    find("status").textContent = text;
  }
  // Ends of metrics, null where there is none, and values of fields, by column.
  function tellHost() {
    const ranges = {};
    for (const s of sliders) if (!s.free()) ranges[s.c.name] = s.least ? [s.bound(), null] : [null, s.bound()];
    for (const [name, own] of brush) {
      const [low, high] = ranges[name] || [null, null];
      ranges[name] = !metrics.has(column[name]) ? own
        : [low === null ? own[0] : Math.max(low, own[0]), high === null ? own[1] : Math.min(high, own[1])];
    }
    changed({ ranges, design: column.design.values[picked] });
  }
  let asked = false;
  for (const { input } of sliders) input.addEventListener("input", () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; filter(); });
  });
  find("reset").addEventListener("click", () => {
    for (const { input, any } of sliders) input.value = any;
    brush.clear();
    filter();
  });

  // -- table ---------------------------------------------------------------------------

  const PAGE = 50;
  let rows = PAGE;
  let order = { c: column[objective.name], down: objective.maximize };
  const body = find("table").tBodies[0];
  const heads = [...find("table").tHead.rows[0].cells];
  const sorted = () => {
    const { c: { values }, down } = order;
    const compare = typeof values[0] === "number"
      ? (a, b) => values[a] - values[b] : (a, b) => values[a].localeCompare(values[b]);
    return [...within].sort((a, b) => (down ? compare(b, a) : compare(a, b)) || a - b);
  };
  function fill() {
    const chosen = sorted();
    body.replaceChildren(...chosen.slice(0, rows).map((row) => {
      const line = make("tr");
      line.dataset.row = row;
      line.tabIndex = 0;
      for (const c of columns)
        line.append(make("td", cell(c, row), typeof c.values[row] === "number" ? "number" : ""));
      return line;
    }));
    heads.forEach((head, i) => {
      const sorting = columns[i] === order.c ? (order.down ? "descending" : "ascending") : "none";
      head.setAttribute("aria-sort", sorting);
    });
    find("more").hidden = chosen.length <= rows;
    find("more").textContent = `Show more (${shown(Math.max(0, chosen.length - rows))} left)`;
    markPicked();
  }
  heads.forEach((head, i) => head.querySelector("button").addEventListener("click", () => {
    order = { c: columns[i], down: order.c === columns[i] ? !order.down : false };
    fill();
  }));
  find("more").addEventListener("click", () => { rows += 4 * PAGE; fill(); });
  find("save").addEventListener("click", () => {
    const quoted = (value) => /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
    const line = (values) => values.map(quoted).join(",");
    const ends = Object.entries(bars || {}).flatMap(([name, [low, high]]) =>
      [{ name: name + "_low", values: low }, { name: name + "_high", values: high }]);
    const all = [...columns, ...ends];
    const text = [line(all.map((c) => c.name)), ...sorted().map((row) => line(all.map((c) => c.values[row])))];
    dseSave("selection.csv", text.join("\n") + "\n", "text/csv");
  });
  find("save-lines").addEventListener("click", () => dseSave("designs.svg", lines.svg(), "image/svg+xml"));

  // -- all together --------------------------------------------------------------------

  async function paint(inTheDark) {
    dark = inTheDark;
    root.dataset.theme = dark ? "dark" : "light";
    lines.show({}, true);
    await quietly(() => Promise.all(data.figures.map(draw)));
  }
  // All but plots work at once; the promise is kept when the flat fronts are drawn.
  function start() {
    paint(root.dataset.theme === "dark");
    pick(picked);
    filter();
    return drawFronts();
  }
  // Each in a frame of its own; one in space takes longer than all of them, and waits.
  async function drawFronts() {
    for (const { div } of fronts.filter((front) => front.flat)) {
      await reveal(div.id);
      performance.mark("chart");
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done))); // it is seen
    }
    waiting.forEach(({ id }) => watch.observe(find(id)));
  }
  return {
    change, make, paint, start, titleOf,
    knee: data.knee,
    onPick: (action) => watchers.push(action),
  };
}
