// How wide a formula is, from KaTeX's own measures of its letters. A page is painted before its fonts have come:
// with the width in the markup, its lines do not break anew when they do.

const SIZES = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.44, 1.728, 2.074, 2.488]; // of size1 to size11, in em
const NARROW = ["katex-strut", "pstrut", "vlist-s", "frac-line", "accent-body", "rlap"]; // take no room beside others
const PHONE = 15; // em, which fit into a line of any phone, with a mark
const letters = {};

const em = (length) => (/em$/.test(length ?? "") ? parseFloat(length) : 0);

/** The width of a letter, of a word or of a formula; NaN where KaTeX does not know it. */
function letter(sign, kind) {
  const tex = kind === "word" ? `\\text{${sign}}` : sign;
  if (!(tex in letters)) {
    letters[tex] = NaN;
    const seek = (node) => {
      if (node.text === sign) letters[tex] = node.width;
      node.children?.forEach(seek);
    };
    if (/[\w.,;:!?()[\]/|+*=-]/.test(sign)) seek(katex.__renderToDomTree(tex, { output: "html" }));
  }
  return letters[tex];
}

/** A run of letters, of which KaTeX gives the width of the first alone. */
function run({ text, width, italic, classes }) {
  if (classes.includes("cjk_fallback")) return NaN;
  if ([...text].length === 1) return width + Math.max(0, italic);
  if (classes.some((name) => /^(math|text)(bf|it|sf|tt|cal)/.test(name))) return NaN;
  const kind = classes.includes("mathnormal") ? "formula" : "word";
  return [...text].reduce((sum, sign) => sum + (sign === "\u00a0" ? 0.25 : letter(sign, kind)), Math.max(0, italic));
}

/** The width of a part, in em of the letters around it. */
function wide(node) {
  const has = (name) => node.classes?.includes(name);
  const style = node.style ?? {};
  const beside = em(style.marginLeft) + em(style.marginRight) + em(style.paddingLeft) + em(style.paddingRight);
  if (has("mtable")) return NaN;
  if (NARROW.some(has)) return 0;
  if (has("nulldelimiter")) return 0.12;
  if (style.width) return em(style.width) + beside;
  const parts = (node.children ?? []).map(wide);
  const inner = has("vlist") || has("vlist-t") ? Math.max(0, ...parts) : parts.reduce((sum, part) => sum + part, 0);
  let width = node.text === undefined ? inner : run(node);
  if (has("katex-sizing")) {
    const [, from, to] = /reset-size(\d+) size(\d+)/.exec(node.classes.join(" "));
    width *= SIZES[to - 1] / SIZES[from - 1];
  }
  return Math.max(width, em(style.minWidth)) + beside;
}

/** A formula as HTML, each part of which in a line of text has its width. */
function typeset(tex, displayMode) {
  const options = { displayMode, throwOnError: true, strict: "error", output: "htmlAndMathml" };
  const tree = katex.__renderToDomTree(tex, options);
  if (!displayMode) {
    const parts = tree.children[1].children;
    let total = 0;
    for (const base of parts.filter((part) => part.classes.includes("katex-base"))) {
      const width = wide(base);
      if (width) base.style.width = `${Number(width.toFixed(3))}em`;
      total += width;
    }
    if (total > PHONE || (isNaN(total) && parts.length > 4)) tree.classes.push("long");
  }
  return tree.toMarkup();
}
