// What the widgets share: elements, numbers, sliders, things to drag, and a voice for screen readers.
// The build puts this file before each widget, in one function. Plain scripts, because modules do not
// load from a disk. No listener stands outside a widget, so leaving the page leaves nothing behind.

/** Puts what `build(values, drawn)` makes in the place of each figure of this kind that stands as it was drawn. */
function mount(kind, build) {
  for (const figure of document.querySelectorAll(`figure[data-widget="${kind}"]:has(> svg)`)) {
    figure.replaceChildren(...build(JSON.parse(figure.dataset.values), figure.firstElementChild));
  }
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function fill(element, attributes = {}, children = []) {
  set(element, attributes).append(...children);
  return element;
}

const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Formulas come as HTML, and from this folder only: `w<sub>1</sub>`. */
function rich(tag, attributes, markup) {
  const element = html(tag, attributes);
  element.innerHTML = markup;
  return element;
}

/** As Python's `f"{value:.2f}"` for 2 digits, with a minus sign for the eye. */
function fixed(value, digits) {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

const BLOW_UP = 1e4; // as in linreg/descent/trail.py: a loss so many times that of the start tells of divergence

/** The loss after step t: each mode keeps of its energy, at every step, the square of its factor. */
const lossOfModes = (energies, factors, floor) => (t) =>
  energies.reduce((sum, energy, i) => sum + (energy && energy * Math.abs(factors[i]) ** (2 * t)), floor);

const total = (values) => values.reduce((sum, value) => sum + value, 0);

/** The line of smallest loss, as `linreg.solve` finds it; the flat one where all x are the same, and `xx` is 0. */
function bestLine({ x, y }) {
  const [mean, my] = [total(x) / x.length, total(y) / y.length];
  const xx = total(x.map((xi) => (xi - mean) ** 2));
  const w = xx > 0 ? total(x.map((xi, i) => (xi - mean) * (y[i] - my))) / xx : 0;
  return { w, b: my - w * mean, xx, mean };
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const hundredths = (value) => Math.round(value * 100) / 100;

/** A picture `name`, `width` by `height`, whose scales map `x0` to `x1` and `y0` to `y1` into a frame within it. */
function plot({ name, width, height, left, bottom, top = 6, x: [x0, x1], y: [y0, y1], label }) {
  const frame = { left, right: width - 6, top, bottom: height - bottom };
  const X = (x) => frame.left + ((x - x0) / (x1 - x0)) * (frame.right - frame.left);
  const Y = (y) => frame.bottom - ((y - y0) / (y1 - y0)) * (frame.bottom - frame.top);
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label });
  const clip = `widget-${name}`;
  root.append(
    svg("clipPath", { id: clip }, svg("rect", {
      x: frame.left, y: frame.top, width: frame.right - frame.left, height: frame.bottom - frame.top,
    })),
    svg("path", { class: "widget-axis", d: `M${frame.left} ${frame.top}V${frame.bottom}H${frame.right}` }),
  );
  const word = (text, x, y, anchor = "middle") => {
    const element = svg("text", { x, y, "text-anchor": anchor }, text);
    root.append(element);
    return element;
  };
  const ticks = (xs, ys, text = (value) => fixed(value, 0)) => {
    for (const x of xs) {
      root.append(svg("path", { class: "widget-axis", d: `M${X(x)} ${frame.bottom}v4` }));
      word(text(x), X(x), frame.bottom + 17);
    }
    for (const y of ys) {
      root.append(svg("path", { class: "widget-axis", d: `M${frame.left} ${Y(y)}h-4` }));
      word(text(y), frame.left - 8, Y(y) + 4, "end");
    }
  };
  /** Where a pointer is, in the units of the data. */
  const at = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(root.getScreenCTM().inverse());
    return [
      x0 + ((point.x - frame.left) / (frame.right - frame.left)) * (x1 - x0),
      y0 + ((frame.bottom - point.y) / (frame.bottom - frame.top)) * (y1 - y0),
    ];
  };
  return { root, frame, X, Y, word, ticks, at, clip: `url(#${clip})` };
}

/**
 * A mark to drag, with the pointer or the arrow keys. `where()` is its place in the units of the data,
 * `move(x, y)` puts it elsewhere, `nudge(right, up)` moves it by keys: 1, or 10 with Shift or a page key.
 */
function draggable(picture, attributes, { where, move, nudge, focus }) {
  const mark = svg("g", { class: "widget-mark", tabindex: 0, role: "slider", ...attributes },
    svg("circle", { class: "widget-target", r: 17 }), svg("circle", { class: "widget-ring", r: 11 }),
    svg("circle", { class: "widget-dot", r: 6 }));
  let grip;
  mark.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault(); // no selection of text
    mark.focus({ preventScroll: true, focusVisible: false });
    mark.setPointerCapture(event.pointerId);
    const [[x, y], [px, py]] = [where(), picture.at(event)];
    grip = [x - px, y - py]; // it stays under the pointer as it was taken
  });
  mark.addEventListener("pointermove", (event) => {
    if (!mark.hasPointerCapture(event.pointerId)) return;
    const [x, y] = picture.at(event);
    move(x + grip[0], y + grip[1]);
  });
  const keys = {
    ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], PageUp: [0, 10], PageDown: [0, -10],
  };
  mark.addEventListener("keydown", (event) => {
    const way = keys[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault(); // no scrolling
    const far = event.shiftKey && event.key.startsWith("Arrow") ? 10 : 1;
    nudge(way[0] * far, way[1] * far);
  });
  if (focus) mark.addEventListener("focus", focus);
  picture.root.append(mark);
  return mark;
}

/** A named slider with its value beside it; `show(value, text)` sets both. */
function slider({ name, label, min, max, step, input }) {
  const range = html("input", { type: "range", min, max, step, "aria-label": label });
  const output = html("span", { class: "widget-value" });
  const box = html("div", { class: "widget-slider" }, rich("span", { class: "widget-name" }, name), range, output);
  range.addEventListener("input", () => input(Number(range.value)));
  const show = (value, text, spoken = text) => {
    range.value = value;
    output.textContent = text;
    set(range, { "aria-valuetext": spoken });
  };
  return { box, range, show };
}

function button(text, press) {
  const element = rich("button", { type: "button", class: "widget-button" }, text);
  element.addEventListener("click", press);
  return element;
}

/** A list of numbers, each behind its name; `show(key, text)` sets one. */
function readout(names) {
  const values = {};
  const list = html("dl", { class: "widget-numbers" });
  for (const [key, name] of Object.entries(names)) {
    values[key] = html("dd", { "data-value": key });
    list.append(html("div", {}, rich("dt", {}, name), values[key]));
  }
  return { list, show: (key, text) => (values[key].textContent = text) };
}

/** What ends a sentence, and what parts it from the next. */
const [stop, gap] = document.documentElement.lang.startsWith("zh") ? ["。", ""] : [". ", " "];

const hint = (text) => html("p", { class: "widget-hint" }, text,
  html("span", { class: "widget-keys" }, gap + _("Keys: Tab, then arrows; Shift takes ten times the step.")));

/** Tells a screen reader the last of many changes, once they have come to rest. */
function voice() {
  const element = html("div", { class: "widget-voice", role: "status" });
  let timer;
  const say = (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => (element.textContent = text), 400);
  };
  return { element, say };
}
