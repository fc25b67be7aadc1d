// Gradient descent in a valley of two weights: its path, its fate and its number of steps, for any rate.

const LONGEST = 60_000; // steps to run where no end is in sight

/**
 * The error modes of `linreg.curvature` and `linreg.predict_steps`. The rate comes as `ratio` = rate times
 * lambda_max, so that at 2 / lambda_max the steep factor is -1 to the last bit.
 */
function modes({ centre, floor, mu, kappa, ratio, start }) {
  const curvatures = [mu, mu * kappa];
  const factors = [1 - ratio / kappa, 1 - ratio];
  const energies = curvatures.map((curvature, i) => (curvature * (start[i] - centre[i]) ** 2) / 2);
  return { curvatures, factors, energies, loss: lossOfModes(energies, factors, floor) };
}

/** The first step with a loss within `tolerance` of the smallest, by bisection; as `linreg.predict_steps`. */
function predictSteps(state) {
  const { loss } = modes(state);
  const reached = (t) => loss(t) <= (1 + state.tolerance) * state.floor;
  if (reached(0)) return 0;
  if (state.ratio >= 2) return Infinity;
  let [low, high] = [0, 1];
  while (!reached(high)) {
    [low, high] = [high, 2 * high];
    if (high > 2 ** 60) return Infinity;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    [low, high] = reached(middle) ? [low, middle] : [middle, high];
  }
  return high;
}

/** Takes the steps, one after the other, as `linreg.gradient_descent` does. */
function run(state) {
  const { centre, floor, tolerance, ratio, start } = state;
  const { curvatures } = modes(state);
  const rate = ratio / curvatures[1];
  const height = (w) => w.reduce((sum, wi, i) => sum + (curvatures[i] * (wi - centre[i]) ** 2) / 2, floor);
  const path = [[...start]];
  const losses = [height(start)];
  const done = () => losses.at(-1) <= (1 + tolerance) * floor;
  const blown = () => losses.at(-1) > BLOW_UP * losses[0];
  while (!done() && !blown() && path.length <= (ratio === 2 ? 100 : LONGEST)) {
    path.push(path.at(-1).map((wi, i) => wi - rate * curvatures[i] * (wi - centre[i])));
    losses.push(height(path.at(-1)));
  }
  return { path, losses, reached: done(), diverged: blown() };
}

/** What the factors say about the fate of the path. */
function fate({ ratio }, { factors, energies }, { reached }) {
  const [flat, steep] = factors.map(Math.abs);
  if (energies[1] < 1e-24 && reached) return [_("Converges"), _("The start has no error along w₂, so only w₁ moves.")];
  const pace =
    Math.abs(flat - steep) < 1e-9 ? _("Both directions are equally fast.")
      : flat > steep ? _("The slower direction is w₁.") : _("The slower direction is w₂.");
  if (ratio < 1) return [_("Converges"), _(`Along w₂ it creeps to the minimum from one side. ${pace}`)];
  if (ratio === 1) return [_("Converges"), _(`The error along w₂ is gone after one step. ${pace}`)];
  if (ratio < 2) return [_("Oscillates and converges"), _(`Along w₂ it jumps across the minimum, each time less far. ${pace}`)];
  if (ratio === 2) return [_("Oscillates for ever"), _("Along w₂ it jumps to and fro across the minimum, always as far.")];
  return [_("Diverges"), _("Along w₂ it jumps across the minimum, each time farther.")];
}

// The condition numbers of the slider: 1 to 100, each some eleven per cent above the one before.
const KAPPAS = Array.from({ length: 45 }, (_, i) => Number((10 ** (i / 22)).toPrecision(2)));
const RATIOS = { min: 0.05, max: 2.3, step: 0.01 };

mount("descent", (values) => {
  const nearest = (kappa) => KAPPAS.reduce((a, b) => (Math.abs(b - kappa) < Math.abs(a - kappa) ? b : a));
  const first = () => ({ ...values, kappa: nearest(values.kappa), start: [...values.start], ratio: 1 });
  const state = first();
  const reach = [3.6, 2.6];
  const unit = 57;
  const [left, bottom] = [40, 36];
  const [x, y] = values.centre.map((c, i) => [c - reach[i], c + reach[i]]);
  const picture = plot({
    name: "descent", width: left + 6 + 2 * reach[0] * unit, height: bottom + 6 + 2 * reach[1] * unit, left, bottom, x, y,
    label: _("Contours of the loss over two weights, and the path of gradient descent from a start to move"),
  });
  const { X, Y, root, frame } = picture;
  const wholes = ([from, to]) => Array.from({ length: 99 }, (_, i) => i - 49).filter((v) => v >= from && v <= to);
  picture.ticks(wholes(x), wholes(y));
  picture.word("w₁", (frame.left + frame.right) / 2, frame.bottom + 32);
  picture.word("w₂", frame.left - 28, (frame.top + frame.bottom) / 2);

  const contours = Array.from({ length: 8 }, () => svg("ellipse", { class: "widget-contour" }));
  const trail = svg("path", { class: "widget-path" });
  const dots = svg("path", { class: "widget-steps" });
  const star = svg("path", { class: "widget-star", d: "M0-9 2.1-2.9 8.6-2.8 3.4 1.1 5.3 7.3 0 3.6-5.3 7.3-3.4 1.1-8.6-2.8-2.1-2.9Z" });
  root.append(svg("g", { "clip-path": picture.clip }, ...contours, trail, dots, star));
  const named = picture.word(_("start"), 0, 0);

  const setStart = (w1, w2) => {
    state.start = [w1, w2].map((w, i) => clamp(hundredths(w), [x, y][i][0] + 0.1, [x, y][i][1] - 0.1));
    renew();
  };
  const begin = draggable(picture, { "aria-label": _("start"), "aria-roledescription": _("point to move"), "data-mark": "start" }, {
    where: () => state.start,
    move: setStart,
    nudge: (right, up) => setStart(state.start[0] + 0.1 * right, state.start[1] + 0.1 * up),
  });

  const numbers = readout({
    flat: _("factor along <i>w</i><sub>1</sub>, 1 − <i>ημ</i>"),
    steep: _("factor along <i>w</i><sub>2</sub>, 1 − <i>ηλ</i><sub>max</sub>"),
    predicted: _(`steps to <i>L</i> ≤ ${1 + values.tolerance} <i>L</i>*, predicted`),
    taken: _("steps taken"),
    loss: _("loss <i>L</i> after step <i>t</i>"),
  });
  const setRatio = (ratio) => {
    state.ratio = ratio;
    renew();
  };
  const sliders = {
    kappa: slider({ name: "<i>κ</i>", label: _("condition number kappa"), min: 0, max: KAPPAS.length - 1, step: 1,
      input: (i) => {
        state.kappa = KAPPAS[i];
        renew();
      } }),
    ratio: slider({ name: _("rate <i>η</i>"), label: _("learning rate, in units of 1 over lambda max"), ...RATIOS, input: setRatio }),
    w1: slider({ name: _("start <i>w</i><sub>1</sub>"), label: _("start, w1"), min: x[0] + 0.1, max: x[1] - 0.1, step: 0.05,
      input: (w) => setStart(w, state.start[1]) }),
    w2: slider({ name: _("start <i>w</i><sub>2</sub>"), label: _("start, w2"), min: y[0] + 0.1, max: y[1] - 0.1, step: 0.05,
      input: (w) => setStart(state.start[0], w) }),
    step: slider({ name: _("step <i>t</i>"), label: _("step shown"), min: 0, max: 1, step: 1, input: (t) => {
      halt();
      draw(t);
    } }),
  };
  // The rates that matter, at their places along the slider; pressed, they set it exactly. The best one comes
  // close to the limit and has a row of its own.
  const best = () => (2 * state.kappa) / (state.kappa + 1);
  const marks = [
    [_("best"), best, _("best rate")],
    ["1/<i>λ</i><sub>max</sub>", () => 1, _("rate 1 over lambda max")],
    ["2/<i>λ</i><sub>max</sub>", () => 2, _("rate 2 over lambda max")],
  ].map(([text, ratio, spoken]) => {
    const mark = button(text, () => setRatio(ratio()));
    set(mark, { class: "widget-tick", "aria-label": spoken });
    return { mark, ratio };
  });
  const times = html("span", { "data-value": "ratio" });
  const [above, ...below] = marks.map(({ mark }) => mark);
  const verdict = html("strong");
  const why = html("span");
  const speaker = voice();

  let made;
  /** Runs anew after a change, and shows the whole path. */
  function renew() {
    halt();
    made = run(state);
    const { kappa, ratio, start } = state;
    const mode = modes(state);
    const top = (state.mu * (reach[0] ** 2 + kappa * reach[1] ** 2)) / 2;
    contours.forEach((contour, k) => {
      const excess = top * ((k + 1) / 8) ** 2;
      const [rx, ry] = mode.curvatures.map((curvature) => Math.sqrt((2 * excess) / curvature) * unit);
      set(contour, { cx: X(state.centre[0]), cy: Y(state.centre[1]), rx, ry });
    });
    set(star, { transform: `translate(${X(state.centre[0])} ${Y(state.centre[1])})` });
    const [sx, sy] = [X(start[0]), Y(start[1])];
    set(begin, {
      transform: `translate(${sx} ${sy})`, "aria-valuenow": start[0], "aria-valuemin": x[0] + 0.1, "aria-valuemax": x[1] - 0.1,
      "aria-valuetext": `w1 ${fixed(start[0], 2)}, w2 ${fixed(start[1], 2)}`,
    });
    set(named, { x: sx, y: start[1] > state.centre[1] ? sy - 15 : sy + 24 });

    const rate = fixed(ratio / (state.mu * kappa), 4);
    sliders.kappa.show(KAPPAS.indexOf(kappa), String(kappa));
    sliders.ratio.show(ratio, rate, _(`${rate}, which is ${fixed(ratio, 2)} over lambda max`));
    times.textContent = fixed(ratio, 2);
    sliders.w1.show(start[0], fixed(start[0], 2));
    sliders.w2.show(start[1], fixed(start[1], 2));
    for (const { mark, ratio } of marks)
      mark.style.setProperty("--at", (ratio() - RATIOS.min) / (RATIOS.max - RATIOS.min));

    const steps = made.path.length - 1;
    const predicted = predictSteps(state);
    const told = fate(state, mode, made);
    numbers.show("flat", fixed(mode.factors[0], 4));
    numbers.show("steep", fixed(mode.factors[1], 4));
    numbers.show("predicted", predicted === Infinity ? _("never") : String(predicted));
    numbers.show("taken", made.reached ? String(steps) : made.diverged ? _(`stopped at ${steps}`) : _("never"));
    [verdict.textContent, why.textContent] = told;
    root.classList.toggle("widget-lost", made.diverged);
    set(sliders.step.range, { max: steps });
    draw(steps);
    const [foreseen, taken] = [predicted === Infinity ? _("never") : predicted, made.reached ? steps : _("never")];
    speaker.say(_(`${told[0]}. Steps predicted: ${foreseen}. Steps taken: ${taken}.`));
  }

  /** Draws the path up to step `t`, without what lies closer than a pixel to the step before or far out of sight. */
  function draw(t) {
    let last = [Infinity, Infinity];
    let [line, points] = ["", ""];
    for (let i = 0; i <= t; i++) {
      const [px, py] = [X(made.path[i][0]), Y(made.path[i][1])];
      if (Math.hypot(px - last[0], py - last[1]) < 1) continue;
      last = [px, py];
      line += `${line ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`;
      points += `M${px.toFixed(1)} ${py.toFixed(1)}h0`;
      if (Math.max(Math.abs(px), Math.abs(py)) > 800) break;
    }
    set(trail, { d: line });
    set(dots, { d: points });
    sliders.step.show(t, String(t), _(`${t} of ${made.path.length - 1}`));
    numbers.show("loss", String(Number(made.losses[t].toPrecision(4))));
  }

  // The path as a film, for those who have not asked for stillness; the slider of the steps does as well.
  let film = 0;
  const play = button(_("Play"), () => (film ? halt() : roll()));
  function halt() {
    cancelAnimationFrame(film);
    film = 0;
    play.textContent = _("Play");
  }
  function roll() {
    const steps = made.path.length - 1;
    const pause = Math.min(250, 5000 / Math.max(steps, 1)); // milliseconds a step
    const from = performance.now();
    const frame = (now) => {
      const t = Math.min(steps, Math.floor(Math.max(now - from, 0) / pause));
      draw(t);
      film = t < steps && root.isConnected ? requestAnimationFrame(frame) : 0;
      if (!film) halt();
    };
    play.textContent = _("Stop");
    film = requestAnimationFrame(frame);
  }
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const reset = button(_("Reset"), () => {
    Object.assign(state, first());
    renew();
  });

  sliders.ratio.box.classList.add("widget-wide");
  const unitOf = html("span", { class: "widget-value" }, "= ", times, rich("span", {}, "/<i>λ</i><sub>max</sub>"));
  sliders.ratio.box.append(unitOf, html("div", { class: "widget-scale widget-below" }, ...below));
  sliders.ratio.range.before(html("div", { class: "widget-scale" }, above));
  renew();
  return [
    html("div", { class: "widget-stage" }, root, html("p", { class: "widget-verdict" }, verdict, stop, why)),
    html("div", { class: "widget-panel" }, sliders.ratio.box, sliders.kappa.box, sliders.w1.box, sliders.w2.box,
      numbers.list, sliders.step.box, html("div", { class: "widget-buttons" }, ...(still ? [] : [play]), reset),
      hint(_("Drag the start.")),
      speaker.element),
  ];
});
