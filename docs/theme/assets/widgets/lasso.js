// Two weights: the lasso's diamond or the circle of ridge, and where a contour of the loss touches it.

const NAMES = ["w₁", "w₂"];

/**
 * The answer for two centred columns with a mean square of 1 and the correlation `rho`, by the formulas of
 * `linreg.lasso` and `linreg.ridge`; `c` are the slopes, `most` the penalty from which all weights are zero,
 * and `knot` the one from which one is.
 */
function penalised({ rho, z }, alpha, ridge) {
  const times = (w) => [w[0] + rho * w[1], rho * w[0] + w[1]];
  const q = times(z);
  const most = Math.max(...q.map(Math.abs));
  const signs = z.map(Math.sign);
  const together = 1 + signs[0] * signs[1] * rho;
  const knot = Math.min(most, Math.min(...z.map(Math.abs)) * together); // above it by rounding alone
  const first = Math.abs(z[1]) > Math.abs(z[0]) ? 1 : 0; // it has the larger slope at zero, too
  let w;
  if (ridge) w = [0, 1].map((j) => ((1 + alpha) * q[j] - rho * q[1 - j]) / ((1 + alpha) ** 2 - rho ** 2));
  else if (alpha < knot) w = z.map((zj, j) => zj - (alpha / together) * signs[j]);
  else w = q.map((qj, j) => (j === first ? Math.sign(qj) * Math.max(Math.abs(qj) - alpha, 0) : 0));
  return { w, c: times(w).map((part, j) => q[j] - part), most, knot };
}

/** What to say of the answer: a word, and why. */
function told({ w }, alpha, ridge) {
  const zeros = NAMES.filter((_, j) => w[j] === 0);
  if (alpha === 0) return [_("No penalty"), _("The answer is the least-squares point.")];
  if (ridge) return [_("No corner"), _("The circle is touched at any angle: both weights shrink, and none is set to zero.")];
  if (zeros.length === 2) return [_("Both weights are zero"), _("No column has a slope above α, and the diamond is a point.")];
  if (zeros.length) return [_(`${zeros[0]} is zero`), _("Its slope is within ±α: the contour touches the diamond at a corner.")];
  return [_("No zero"), _("Both slopes are ±α: the contour touches the diamond along an edge.")];
}

mount("lasso", ({ rho, least, penalty }) => {
  const first = () => ({ rho, z: [...least], alpha: penalty, ridge: false });
  const state = first();
  const [left, unit, reach] = [38, 70, [2.6, 2]];
  const picture = plot({
    name: "lasso", width: left + 6 + 2 * reach[0] * unit, height: 60 + 2 * reach[1] * unit, left, bottom: 36, top: 24,
    x: [-reach[0], reach[0]], y: [-reach[1], reach[1]],
    label: _("Contours of the loss over two weights, and the region of a penalty that one of them touches"),
  });
  const { X, Y, root, frame } = picture;
  picture.ticks([-2, -1, 0, 1, 2], [-1, 0, 1]);
  const middle = (frame.left + frame.right) / 2;
  picture.word("w₁", middle, frame.bottom + 32);
  picture.word("w₂", frame.left - 24, Y(0.5));
  const title = set(picture.word("", middle, 14), { class: "widget-title" });

  const axes = svg("path", { class: "widget-zero", d: `M${frame.left} ${Y(0)}H${frame.right}M${X(0)} ${frame.top}V${frame.bottom}` });
  const ellipse = () => svg("ellipse", { class: "widget-contour" });
  const contours = Array.from({ length: 7 }, ellipse);
  const touching = set(ellipse(), { class: "widget-contour widget-touching" });
  const [region, path] = ["widget-region", "widget-trace"].map((name) => svg("path", { class: name }));
  const answer = svg("circle", { class: "widget-answer", r: 6 });
  const drawn = svg("g", { class: "widget-penalty", "clip-path": picture.clip }, axes, ...contours, touching, region, path, answer);
  root.append(drawn);
  const words = ["", _("least squares")].map((text) => picture.word(text, 0, 0));

  const put = (...z) => {
    state.z = z.map((zj, j) => clamp(hundredths(zj), -[2, 1.5][j], [2, 1.5][j]));
    draw();
  };
  const point = draggable(picture, { "aria-label": _("the least-squares point"), "data-mark": "least" }, {
    where: () => state.z,
    move: put,
    nudge: (right, up) => put(state.z[0] + 0.1 * right, state.z[1] + 0.1 * up),
  });
  const change = (values) => {
    Object.assign(state, values);
    draw();
  };
  const sliders = {
    alpha: slider({ name: _("penalty <i>α</i>"), label: _("penalty alpha"), min: 0, max: 1, step: 0.01, input: (alpha) => {
      const { most } = penalised(state, 0);
      change({ alpha: alpha > most - 0.01 ? most : alpha }); // the end can be met, though it is no hundredth
    } }),
    rho: slider({ name: _("correlation <i>ρ</i>"), label: _("correlation rho"), min: -0.9, max: 0.9, step: 0.05,
      input: (value) => change({ rho: value }) }),
    z0: slider({ name: _("least sq. <i>w</i><sub>1</sub>"), label: _("least squares, w1"), min: -2, max: 2, step: 0.05,
      input: (value) => put(value, state.z[1]) }),
    z1: slider({ name: _("least sq. <i>w</i><sub>2</sub>"), label: _("least squares, w2"), min: -1.5, max: 1.5, step: 0.05,
      input: (value) => put(state.z[0], value) }),
  };
  const knot = set(button(_("knot"), () => change({ alpha: penalised(state, 0).knot })), { class: "widget-tick" });
  sliders.alpha.box.classList.add("widget-wide");
  sliders.alpha.range.before(html("div", { class: "widget-scale" }, knot));
  const numbers = readout({
    w0: "<i>w</i><sub>1</sub>", w1: "<i>w</i><sub>2</sub>", c0: _("slope <i>c</i><sub>1</sub>"), c1: _("slope <i>c</i><sub>2</sub>"),
    knot: _("knot: one weight is zero from <i>α</i>"),
  });
  const verdict = html("strong");
  const why = html("span");
  const speaker = voice();

  function place(contour, excess) {
    const [rx, ry] = [1 + state.rho, 1 - state.rho].map((curvature) => Math.sqrt((2 * excess) / curvature) * unit);
    const [cx, cy] = [X(state.z[0]), Y(state.z[1])];
    set(contour, { cx, cy, rx, ry, transform: `rotate(-45 ${cx} ${cy})` });
  }

  function draw() {
    const { rho, z, ridge } = state;
    const ends = penalised(state, 0);
    const alpha = Math.min(state.alpha, ends.most);
    const now = penalised(state, alpha, ridge);
    const { w, c } = now;
    const [x, y] = [X(w[0]), Y(w[1])];
    contours.forEach((contour, k) => place(contour, (0.5 * (k + 1)) ** 2 / 2));
    place(touching, total(c.map((cj, j) => cj * (z[j] - w[j]))) / 2);
    const size = ridge ? Math.hypot(...w) : total(w.map(Math.abs));
    const t = size * unit;
    const sides = ridge ? `a${t} ${t} 0 0 1${-2 * t} 0a${t} ${t} 0 0 1${2 * t} 0` : `l${-t} ${-t} ${-t} ${t} ${t} ${t}`;
    set(region, { d: `M${X(0) + t} ${Y(0)}${sides}z` });
    // The lasso's answers lie on straight lines between its knots; ridge begins at zero, for a penalty without end.
    const penalties = ridge ? Array.from({ length: 60 }, (_, i) => 60 / (i + 1) - 1) : [ends.knot, 0];
    const along = penalties.map((value) => penalised(state, value, ridge).w);
    set(path, { d: `M${X(0)} ${Y(0)}${along.map((v) => `L${X(v[0])} ${Y(v[1])}`).join("")}` });
    set(answer, { cx: x, cy: y });
    set(point, {
      transform: `translate(${X(z[0])} ${Y(z[1])})`, "aria-valuenow": z[1], "aria-valuemin": -1.5, "aria-valuemax": 1.5,
      "aria-valuetext": `w1 ${fixed(z[0], 2)}, w2 ${fixed(z[1], 2)}`,
    });
    const above = z[1] < 0 ? -1 : 1; // the word of the answer keeps away from that of the point
    const kind = ridge ? "ridge" : "lasso";
    words[0].textContent = ridge ? _("ridge") : _("lasso");
    set(words[0], { x, y: y + 5 + 21 * above });
    set(words[1], { x: X(z[0]), y: Y(z[1]) + 5 - 19 * above });
    title.textContent = `${ridge ? _("Circle: w₁² + w₂² ≤") : _("Diamond: |w₁| + |w₂| ≤")} ${fixed(ridge ? size ** 2 : size, 2)}`;
    drawn.classList.toggle("widget-round", ridge);

    set(sliders.alpha.range, { max: ends.most });
    sliders.alpha.show(alpha, fixed(alpha, 3));
    sliders.rho.show(rho, fixed(rho, 2));
    z.forEach((zj, j) => sliders[`z${j}`].show(zj, fixed(zj, 2)));
    knot.style.setProperty("--at", ends.most && ends.knot / ends.most);
    const weights = w.map((wj) => (wj === 0 ? "0" : fixed(wj, 3)));
    w.forEach((wj, j) => {
      numbers.show(`w${j}`, weights[j]);
      const sign = wj > 0 ? " = α" : wj < 0 ? " = −α" : _(", within ±α");
      numbers.show(`c${j}`, fixed(c[j], 3) + (ridge ? ` = α ${NAMES[j]}` : sign));
    });
    knot.hidden = ridge; // which has none
    numbers.show("knot", ridge ? _("none") : fixed(ends.knot, 3));
    [verdict.textContent, why.textContent] = told(now, alpha, ridge);
    for (const [name, element] of Object.entries(kinds)) set(element, { "aria-pressed": name === kind });
    speaker.say(_(`${kind}, alpha ${fixed(alpha, 3)}: w1 ${weights[0]}, w2 ${weights[1]}. ${verdict.textContent}.`));
  }

  const kinds = {
    lasso: button(_("Lasso"), () => change({ ridge: false })),
    ridge: button(_("Ridge"), () => change({ ridge: true })),
  };
  draw();
  return [
    html("div", { class: "widget-stage" }, root, html("p", { class: "widget-verdict" }, verdict, stop, why)),
    html("div", { class: "widget-panel" }, sliders.alpha.box, numbers.list, sliders.rho.box, sliders.z0.box, sliders.z1.box,
      html("div", { class: "widget-buttons" }, ...Object.values(kinds), button(_("Reset"), () => change(first()))),
      hint(_("Drag the least-squares point.")), speaker.element),
  ];
});
