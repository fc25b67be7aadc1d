// A line through points: the squares of its residuals, its loss and its R2, while either is moved.

/** The numbers, by the formulas of `linreg`: `residuals`, `squared_loss`, `r2`. */
function measure({ x, y, w, b }) {
  const r = y.map((yi, i) => yi - (w * x[i] + b));
  const area = total(r.map((ri) => ri * ri));
  const mean = total(y) / y.length;
  const around = total(y.map((yi) => (yi - mean) ** 2));
  return { r, area, loss: area / (2 * y.length), r2: around > 0 ? 1 - area / around : NaN };
}

mount("loss", (values) => {
  const state = { x: [...values.x], y: [...values.y], ...bestLine(values), chosen: 0 };
  const n = state.x.length;
  const low = { x: Math.min(...values.x) - 1, y: Math.min(0, ...values.y) - 0.5 };
  const high = { x: Math.max(...values.x) + 2, y: Math.max(...values.y) + 1.5 };
  const unit = 50; // the same for both axes, or a square is none
  const [left, bottom] = [34, 36];
  const picture = plot({
    name: "loss", width: left + 6 + unit * (high.x - low.x), height: bottom + 6 + unit * (high.y - low.y),
    left, bottom, x: [low.x, high.x], y: [low.y, high.y],
    label: _("Points and a line to move, with a square on the residual of each point"),
  });
  const { X, Y, root, frame } = picture;
  const evens = (from, to) => Array.from({ length: 99 }, (_, i) => 2 * i).filter((v) => v >= from && v <= to);
  picture.ticks(evens(low.x, high.x), evens(low.y, high.y));
  picture.word("x", (frame.left + frame.right) / 2, frame.bottom + 32);
  picture.word("y", frame.left - 24, Y(2 * Math.floor((low.y + high.y) / 4) + 1) + 4); // between two ticks

  const clipped = svg("g", { "clip-path": picture.clip });
  const squares = state.x.map(() => svg("rect", { class: "widget-square" }));
  const gaps = state.x.map(() => svg("path", { class: "widget-gap" }));
  const line = svg("path", { class: "widget-line" });
  clipped.append(...squares, ...gaps, line);
  root.append(clipped);
  const labels = state.x.map(() => picture.word("", 0, 0));

  // The line by its two ends: one lifts it, the other turns it about its crossing with the axis x = 0. They keep
  // to the part of the line that is in the picture, each to its half.
  const halves = [[low.x + 0.3, 2], [3, high.x - 0.3]];
  const end = (half) => {
    const [bottom, top] = [low.y + 0.2, high.y - 0.2];
    const outer = halves[half][half];
    const y = state.w * outer + state.b;
    const x = y === clamp(y, bottom, top) ? outer : (clamp(y, bottom, top) - state.b) / state.w;
    const held = clamp(x, ...halves[half]);
    return [held, clamp(state.w * held + state.b, bottom, top)];
  };
  const setLine = (w, b) => {
    Object.assign(state, { w, b });
    draw();
  };
  const setW = (w) => setLine(clamp(hundredths(w), -3, 3), state.b);
  const setB = (b) => setLine(state.w, clamp(hundredths(b), -6, 12));
  const lift = draggable(picture, { "aria-label": _("height of the line, intercept b"), "data-mark": "b" }, {
    where: () => end(0),
    move: (x, y) => setB(y - state.w * x),
    nudge: (right, up) => setB(state.b + 0.05 * (right + up)),
  });
  const turn = draggable(picture, { "aria-label": _("slope of the line, w"), "data-mark": "w" }, {
    where: () => end(1),
    move: (x, y) => setW((y - state.b) / Math.max(x, 1)),
    nudge: (right, up) => setW(state.w + 0.05 * (right + up)),
  });
  for (const ring of [lift, turn]) ring.classList.add("widget-end");

  const setPoint = (i, x, y) => {
    state.chosen = i;
    state.x[i] = clamp(hundredths(x), low.x + 1, high.x - 0.5);
    state.y[i] = clamp(hundredths(y), low.y + 0.5, high.y - 0.5);
    draw();
  };
  const points = state.x.map((_, i) =>
    draggable(picture, { "aria-roledescription": _("point to move"), "data-mark": i }, {
      where: () => [state.x[i], state.y[i]],
      move: (x, y) => setPoint(i, x, y),
      nudge: (right, up) => setPoint(i, state.x[i] + 0.1 * right, state.y[i] + 0.1 * up),
      focus: () => setPoint(i, state.x[i], state.y[i]),
    }),
  );

  const numbers = readout({
    area: _("area of the squares, Σ<i>r</i>²"),
    loss: _("loss <i>L</i>, area / 2<i>n</i>"),
    least: _("smallest <i>L</i> of any line"),
    r2: "<i>R</i>²",
  });
  const sliders = {
    w: slider({ name: _("slope <i>w</i>"), label: _("slope w"), min: -2, max: 2, step: 0.05, input: setW }),
    b: slider({ name: _("intercept <i>b</i>"), label: _("intercept b"), min: -2, max: 8, step: 0.05, input: setB }),
    x: slider({ name: "", label: _("x of the chosen point"), min: low.x + 1, max: high.x - 0.5, step: 0.05,
      input: (x) => setPoint(state.chosen, x, state.y[state.chosen]) }),
    y: slider({ name: "", label: _("y of the chosen point"), min: low.y + 0.5, max: high.y - 0.5, step: 0.05,
      input: (y) => setPoint(state.chosen, state.x[state.chosen], y) }),
  };
  const speaker = voice();

  function draw() {
    const now = measure(state);
    const { x, y, w, b, chosen } = state;
    const at = (xi) => w * xi + b;
    now.r.forEach((ri, i) => {
      const side = Math.abs(ri) * unit; // the square stands on the gap, to its right
      set(squares[i], { x: X(x[i]), y: Y(Math.max(y[i], at(x[i]))), width: side, height: side });
      set(gaps[i], { d: `M${X(x[i])} ${Y(y[i])}V${Y(at(x[i]))}` });
      labels[i].textContent = (ri > 0 ? "+" : "") + fixed(ri, 2);
      set(labels[i], { x: X(x[i]), y: Y(y[i]) + (ri > 0 ? -14 : 24) });
      set(points[i], {
        transform: `translate(${X(x[i])} ${Y(y[i])})`, "aria-label": _(`point ${i + 1} of ${n}`),
        "aria-valuenow": y[i], "aria-valuemin": low.y + 0.5, "aria-valuemax": high.y - 0.5,
        "aria-valuetext": _(`x ${fixed(x[i], 2)}, y ${fixed(y[i], 2)}, residual ${fixed(ri, 2)}`),
      });
      points[i].classList.toggle("widget-chosen", i === chosen);
    });
    set(line, { d: `M${X(low.x)} ${Y(at(low.x))}L${X(high.x)} ${Y(at(high.x))}` });
    [[lift, b, -6, 12], [turn, w, -3, 3]].forEach(([ring, value, least, most], half) => {
      const [ex, ey] = end(half);
      set(ring, {
        transform: `translate(${X(ex)} ${Y(ey)})`, "aria-valuenow": value, "aria-valuemin": least, "aria-valuemax": most,
        "aria-valuetext": fixed(value, 2),
      });
    });
    sliders.w.show(w, fixed(w, 2));
    sliders.b.show(b, fixed(b, 2));
    for (const axis of ["x", "y"]) {
      sliders[axis].show(state[axis][chosen], fixed(state[axis][chosen], 2), _(`point ${chosen + 1}, ${axis} ${fixed(state[axis][chosen], 2)}`));
      sliders[axis].box.firstChild.innerHTML = _(`point ${chosen + 1}, <i>${axis}</i>`);
    }
    const r2 = Number.isNaN(now.r2) ? _("none") : fixed(now.r2, 3);
    numbers.show("area", fixed(now.area, 4));
    numbers.show("loss", fixed(now.loss, 4));
    numbers.show("least", fixed(measure({ ...state, ...bestLine(state) }).loss, 4));
    numbers.show("r2", r2);
    speaker.say(_(`Loss ${fixed(now.loss, 4)}, R squared ${r2}.`));
  }

  const move = (change) => () => {
    Object.assign(state, change());
    draw();
  };
  const buttons = html("div", { class: "widget-buttons" },
    button(_("Best line"), move(() => bestLine(state))),
    button(_("Flat line"), move(() => ({ w: 0, b: state.y.reduce((sum, yi) => sum + yi, 0) / n }))),
    button(_("Reset"), move(() => ({ x: [...values.x], y: [...values.y], ...bestLine(values), chosen: 0 }))),
  );
  draw();
  return [
    html("div", { class: "widget-stage" }, root),
    html("div", { class: "widget-panel" }, sliders.w.box, sliders.b.box, numbers.list, sliders.x.box, sliders.y.box, buttons,
      hint(_("Drag the points, or the line by its two rings.")),
      speaker.element),
  ];
});
