"use strict";
// One page: a budget, plots and a table over the same designs. No library but Plotly.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { columns, budget, objective } = data;
  const count = columns[0].values.length;
  const column = Object.fromEntries(columns.map((c) => [c.name, c]));
  const find = (id) => document.getElementById(id);
  const metrics = new Set(columns.slice(1, 1 + data.metrics));
  const shown = (value) => typeof value === "number" ? value.toLocaleString("en-US") : value;
  const cell = (c, row) => !metrics.has(c) ? shown(c.values[row]) : c.values[row].toLocaleString(
    "en-US", { minimumSignificantDigits: 4, maximumSignificantDigits: 4 });
  const withUnit = (c, row) => (cell(c, row) + " " + c.unit).trim();

  const hover = Array.from({ length: count }, (_, row) => columns.map((c) => metrics.has(c)
    ? `${c.title}: <b>${withUnit(c, row)}</b>`
    : c === columns[0] ? `<b>Design ${cell(c, row)}</b>` : `${c.title}: ${withUnit(c, row)}`,
  ).join("<br>"));

  // -- plots ---------------------------------------------------------------------------

  const fronts = [];
  const drawn = data.figures.map(({ id, figure, metrics: names }) => {
    const div = find(id);
    const named = (name) => figure.data.findIndex((trace) => trace.name === name);
    if (names) {
      const trace = figure.data[named("front")];
      trace.hovertext = hover;
      const axes = names.map((name, i) => ({ letter: "xyz"[i], values: column[name].values }));
      fronts.push({ div, axes, front: named("front"), picked: named("picked") });
    }
    return Plotly.newPlot(div, figure.data, figure.layout, data.config).then(() => {
      if (names) div.on("plotly_click", ({ points }) => {
        if (points[0].data.name === "front") pick(points[0].pointNumber);
      });
    });
  });

  // -- one design ----------------------------------------------------------------------

  let picked = data.knee;
  function pick(row) {
    picked = row;
    for (const { div, axes, picked: trace } of fronts) {
      const place = Object.fromEntries(axes.map((a) => [a.letter, [[a.values[row]]]]));
      Plotly.restyle(div, place, [trace]);
    }
    find("picked-title").textContent =
      "Design " + shown(column.design.values[row]) + (row === data.knee ? ", the knee" : "");
    const list = find("picked");
    list.replaceChildren();
    columns.slice(1).forEach((c, i) => {
      if (i === data.metrics) list.append(document.createElement("hr"));
      const term = document.createElement("dt");
      const text = document.createElement("dd");
      term.textContent = c.title;
      text.textContent = withUnit(c, row);
      list.append(term, text);
    });
    markPicked();
  }
  function markPicked() {
    for (const line of document.querySelectorAll("tr[data-row]"))
      line.setAttribute("aria-selected", String(Number(line.dataset.row) === picked));
  }
  for (const event of ["click", "keydown"]) {
    document.addEventListener(event, (happened) => {
      const line = happened.target.closest("tr[data-row]");
      if (line && (event === "click" || happened.key === "Enter")) pick(Number(line.dataset.row));
    });
  }

  // -- budget --------------------------------------------------------------------------

  const STEPS = 1000; // of a slider, evenly on a log scale; the last one is no limit
  const sliders = budget.map((name) => {
    const values = column[name].values;
    const low = Math.log(Math.min(...values)), high = Math.log(Math.max(...values));
    const input = find("budget-" + name);
    const bound = () => Number(input.value) >= STEPS ? Infinity
      : Math.exp(low + (high - low) * Number(input.value) / STEPS) * (1 + 1e-9);
    return { c: column[name], input, bound, output: find("output-" + name) };
  });
  let within = Array.from({ length: count }, (_, row) => row);
  function filter() {
    const bounds = sliders.map((s) => s.bound());
    sliders.forEach((s, i) => {
      const text = bounds[i] === Infinity ? "any"
        : "≤ " + Number(bounds[i].toPrecision(3)).toLocaleString("en-US") + " " + s.c.unit;
      s.output.textContent = text;
      s.input.setAttribute("aria-valuetext", text);
    });
    const allowed = (row) => sliders.every((s, i) => s.c.values[row] <= bounds[i]);
    within = [];
    for (let row = 0; row < count; row++) if (allowed(row)) within.push(row);
    const keep = new Set(within);
    for (const { div, axes, front } of fronts) {
      const x = axes[0].values.map((value, row) => keep.has(row) ? value : null);
      Plotly.restyle(div, { x: [x] }, [front]);
    }
    tell();
    fill();
  }
  function tell() {
    const best = column[objective.name];
    const sign = objective.maximize ? -1 : 1;
    let first = within[0];
    for (const row of within)
      if (sign * best.values[row] < sign * best.values[first]) first = row;
    let text = `${shown(within.length)} of ${shown(count)} designs within the budget.`;
    if (first !== undefined) {
      const others = data.objectives.filter((n) => n !== objective.name);
      const rest = others.map((n) => withUnit(column[n], first)).join(", ");
      text += ` ${objective.maximize ? "Most" : "Least"} ${best.title.toLowerCase()} among them: `
        + `${withUnit(best, first)} (${rest}), design ${shown(column.design.values[first])}.`;
    }
    find("status").textContent = text;
  }
  let waiting = false;
  for (const { input } of sliders) input.addEventListener("input", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; filter(); });
  });
  find("reset").addEventListener("click", () => {
    for (const { input } of sliders) input.value = STEPS;
    filter();
  });

  // -- table ---------------------------------------------------------------------------

  const PAGE = 50;
  let rows = PAGE;
  let order = { c: column[objective.name], down: objective.maximize };
  const body = find("table").tBodies[0];
  const heads = [...find("table").tHead.rows[0].cells];
  function fill() {
    const { c: { values }, down } = order;
    const compare = typeof values[0] === "number"
      ? (a, b) => values[a] - values[b] : (a, b) => values[a].localeCompare(values[b]);
    const sorted = [...within].sort((a, b) => (down ? compare(b, a) : compare(a, b)) || a - b);
    body.replaceChildren(...sorted.slice(0, rows).map((row) => {
      const line = document.createElement("tr");
      line.dataset.row = row;
      line.tabIndex = 0;
      for (const c of columns) {
        const data = line.insertCell();
        data.textContent = cell(c, row);
        if (typeof c.values[row] === "number") data.className = "number";
      }
      return line;
    }));
    heads.forEach((head, i) => {
      const sorting = columns[i] === order.c ? (down ? "descending" : "ascending") : "none";
      head.setAttribute("aria-sort", sorting);
    });
    find("more").hidden = sorted.length <= rows;
    find("more").textContent = `Show more (${shown(Math.max(0, sorted.length - rows))} left)`;
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
    const lines = [line(columns.map((c) => c.name))];
    for (let row = 0; row < count; row++) lines.push(line(columns.map((c) => c.values[row])));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = "front.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  });

  Promise.all(drawn).then(() => { pick(picked); filter(); document.body.dataset.ready = "yes"; });
})();
