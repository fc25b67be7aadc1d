// The loss of gradient descent against its steps, predicted before the first of them and measured, for any rate.

const TOLERANCE = 0.01; // as in linreg/descent/forecast.py
const LONGEST = 2000; // steps taken where nothing stops them
const RANGE = { min: -2.3, max: 0.41, step: 0.01 }; // of the slider, in powers of ten

const dot = (u, v) => u.reduce((sum, ui, i) => sum + ui * v[i], 0);

/** The loss after step t as `linreg.predict_loss` has it: the errors of a start at zero, mode by mode. */
function forecast({ eigenvalues, eigenvectors, minimum, floor }, rate) {
  const energies = eigenvalues.map((lambda, i) => (lambda * dot(eigenvectors.map((row) => row[i]), minimum) ** 2) / 2);
  return lossOfModes(energies, eigenvalues.map((lambda) => 1 - rate * lambda), floor);
}

/** The loss at the start and after each step, taken one after the other as `linreg.gradient_descent` does. */
function descend({ hessian, minimum, floor }, rate) {
  let error = minimum.map((value) => -value);
  const losses = [];
  for (;;) {
    const slope = hessian.map((row) => dot(row, error));
    losses.push(floor + dot(slope, error) / 2);
    if (losses.length > LONGEST || losses.at(-1) > BLOW_UP * losses[0]) return losses;
    error = error.map((value, i) => value - rate * slope[i]);
  }
}

/** The first step with a loss no larger than `goal`. */
function arrival(loss, goal) {
  let t = 0;
  while (t <= LONGEST && !(loss(t) <= goal)) t += 1;
  return t > LONGEST ? Infinity : t;
}

mount("rates", (values, drawn) => {
  const { rates, dots, eigenvalues, floor } = values;
  const limit = 2 / eigenvalues.at(-1);
  const best = 2 / (eigenvalues[0] + eigenvalues.at(-1));
  const goal = (1 + TOLERANCE) * floor;
  const last = dots.at(-1);

  // As large as the figure whose place it takes, its axes where they were.
  const { width, height } = drawn.viewBox.baseVal;
  const picture = plot({
    name: "rates", width, height, left: 52, bottom: 39.5, top: 19.5,
    x: [-0.05, 1.05].map((part) => part * Math.log10(last)), y: [floor / 2.5, floor * 1e4].map(Math.log10),
    label: _(
      "Loss against steps, both on logarithmic axes: the predicted line and the measured dots of one learning rate, and behind them those of others"
    ),
  });
  const { root, frame } = picture;
  set(root, { width: drawn.getAttribute("width"), height: drawn.getAttribute("height") });
  const X = (t) => picture.X(Math.log10(t));
  const Y = (loss) => Math.max(picture.Y(Math.log10(loss)), -99); // out of sight is far enough
  picture.ticks([0, 1, 2, 3], [-2, -1, 0, 1], (k) => Number(`1e${k}`));
  const logs = [-3, -2, -1, 0, 1, 2].flatMap((k) => [2, 3, 4, 5, 6, 7, 8, 9].map((m) => k + Math.log10(m)));
  const small = (place, from, to, draw) => logs.map(place).filter((p) => p > from && p < to).map(draw).join("");
  root.append(svg("path", {
    class: "widget-axis",
    d: small(picture.X, frame.left, frame.right, (x) => `M${x} ${frame.bottom}v2`) +
      small(picture.Y, frame.top, frame.bottom, (y) => `M${frame.left} ${y}h-2`),
  }));
  const [centre, middle] = [(frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2];
  picture.word(_("step"), centre, frame.bottom + 32);
  set(picture.word(_("loss"), 0, 0), { transform: `translate(13 ${middle}) rotate(-90)` });
  const title = set(picture.word("", centre, 13.5), { class: "widget-title" });
  root.append(svg("path", { class: "widget-floor", d: `M${frame.left} ${Y(floor)}H${frame.right}` }));
  picture.word(_("the exact answer"), X(1), Y(floor) + 13, "start");

  const steps = [...new Set(Array.from({ length: 151 }, (_, i) => Math.round(last ** (i / 150))))];
  const point = (t, loss) => `M${X(t).toFixed(1)} ${Y(loss).toFixed(1)}`;
  const behind = svg("g", { class: "widget-behind" });
  root.append(behind);
  function curve(parent) {
    const [line, taken] = [svg("path"), svg("path", { class: "widget-taken" })];
    const group = svg("g", { class: "widget-curve", "clip-path": picture.clip }, line, taken);
    parent.append(group);
    return (rate, loss, losses) => {
      set(line, { d: steps.map((t) => point(t, loss(t))).join("").replace(/(?!^)M/g, "L") });
      set(taken, { d: dots.filter((t) => t < losses.length).map((t) => `${point(t, losses[t])}h0`).join("") });
      group.classList.toggle("widget-lost", rate >= limit);
    };
  }
  for (const rate of rates) {
    const loss = forecast(values, rate);
    curve(behind)(rate, loss, descend(values, rate));
    const away = (t) => Math.abs(Math.log(loss(t) / (rate < limit ? 0.1 : 20))); // the heights of the page's figure
    const t = steps.reduce((a, b) => (away(b) < away(a) ? b : a));
    const word = picture.word(rate, X(t * 1.15), Y(loss(t)), "start");
    set(word, { class: `widget-curve ${rate < limit ? "" : "widget-lost"}` });
  }
  const draw = curve(root);
  const drop = svg("path", { class: "widget-floor" });
  root.append(drop);

  const numbers = readout({ predicted: _(`predicted steps to within ${100 * TOLERANCE}&nbsp;%`), taken: _("steps taken"), fate: _("the loss") });
  const range = slider({ name: _("learning rate <i>η</i>"), label: _("learning rate"), ...RANGE, input: (value) => {
    // What matters can be met exactly, from the keyboard too.
    const near = [limit, ...rates].find((rate) => Math.abs(Math.log10(rate) - value) <= RANGE.step / 2);
    show(near ?? Number((10 ** value).toPrecision(3)));
  } });
  const marks = [[_("best"), best, _("best rate")], [_("limit"), limit, _("largest stable rate")]].map(([text, rate, spoken]) => {
    const mark = set(button(text, () => show(rate)), { class: "widget-tick", "aria-label": spoken });
    mark.style.setProperty("--at", (Math.log10(rate) - RANGE.min) / (RANGE.max - RANGE.min));
    return mark;
  });
  const speaker = voice();

  function show(rate) {
    const [loss, losses] = [forecast(values, rate), descend(values, rate)];
    const predicted = rate < limit ? arrival(loss, goal) : Infinity;
    const taken = arrival((t) => losses[t], goal);
    const blown = losses.length <= LONGEST;
    const fate = blown ? _("diverges") : taken < Infinity ? _("converges") : _("oscillates");
    const told = (t) => (t < Infinity ? String(t) : _("never"));
    const walked = told(blown ? losses.length - 1 : taken);
    const text = String(Number(rate.toPrecision(4)));

    draw(rate, loss, losses);
    set(drop, { d: predicted >= 1 && predicted <= last ? `${point(predicted, goal)}V${frame.bottom}` : "" });
    title.textContent = _(`Learning rate ${text}: line predicted, dots measured`);
    range.show(Math.log10(rate), text);
    numbers.show("predicted", told(predicted));
    numbers.show("taken", walked);
    numbers.show("fate", fate);
    speaker.say(_(`At rate ${text} the loss ${fate}. Steps predicted: ${told(predicted)}. Steps taken: ${walked}.`));
  }

  range.box.classList.add("widget-wide");
  range.box.append(html("div", { class: "widget-scale" }, ...marks));
  show(rates[rates.length >> 1]);
  return [
    html("div", { class: "widget-stage" }, root),
    html("div", { class: "widget-panel" }, range.box, numbers.list, speaker.element),
  ];
});
