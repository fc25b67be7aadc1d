// Anscombe's four sets: a point to move, the line of all points, and the line without it.

/** What `linreg.influence` says of row i, by a second fit, without it. */
function influence(x, y, i) {
  const others = (values) => values.filter((_, j) => j !== i);
  const [all, without] = [bestLine({ x, y }), bestLine({ x: others(x), y: others(y) })];
  const n = x.length;
  const leverage = 1 / n + (x[i] - all.mean) ** 2 / all.xx;
  const r = y.map((yj, j) => yj - (all.w * x[j] + all.b));
  const s2 = total(r.map((rj) => rj ** 2)) / (n - 2);
  const left = y.map((yj, j) => (j === i ? 0 : yj - (without.w * x[j] + without.b)));
  const s = Math.sqrt(total(left.map((rj) => rj ** 2)) / (n - 3));
  const external = r[i] / (s * Math.sqrt(1 - leverage));
  const cook = (r[i] ** 2 * leverage) / (2 * s2 * (1 - leverage) ** 2);
  return { all, without, leverage, residual: r[i], external, cook };
}

mount("influence", ({ anscombe: sets, movable: rows }) => {
  const first = "III";
  const [start, end, top] = [3, 20.4, 14.4]; // of the axes; the last number of each must find room
  const state = {};
  const load = (name) => {
    const [x, y] = sets[name];
    Object.assign(state, { name, x: [...x], y: [...y], i: rows[name] });
  };
  load(first);
  const picture = plot({
    name: "influence", width: 400, height: 300, left: 34, bottom: 36, x: [start, end], y: [1, top],
    label: _("Eleven points, one of them to move, with the line of all and the line without that one"),
  });
  const { X, Y, root, frame } = picture;
  picture.ticks([5, 10, 15, 20], [2, 4, 6, 8, 10, 12, 14]);
  picture.word("x", (frame.left + frame.right) / 2, frame.bottom + 32);
  picture.word("y", frame.left - 24, Y(7) + 4); // between two ticks
  const clipped = svg("g", { "clip-path": picture.clip });
  const lines = { without: svg("path", { class: "widget-without" }), all: svg("path", { class: "widget-line" }) };
  const gap = svg("path", { class: "widget-gap" });
  const dots = sets[first][0].map(() => svg("circle", { class: "widget-point", r: 4 }));
  clipped.append(lines.without, lines.all, gap, ...dots);
  root.append(clipped);

  const bounds = { x: [4, 19], y: [2, 13] };
  const put = (x, y) => {
    state.x[state.i] = clamp(hundredths(x), ...bounds.x);
    state.y[state.i] = clamp(hundredths(y), ...bounds.y);
    if (state.x.every((xi) => xi === state.x[0])) state.x[state.i] += 0.1; // or no line is the best
    draw();
  };
  const point = draggable(picture, { "aria-label": _("the point to move"), "data-mark": "point" }, {
    where: () => [state.x[state.i], state.y[state.i]],
    move: put,
    nudge: (right, up) => put(state.x[state.i] + 0.1 * right, state.y[state.i] + 0.1 * up),
  });
  const coordinate = (axis, change) => slider({
    name: _(`its <i>${axis}</i>`), label: _(`${axis} of the point`), min: bounds[axis][0], max: bounds[axis][1], step: 0.05,
    input: change,
  });
  const sliders = {
    x: coordinate("x", (x) => put(x, state.y[state.i])),
    y: coordinate("y", (y) => put(state.x[state.i], y)),
  };
  const numbers = readout({
    leverage: _("leverage <i>h</i>"),
    residual: _("residual"),
    external: _("studentised"),
    cook: _("Cook’s distance"),
    slope: _("slope of all"),
    without: _("slope without it"),
  });
  const speaker = voice();

  function draw() {
    const { x, y, i } = state;
    const now = influence(x, y, i);
    for (const [name, line] of Object.entries(lines)) {
      const { w, b, xx } = now[name];
      set(line, { d: xx === 0 ? "M0 0" : `M${X(start)} ${Y(start * w + b)}L${X(end)} ${Y(end * w + b)}` });
    }
    set(gap, { d: `M${X(x[i])} ${Y(y[i])}V${Y(now.all.w * x[i] + now.all.b)}` });
    dots.forEach((dot, j) => set(dot, { cx: X(x[j]), cy: Y(y[j]), "fill-opacity": j === i ? 0 : 1 }));
    set(point, {
      transform: `translate(${X(x[i])} ${Y(y[i])})`,
      "aria-valuenow": y[i], "aria-valuemin": bounds.y[0], "aria-valuemax": bounds.y[1],
      "aria-valuetext": `x ${fixed(x[i], 2)}, y ${fixed(y[i], 2)}`,
    });
    for (const axis of ["x", "y"]) sliders[axis].show(state[axis][i], fixed(state[axis][i], 2));
    const alone = now.leverage > 1 - 1e-9; // the line goes through it wherever it is, and without it there is none
    const some = (value, digits) => (alone ? "0/0" : fixed(value, digits));
    numbers.show("leverage", fixed(now.leverage, 3));
    numbers.show("residual", fixed(now.residual, 2));
    numbers.show("external", some(now.external, 2));
    numbers.show("cook", some(now.cook, 3));
    numbers.show("slope", fixed(now.all.w, 3));
    numbers.show("without", alone ? _("none") : fixed(now.without.w, 3));
    speaker.say(_(`Leverage ${fixed(now.leverage, 3)}, Cook’s distance ${some(now.cook, 3)}.`));
  }

  const buttons = html("div", { class: "widget-buttons" }, ...Object.keys(sets).map((name) =>
    button(_(`Set ${name}`), () => {
      load(name);
      draw();
    }),
  ));
  draw();
  return [
    html("div", { class: "widget-stage" }, root),
    html("div", { class: "widget-panel" }, numbers.list, sliders.x.box, sliders.y.box, buttons,
      hint(_("Drag the large point. The dashed line is the fit without it.")), speaker.element),
  ];
});
