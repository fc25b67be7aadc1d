// What a reader would stumble over, as sentences: every function returns a list of faults, empty when all is well.
// They look at the page as it is now; `visit.py` puts this into each page.

window.look = (() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const box = (element) => element.getBoundingClientRect();
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const drawn = (element) => seen(element) && box(element).width > 0 && box(element).height > 0;
  const style = (element) => getComputedStyle(element);
  const scrolls = (element) => ["auto", "scroll"].includes(style(element).overflowX);

  const name = (element) => {
    const kind = [element.localName, ...element.classList].slice(0, 3).join(".");
    return `<${kind}> "${element.textContent.trim().replace(/\s+/g, " ").slice(0, 50)}"`;
  };

  // Elements inside a formula or a figure are placed by hand: the whole is looked at, not its parts.
  const parts = () => all(".md-content *").filter((element) => !element.closest(".katex, svg *") && drawn(element));

  const scrollerOf = (element) => {
    for (let up = element.parentElement; up; up = up.parentElement) if (scrolls(up)) return up;
  };

  /** Nothing reaches beyond the right edge, except in a box that scrolls by itself. */
  function overflow() {
    const edge = document.documentElement.clientWidth;
    const page = document.documentElement.scrollWidth;
    const wide = parts().filter((element) => box(element).right > edge + 1 && !scrollerOf(element));
    return [
      ...(page > edge ? [`the page is ${page} wide in ${edge}`] : []),
      ...wide.slice(0, 5).map((element) => `${name(element)} ends at ${Math.round(box(element).right)} of ${edge}`),
    ];
  }

  /** No text is cut by the box it stands in. */
  function clipping() {
    const cuts = (overflow) => ["hidden", "clip"].includes(overflow);
    return parts()
      .filter((element) => element.clientWidth > 1)
      .flatMap((element) => [
        [style(element).overflowX, element.clientWidth, element.scrollWidth, "width"],
        [style(element).overflowY, element.clientHeight, element.scrollHeight, "height"],
      ].map((cut) => [element, ...cut]))
      .filter(([, overflow, shown, whole]) => cuts(overflow) && whole > shown + 1)
      .map(([element, , shown, whole, side]) => `${name(element)} shows ${shown} of ${whole} in ${side}`);
  }

  /** On paper nothing scrolls: what does not fit is lost. */
  function cuts() {
    return parts()
      .filter((element) => style(element).overflowX !== "visible" && style(element).display !== "inline")
      .filter((element) => element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1)
      .map((element) => `${name(element)} shows ${element.clientWidth} of ${element.scrollWidth}`);
  }

  /** The blocks of a page stand below each other. */
  function overlap() {
    const blocks = all(".md-content__inner > *").filter((element) => drawn(element) && style(element).float === "none");
    return blocks
      .slice(1)
      .filter((element, i) => box(element).top < box(blocks[i]).bottom - 2)
      .map((element) => `${name(element)} lies over what stands before it`);
  }

  /** Every formula is typeset and on show; no TeX is left in the text. */
  function formulas() {
    const faults = all(".katex-error, .arithmatex:not(:has(.katex))").map((e) => `${name(e)} is not typeset`);
    for (const formula of all(".katex"))
      if (!drawn(formula.querySelector(".katex-html") ?? formula)) faults.push(`${name(formula)} cannot be seen`);
    const raw = /\\[()[\]]|\$\$|\$[^\s$][^$\n]*\$|\\(frac|begin|end|left|right|text|hat|sum|lambda|eta|kappa|tilde|top)(?![a-z])/;
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const node = walk.currentNode;
      if (raw.test(node.data) && !node.parentElement.closest("script, style, code, pre, annotation"))
        faults.push(`raw TeX in ${name(node.parentElement)}`);
    }
    return faults;
  }

  const brightness = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((c) => c / 255);
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };

  const contrast = (a, b) => {
    const [dark, light] = [brightness(a), brightness(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };

  const common = (a, b) =>
    Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
    Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

  /** Every figure is there, says what it shows, and its words can be read. */
  function figures() {
    const faults = [];
    for (const figure of all(".md-content figure, .md-content img"))
      if (!drawn(figure)) faults.push(`${name(figure)} cannot be seen`);
    for (const image of all(".md-content img"))
      if (!image.alt.trim() || !image.naturalWidth) faults.push(`image ${image.src} has no text or no picture`);
    for (const svg of all(".md-content figure svg")) {
      const label = svg.getAttribute("aria-label")?.trim() ?? "";
      const say = (fault) => faults.push(`figure "${label.slice(0, 40)}": ${fault}`);
      const role = svg.closest(".widget") ? /^(img|group)$/ : /^img$/; // what can be used is no picture
      if (!role.test(svg.getAttribute("role")) || label.length < 15) say("has no text alternative");
      const frame = box(svg);
      if (frame.width < 100 || frame.height < 60) say(`is ${frame.width} x ${frame.height}`);
      for (const use of all("use", svg)) {
        const bounds = use.getBBox(); // empty when what it uses is not found
        if (!(bounds.width + bounds.height)) say("lacks a mark: a <use> draws nothing");
      }
      const place = (text) => { // its letters, without the room above and below that browsers add
        const { x, y, width, height } = text.getBBox();
        const room = Math.max(0, height - parseFloat(style(text).fontSize)) / 2;
        const matrix = text.getScreenCTM();
        const corners = [[x, y + room], [x + width, y + height - room]];
        const [a, b] = corners.map(([x, y]) => new DOMPoint(x, y).matrixTransform(matrix));
        return new DOMRect(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(a.x - b.x), Math.abs(a.y - b.y));
      };
      const words = all("text", svg).filter((text) => text.textContent.trim());
      for (const [i, text] of words.entries()) {
        const bounds = place(text);
        const letters = parseFloat(style(text).fontSize) * (frame.width / svg.viewBox.baseVal.width);
        const out = [frame.left - bounds.left, bounds.right - frame.right, frame.top - bounds.top, bounds.bottom - frame.bottom];
        if (Math.max(...out) > 2) say(`"${text.textContent}" reaches out of it`);
        if (letters < 7) say(`"${text.textContent}" is ${letters.toFixed(1)} pixels high`);
        if (contrast(style(text).fill, style(document.body).backgroundColor) < 4.5) say(`"${text.textContent}" is too pale`);
        for (const other of words.slice(i + 1)) {
          const area = common(bounds, place(other));
          const smaller = Math.min(bounds.width * bounds.height, place(other).width * place(other).height);
          if (area > 0.15 * smaller) say(`"${text.textContent}" lies over "${other.textContent}"`);
        }
      }
    }
    return faults;
  }

  /** Lines and marks of figures, icons, and what underlines a claim stand out from the page, whoever chose its colours. */
  function outlines() {
    const ground = style(document.body).backgroundColor;
    const pale = (colour) => contrast(colour, ground) < 3;
    const faults = [];
    for (const mark of all(".md-content figure svg :is(path, use)")) {
      if (mark.closest("defs, clipPath") || mark.closest("[style*='--md-default-bg-color']")) continue; // the ground of a word
      const { stroke, fill } = style(mark);
      const paint = stroke === "none" ? fill : stroke;
      if (paint !== "none" && pale(paint)) faults.push(`a mark of a figure is ${paint} on ${ground}`);
    }
    for (const element of all("body *").filter(drawn))
      for (const part of ["::before", "::after"]) {
        const { content, maskImage, backgroundColor } = getComputedStyle(element, part);
        if (content !== "none" && maskImage !== "none" && pale(backgroundColor))
          faults.push(`the icon of ${name(element)} is ${backgroundColor} on ${ground}`);
      }
    for (const claim of all(".claim")) {
      const { borderBottomStyle, borderBottomColor } = style(claim);
      if (borderBottomStyle === "none" || pale(borderBottomColor)) faults.push(`${name(claim)} has no line under it`);
    }
    return [...new Set(faults)];
  }

  /** Nothing moves or fades. */
  function motion() {
    const moves = ({ transitionDuration, transitionProperty, animationName, scrollBehavior }) =>
      (transitionProperty !== "none" && /[1-9]/.test(transitionDuration)) || animationName !== "none" || scrollBehavior === "smooth";
    return all("*")
      .filter((element) => ["", "::before", "::after"].some((part) => moves(getComputedStyle(element, part || null))))
      .map((element) => `${name(element)} moves`);
  }

  /** Every heading can be linked to, every link within the page arrives, and no id stands twice. */
  function anchors() {
    const ids = all("[id]").map((element) => element.id);
    const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
    const headings = all(".md-content :is(h2, h3, h4)").filter((h) => !h.id || !h.querySelector(".headerlink"));
    const lost = all("a[href]")
      .filter((link) => link.hash && link.href.split("#")[0] === location.href.split("#")[0])
      .filter((link) => !document.getElementById(decodeURIComponent(link.hash.slice(1))));
    return [
      ...headings.map((heading) => `${name(heading)} has no anchor`),
      ...lost.map((link) => `${name(link)} leads to ${link.hash}, which is not here`),
      ...[...new Set(twice)].map((id) => `the id ${id} stands twice`),
    ];
  }

  /** What a page must look the same in, however it was reached. */
  function contents() {
    return {
      title: document.querySelector("h1")?.textContent,
      formulas: all(".katex-html").filter(drawn).length,
      figures: all(".md-content figure svg").filter(drawn).length,
      marks: all(".md-content figure use").filter((use) => use.getBBox().width + use.getBBox().height).length,
      buttons: all(".md-content .md-code__button").length,
      headings: all(".md-content [id]").map((element) => element.id).filter((id) => !id.startsWith("__code")),
    };
  }

  /** What has the focus, and whether a line or a shadow about it says so; null when nothing has. */
  function focus() {
    const element = document.activeElement;
    if (element === document.body) return null;
    const around = [element, element.nextElementSibling].filter(Boolean); // a radio button is drawn by its label
    const { width, height } = box(around.findLast((one) => drawn(one)) ?? element);
    const stop = { name: name(element), size: Math.min(width, height) };
    const dialog = element.closest("[role=dialog]"); // opens itself for what has the focus
    if (dialog) return { ...stop, marked: drawn(dialog) && drawn(element), size: box(dialog).height };
    const looks = () => {
      around.flatMap((one) => one.getAnimations()).forEach((animation) => animation.finish());
      return around.map(style).map((s) => [s.outlineStyle === "none" ? "" : s.outline, s.boxShadow]);
    };
    const focused = looks().join();
    element.blur();
    const marked = looks().join() !== focused;
    element.focus({ focusVisible: true, preventScroll: true });
    return { ...stop, marked };
  }

  /** Marks formulas with Chinese words in them. */
  function chinese() {
    for (const formula of all(".katex-html"))
      formula.toggleAttribute("data-chinese", /\p{sc=Han}/u.test(formula.textContent));
  }

  /** Marks letters of code that look like others before them: one of each is enough for a look at contrast. */
  function thin() {
    const known = new Set();
    for (const letters of all("pre code span:not(:has(*))")) {
      const look = [style(letters).color, style(letters).fontWeight, style(letters.closest("code")).backgroundColor].join();
      letters.toggleAttribute("data-again", known.has(look));
      known.add(look);
    }
  }

  /** Every element of a formula that takes a fixed number of parts, `taken`, has them. */
  function misshapen(taken) {
    return all(Object.keys(taken).join())
      .filter((part) => part.childElementCount !== taken[part.localName])
      .map((part) => `${name(part)} has ${part.childElementCount} parts`);
  }

  /** Unfolds all answers, lays out what is far off too, and goes past all of it as a reader would. */
  async function open() {
    for (const answer of all("details")) answer.open = true;
    const sheet = new CSSStyleSheet(); // the pages allow no <style>
    sheet.replaceSync("* { content-visibility: visible !important }");
    document.adoptedStyleSheets.push(sheet);
    // what has come into view once can be reached from the keyboard
    for (let top = 0; top < document.body.scrollHeight; top += innerHeight) {
      scrollTo({ top, behavior: "instant" });
      await new Promise(requestAnimationFrame);
    }
    scrollTo({ top: 0, behavior: "instant" });
    await new Promise(requestAnimationFrame);
  }

  return { overflow, clipping, cuts, overlap, formulas, figures, outlines, motion, anchors, contents, focus, misshapen, chinese, thin, open };
})();
