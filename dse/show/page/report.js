// What a report shows beside the front: where costs and time of the picked design go.
(async () => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("data").textContent);
  const root = document.documentElement;
  const inTheDark = matchMedia("(prefers-color-scheme: dark)");
  root.dataset.theme = inTheDark.matches ? "dark" : "light";
  const painted = new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const plotly = painted.then(() => dseUnpack(find("plotly").textContent));
  const view = dseView(root, data, plotly);
  const { make, titleOf, knee } = view;

  // -- light and dark, and paper -------------------------------------------------------

  const named = () => {
    const dark = root.dataset.theme === "dark";
    find("theme").textContent = dark ? "Light" : "Dark";
    find("theme").setAttribute("aria-pressed", String(dark));
  };
  const paint = (dark) => view.paint(dark).then(named);
  named();
  find("theme").addEventListener("click", () => paint(root.dataset.theme !== "dark"));
  inTheDark.addEventListener("change", (event) => paint(event.matches));
  let before = false;
  // Paper has room for SHEET pixels of the page; what is wider is drawn smaller.
  const main = document.querySelector("main"), PAPER = 700, SHEET = 960; // 700: A4 or Letter
  const wide = main.querySelectorAll(".scroll, .flats, .plot:not(.solid > *, .flats > *)");
  addEventListener("beforeprint", () => {
    const own = [...wide].map((each) => each.scrollWidth);
    main.classList.add("paper");
    Object.assign(main.style, { width: `${SHEET}px`, zoom: PAPER / SHEET });
    wide.forEach((each, i) => {
      const width = each.matches(".scroll") ? each.scrollWidth : own[i];
      if (width > SHEET - 48) Object.assign(each.style, { width: `${width}px`, zoom: (SHEET - 48) / width });
    });
  });
  addEventListener("afterprint", () => {
    main.classList.remove("paper");
    for (const each of [main, ...wide]) Object.assign(each.style, { width: "", zoom: "" });
  });
  addEventListener("beforeprint", () => { before = root.dataset.theme === "dark"; if (before) paint(false); });
  addEventListener("afterprint", () => { if (before) paint(true); });

  // -- bars in tables ------------------------------------------------------------------

  const { rows: kept, costs, time, roofline, schedule, memory } = data.parts;
  const three = (value) => Number(value.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });
  // A cell with a bar of parts one after another, the amount behind it.
  function barCell(parts, longest, text, title) {
    const cell = make("td");
    cell.dataset.of = title.replace(", the knee", ""); // short, on a narrow screen
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
    const title = make("caption", caption);
    const save = make("button", "SVG");
    save.type = "button";
    save.title = "Save this figure as SVG";
    save.addEventListener("click", () => saveTable(table, caption));
    title.append(save);
    table.append(title);
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
  // A table of bars as a picture: a column of names, then one for each head, and shades.
  const LEGEND = [["work", "work, or bytes that no machine can do without"], ["leakage", "leakage, or further bytes"]];
  function saveTable(table, caption) {
    const NS = "http://www.w3.org/2000/svg", LINE = 22, NAMES = 150, COLUMN = 260, BAR = 180, SHADE = 340;
    const svg = document.createElementNS(NS, "svg");
    const add = (tag, look, text = "") => {
      const made = document.createElementNS(NS, tag);
      for (const [name, value] of Object.entries(look)) made.setAttribute(name, value);
      made.textContent = text;
      svg.append(made);
    };
    const lines = [...table.tBodies[0].rows], heads = [...table.tHead.rows[0].cells].slice(1);
    const shades = table.querySelector(".leakage") ? LEGEND : [];
    const width = Math.max(NAMES + COLUMN * heads.length, SHADE * shades.length), height = LINE * (lines.length + 2 + Boolean(shades.length)) + 12;
    const { color, backgroundColor } = getComputedStyle(document.body);
    for (const [name, value] of Object.entries({ xmlns: NS, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "sans-serif", "font-size": 13, fill: color }))
      svg.setAttribute(name, value);
    add("rect", { width, height, fill: backgroundColor });
    add("text", { x: 4, y: 16, "font-weight": "bold" }, caption);
    heads.forEach((head, j) => add("text", { x: NAMES + COLUMN * j, y: 16 + LINE, "font-weight": "bold" }, head.textContent));
    lines.forEach((line, i) => {
      const y = 16 + LINE * (i + 2);
      add("text", { x: 4, y }, line.cells[0].textContent);
      [...line.cells].slice(1).forEach((cell, j) => {
        let x = NAMES + COLUMN * j;
        for (const piece of cell.querySelectorAll("i")) {
          const wide = BAR * parseFloat(piece.style.width) / 100;
          add("rect", { x, y: y - 11, width: wide, height: 13, fill: getComputedStyle(piece).backgroundColor });
          x += wide;
        }
        add("text", { x: NAMES + COLUMN * j + BAR + 6, y }, cell.querySelector("b").textContent);
      });
    });
    shades.forEach(([look, said], j) => {
      const x = 4 + SHADE * j, y = 16 + LINE * (lines.length + 2);
      add("rect", { x, y: y - 11, width: 13, height: 13, fill: getComputedStyle(table.querySelector(`.${look}`)).backgroundColor });
      add("text", { x: x + 19, y }, said);
    });
    const name = caption.replace(/ \(.*/, "").toLowerCase().replaceAll(" ", "_");
    dseSave(name + ".svg", new XMLSerializer().serializeToString(svg), "image/svg+xml");
  }

  // -- where its costs and its time go -------------------------------------------------

  const placeOf = (row) => kept.indexOf(row) < 0 ? kept.indexOf(knee) : kept.indexOf(row);
  function show(row, other) {
    const missing = kept.includes(row) ? [] : [make("p", "The parts of that design are not on this page; these are those of the knee.", "note")];
    const known = kept.includes(row) ? row : knee;
    const at = placeOf(known);
    const both = [[titleOf(known), at], ...(other === null || !kept.includes(other) ? [] : [[titleOf(other), placeOf(other)]])];
    const tables = costs.map(({ title, kinds, components, designs, machines }) => {
      const all = {};
      for (const [name, place] of both) all[name] = designs.map((kind) => kind.map((c) => c[place]));
      for (const [own, parts] of Object.entries(machines)) all[own] = parts.map((kind) => kind.map((c) => c[0]));
      const heads = Object.keys(all);
      const sum = (of, i) => all[of].reduce((total, kind) => total + kind[i], 0);
      const some = components.map((_, i) => i).filter((i) => heads.some((of) => sum(of, i) > 0));
      const longest = Math.max(...heads.flatMap((of) => some.map((i) => sum(of, i))));
      return barTable(title, some.map((i) => components[i]), heads, (i, _, of) => barCell(
        all[of].map((kind, k) => ({ value: kind[some[i]], look: kinds[k] })), longest, three(sum(of, some[i])), of));
    });
    const legend = make("p", "", "legend");
    legend.append(...LEGEND.flatMap(([look, said]) => [make("i", undefined, look), ` ${said} `]));
    find("breakdown").replaceChildren(...missing, legend, ...tables);

    const busy = time.units.map((unit, i) => [unit, time.busy[i][at]]).sort((a, b) => b[1] - a[1]);
    find("bottleneck").textContent = `The busiest part of ${titleOf(known).replace("Design", "design")}: `
      + `the ${busy[0][0]}, ${(100 * busy[0][1]).toFixed(0)} % of the time.`;
    const stages = Object.keys(time.stages);
    const longest = Math.max(...stages.flatMap((s) => time.stages[s].map((op) => op[at])));
    find("time-bars").replaceChildren(
      barTable("Busy share of the run (%)", busy.map(([unit]) => unit), ["busy"], (i) => barCell(
        [{ value: busy[i][1], look: i ? "area" : "work" }], 1, (100 * busy[i][1]).toFixed(0) + " %", "busy")),
      barTable(`Time that each op asks for (${time.unit})`, time.ops, stages, (i, _, s) => barCell(
        [{ value: time.stages[s][i][at], look: "area" }], longest, three(time.stages[s][i][at]), s)),
    );
    const [x, y] = roofline.roof[at];
    const looks = roofline.looks[roofline.at[innerWidth < 600 ? "narrow" : "wide"][at]];
    view.change("roofline", [{ x, y }, ...looks.map((look, i) => ({ x: [roofline.x[i][at]], y: [roofline.y[i][at]], ...look }))]);
    view.change("schedule", schedule.map((trace) => ({
      base: trace.base.map((bar) => bar[at]),
      x: trace.x.map((bar) => bar[at]),
    })));
    if (memory) showMemory(at);
  }
  // Heights are the same at all steps at which a value is alive; the last trace is a line.
  function showMemory(at) {
    const { data: own } = data.figures.find((f) => f.id === "memory").figure;
    const heights = [...memory.bars, memory.capacity].map((trace) => trace[at]);
    const traces = heights.map((height, i) => ({ y: own[i].x.map(() => height) }));
    traces[traces.length - 1].name = memory.room[at];
    view.change("memory", traces, memory.heading[at], memory.high[at]);
  }
  view.onPick(show);
  const drawn = view.start();
  performance.mark("open"); // tables, lines and budgets work
  await drawn;
  document.body.dataset.ready = "yes";
})();
