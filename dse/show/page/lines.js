// Each design a line over parallel axes, along which ranges can be drawn.
// `chosen(dimension, range)` is told of them: both ends along the axis, or null.
function dseLines(box, dimensions, column, count, chosen) {
  const HEIGHT = 240, TOP = 62, BOTTOM = 14, SIDE = 56, NARROWEST = 88;
  const make = (tag, look, text) => {
    const made = document.createElement(tag);
    made.className = look;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const places = dimensions.map(({ name, kind, values }) => {
    const step = values && new Map(values.map((value, i) => [value, i]));
    return column[name].values.map((value) => kind === "log" ? Math.log10(value) : step ? step.get(value) : value);
  });
  const down = ({ ends: [low, high] }, place) => HEIGHT * (high - place) / (high - low);
  const back = ({ ends: [low, high] }, y) => high - (high - low) * Math.min(Math.max(y / HEIGHT, 0), 1);
  const behind = make("canvas", ""), canvas = make("canvas", "");
  const axes = dimensions.map((dimension) => {
    const axis = make("div", "axis"), range = make("i", "range");
    axis.tabIndex = 0;
    axis.setAttribute("role", "group");
    axis.setAttribute("aria-label", `${dimension.label}: arrows move the lower end of a range, with Shift the upper one; Escape lets go`);
    axis.append(make("b", "", dimension.label), range);
    dimension.ticks.forEach(([place, text]) => {
      const tick = make("span", "", text);
      tick.style.top = `${down(dimension, place)}px`;
      axis.append(tick);
    });
    let from = null;
    const reach = (event) => back(dimension, event.clientY - axis.getBoundingClientRect().top);
    const show = (ends) => {
      range.hidden = !ends;
      if (!ends) return;
      const [low, high] = [...ends].sort((a, b) => a - b);
      range.style.top = `${down(dimension, high)}px`;
      range.style.height = `${down(dimension, low) - down(dimension, high)}px`;
    };
    axis.addEventListener("pointerdown", (event) => {
      from = reach(event);
      axis.setPointerCapture(event.pointerId);
    });
    axis.addEventListener("pointermove", (event) => { if (from !== null) show([from, reach(event)]); });
    axis.addEventListener("pointercancel", () => { from = null; });
    axis.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const ends = [from, reach(event)].sort((a, b) => a - b), [low, high] = dimension.ends;
      from = null;
      chosen(dimension, ends[1] - ends[0] < 0.02 * (high - low) ? null : ends);
    });
    axis.addEventListener("keydown", (event) => {
      const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (event.key === "Escape") chosen(dimension, null);
      if (!way) return;
      event.preventDefault();
      const [low, high] = dimension.ends, ends = axis.range || [low, high];
      const moved = Math.min(Math.max(ends[Number(event.shiftKey)] + way * (high - low) / 40, low), high);
      chosen(dimension, event.shiftKey ? [Math.min(ends[0], moved), moved] : [moved, Math.max(ends[1], moved)]);
    });
    return { axis, show };
  });
  const stage = make("div", "lines");
  stage.style.height = `${TOP + HEIGHT + BOTTOM}px`;
  stage.append(behind, canvas, ...axes.map(({ axis }) => axis));
  box.replaceChildren(stage);

  let width = 0;
  const across = (i) => SIDE + i * (width - 2 * SIDE) / Math.max(dimensions.length - 1, 1);
  const path = (row) => dimensions.map((d, i) =>
    `${i ? "L" : "M"}${across(i).toFixed(1)} ${(TOP + down(d, places[i][row])).toFixed(1)}`).join("");
  function draw(sheet, rows, colour, { alpha = 1, thick = 1, fresh = true } = {}) {
    const pen = sheet.getContext("2d"), fine = devicePixelRatio || 1;
    if (fresh) {
      sheet.width = width * fine;
      sheet.height = (TOP + HEIGHT + BOTTOM) * fine;
      sheet.style.width = `${width}px`;
      pen.scale(fine, fine);
    }
    pen.strokeStyle = colour;
    pen.globalAlpha = alpha;
    pen.lineWidth = thick;
    for (const row of rows) pen.stroke(new Path2D(path(row)));
  }
  let now = { within: [], picked: 0, ranges: [] };
  const strength = (n) => Math.max(0.08, Math.min(0.9, 60 / Math.max(n, 1)));
  const colours = () => {
    const own = getComputedStyle(box);
    return ["--rule", "--accent", "--ink", "--paper"].map((name) => own.getPropertyValue(name));
  };
  const every = Array.from({ length: count }, (_, row) => row);
  // Draw anew: all where the room or the colours changed, else what is chosen.
  function show(state = {}, whole = false) {
    now = { ...now, ...state };
    const [rule, accent, ink] = colours();
    const room = Math.max(box.parentElement.clientWidth, NARROWEST * dimensions.length);
    if (whole || room !== width) {
      width = room;
      stage.style.width = `${width}px`;
      axes.forEach(({ axis }, i) => {
        axis.style.left = `${across(i)}px`;
        axis.style.top = `${TOP}px`;
        axis.style.height = `${HEIGHT}px`;
      });
      draw(behind, every, rule, { alpha: strength(count / 2) });
    }
    draw(canvas, now.within, accent, { alpha: strength(now.within.length) });
    draw(canvas, [now.picked], ink, { thick: 2.5, fresh: false });
    axes.forEach((own, i) => {
      own.axis.range = now.ranges[i];
      own.show(now.ranges[i]);
    });
  }
  new ResizeObserver(() => { if (box.parentElement.clientWidth) show(); }).observe(box.parentElement);
  // Words in lines that fit between two axes.
  function lines(label) {
    const most = Math.max(6, Math.floor((across(1) - across(0)) / 6.4)) || label.length;
    return label.split(" ").reduce((told, word) => {
      const longer = `${told.at(-1)} ${word}`;
      return told.length && longer.length <= most ? [...told.slice(0, -1), longer] : [...told, word];
    }, []);
  }
  // The same as a picture, on the colour of the page.
  function svg() {
    const [, accent, ink, paper] = colours(), text = (x, y, said, more = "") =>
      `<text x="${x}" y="${y}" ${more}>${said.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text>`;
    const line = (row, colour, more) => `<path d="${path(row)}" fill="none" stroke="${colour}" ${more}/>`;
    const title = (label, x) => lines(label).map((said, i, all) =>
      text(x, TOP - 8 - 12 * (all.length - 1 - i), said, 'text-anchor="middle" font-weight="bold" font-size="10"')).join("");
    const halo = `text-anchor="end" paint-order="stroke" stroke="${paper}" stroke-width="3"`;
    const marks = dimensions.map((d, i) => `<path d="M${across(i)} ${TOP}v${HEIGHT}" stroke="${ink}"/>` + title(d.label, across(i))
      + d.ticks.map(([place, said]) => text(across(i) - 5, TOP + down(d, place) + 4, said, halo)).join("")).join("");
    const height = TOP + HEIGHT + BOTTOM;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" fill="${ink}">`
      + `<rect width="${width}" height="${height}" fill="${paper}"/>`
      + now.within.map((row) => line(row, accent, `stroke-opacity="${strength(now.within.length)}"`)).join("")
      + line(now.picked, ink, 'stroke-width="2.5"') + marks + "</svg>";
  }
  return { show, svg };
}
