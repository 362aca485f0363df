"use strict";
// One page: a budget, plots and a table over the same designs. No library but Plotly.
(async () => {
  const find = (id) => document.getElementById(id);
  await unpack("plotly");
  const data = JSON.parse(document.getElementById("data").textContent);
  const { columns, budget, objective } = data;
  const count = columns[0].values.length;
  const column = Object.fromEntries(columns.map((c) => [c.name, c]));
  const metrics = new Set(columns.slice(1, 1 + data.metrics));
  const shown = (value) => typeof value === "number" ? value.toLocaleString("en-US") : value;
  const cell = (c, row) => !metrics.has(c) ? shown(c.values[row]) : c.values[row].toLocaleString(
    "en-US", { minimumSignificantDigits: 4, maximumSignificantDigits: 4 });
  const withUnit = (c, row) => (cell(c, row) + " " + c.unit).trim();

  const hover = Array.from({ length: count }, (_, row) => columns.map((c) => metrics.has(c)
    ? `${c.title}: <b>${withUnit(c, row)}</b>`
    : c === columns[0] ? `<b>Design ${cell(c, row)}</b>` : `${c.title}: ${withUnit(c, row)}`,
  ).join("<br>"));

  // A script that is packed by gzip; browsers unpack it themselves since 2023.
  async function unpack(id) {
    const bytes = Uint8Array.from(atob(find(id).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  // -- plots ---------------------------------------------------------------------------

  // Figures come in the colours of paper; in the dark each has another one.
  const DARK = {
    white: "#14181c", "#1a1f24": "#e4e8ec", "#55606b": "#a3adb7", "#d5dbe1": "#39424b",
    "#0b62a8": "#62b0ee", "#9cc4e4": "#2f5f86", "#77828d": "#8b96a1", "#c3cad1": "#56606a",
    "#eef1f4": "#1d2329", "#98a3ae": "#5c6873", "rgba(255,255,255,0.75)": "rgba(20,24,28,0.75)",
  };
  const inTheDark = matchMedia("(prefers-color-scheme: dark)");
  let dark = inTheDark.matches;
  const tinted = (part) => {
    if (typeof part === "string") return dark && DARK[part] || part;
    if (Array.isArray(part)) return part.length > 1000 ? part : part.map(tinted);
    if (part === null || typeof part !== "object" || ArrayBuffer.isView(part) || part.bdata) return part;
    return Object.fromEntries(Object.entries(part).map(([key, value]) =>
      [key, ["x", "y", "z", "hovertext"].includes(key) && Array.isArray(value) ? value : tinted(value)]));
  };
  function dress() {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    find("theme").textContent = dark ? "Light" : "Dark";
    find("theme").setAttribute("aria-pressed", String(dark));
  }
  dress();
  const repaint = () => {
    dress();
    return Promise.all(data.figures.map(({ id, figure }) =>
      Plotly.react(find(id), tinted(figure.data), tinted(figure.layout), data.config)))
      .then(() => { pick(picked); filter(); });
  };
  find("theme").addEventListener("click", () => { dark = !dark; repaint(); });
  inTheDark.addEventListener("change", (event) => { dark = event.matches; repaint(); });

  // A narrow screen sees the solid front from farther away.
  for (const { figure } of data.figures) {
    const eye = innerWidth < 600 && figure.layout.scene && figure.layout.scene.camera.eye;
    if (eye) for (const axis of "xyz") eye[axis] *= 1.6;
  }

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
    return Plotly.newPlot(div, tinted(figure.data), tinted(figure.layout), data.config).then(() => {
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
    showParts(row);
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

  // -- where its costs and its time go -------------------------------------------------

  const { rows: kept, costs, time } = data.parts;
  const make = (tag, text, look) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (look) made.className = look;
    return made;
  };
  const three = (value) => Number(value.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });
  // A cell with a bar of parts one after another, the amount behind it.
  function barCell(parts, longest, text, title) {
    const cell = make("td");
    cell.dataset.of = title;
    const bar = make("span", undefined, "bar");
    parts.forEach(({ value, look }) => {
      const piece = make("i", undefined, look);
      piece.style.width = `${100 * value / (longest || 1)}%`;
      bar.append(piece);
    });
    cell.append(bar, make("b", text));
    return cell;
  }
  function barTable(caption, names, heads, cells) {
    const table = make("table", undefined, "bars");
    table.append(make("caption", caption));
    const head = table.createTHead().insertRow();
    head.append(make("th", ""), ...heads.map((name) => {
      const made = make("th", name);
      made.scope = "col";
      return made;
    }));
    const body = table.createTBody();
    names.forEach((name, i) => {
      const line = body.insertRow();
      const first = make("th", name);
      first.scope = "row";
      line.append(first, ...heads.map((of, j) => cells(i, j, of)));
    });
    return table;
  }
  function showParts(row) {
    const place = kept.indexOf(row);
    const shownRow = place < 0 ? data.knee : row;
    const at = place < 0 ? kept.indexOf(data.knee) : place;
    const name = "Design " + shown(column.design.values[shownRow]) + (shownRow === data.knee ? ", the knee" : "");
    const tables = costs.map(({ title, kinds, components, designs, machines }) => {
      const all = { [name]: designs.map((kind) => kind.map((c) => c[at])) };
      for (const [own, parts] of Object.entries(machines)) all[own] = parts.map((kind) => kind.map((c) => c[0]));
      const heads = Object.keys(all);
      const sum = (of, i) => all[of].reduce((total, kind) => total + kind[i], 0);
      const some = components.map((_, i) => i).filter((i) => heads.some((of) => sum(of, i) > 0));
      const longest = Math.max(...heads.flatMap((of) => some.map((i) => sum(of, i))));
      return barTable(title, some.map((i) => components[i]), heads, (i, _, of) => barCell(
        all[of].map((kind, k) => ({ value: kind[some[i]], look: kinds[k] })), longest, three(sum(of, some[i])), of));
    });
    const legend = make("p", "", "legend");
    legend.append(make("i", undefined, "work"), " work ", make("i", undefined, "leakage"), " leakage");
    const missing = place < 0 ? [make("p", "The parts of that design are not on this page; these are those of the knee.", "note")] : [];
    find("breakdown").replaceChildren(...missing, legend, ...tables);

    const busy = time.units.map((unit, i) => [unit, time.busy[i][at]]).sort((a, b) => b[1] - a[1]);
    find("bottleneck").textContent = `Of ${name.replace("Design", "design")} the busiest part is the ${busy[0][0]}: `
      + `${(100 * busy[0][1]).toFixed(0)} % of the time.`;
    const stages = Object.keys(time.stages);
    const longest = Math.max(...stages.flatMap((s) => time.stages[s].map((op) => op[at])));
    find("time-bars").replaceChildren(
      barTable("Busy share of the run (%)", busy.map(([unit]) => unit), ["busy"], (i) => barCell(
        [{ value: busy[i][1], look: i ? "area" : "work" }], 1, (100 * busy[i][1]).toFixed(0) + " %", "busy")),
      barTable(`Time that each op asks for (${time.unit})`, time.ops, stages, (i, _, s) => barCell(
        [{ value: time.stages[s][i][at], look: "area" }], longest, three(time.stages[s][i][at]), s)),
    );
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
  let within = Array.from({ length: count }, (_, row) => row);
  function filter() {
    const bounds = sliders.map((s) => s.bound());
    sliders.forEach((s, i) => {
      const text = s.free() ? "any" : (s.least ? "≥ " : "≤ ")
        + Number(bounds[i].toPrecision(3)).toLocaleString("en-US") + " " + s.c.unit;
      s.output.textContent = text;
      s.input.setAttribute("aria-valuetext", text);
    });
    const allowed = (row) => sliders.every((s, i) => s.allows(s.c.values[row], bounds[i]));
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
    for (const { input, any } of sliders) input.value = any;
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
