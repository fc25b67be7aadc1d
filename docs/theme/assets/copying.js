// The button under the title copies the page as Markdown. One listener each for all pages: instant navigation keeps it.
document.addEventListener("click", async ({ target }) => {
  const button = target.closest(".offers button");
  if (!button) return;
  const [link, status] = ["[type='text/markdown']", "[role=status]"].map((part) => button.parentElement.querySelector(part));
  const text = async () => {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(answer.status);
    return new Blob([await answer.text()], { type: "text/plain" });
  };
  status.textContent = "";
  try {
    // as a promise: some browsers allow it only at once, while the click lasts
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": text() })]);
    status.textContent = _("Copied");
  } catch {
    status.textContent = _("Not copied. Open the Markdown and copy it there.");
  }
});

// What is copied from the text has the TeX of its formulas, between dollars, instead of their letters.
document.addEventListener("copy", (event) => {
  if (event.target.closest?.("input")) return; // in Firefox it may be a text
  const selection = getSelection();
  const formula = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement).closest(".katex");
  const copied = document.createElement("div");
  for (let i = 0; i < selection.rangeCount; i++) { // in Firefox there may be several
    const { startContainer, startOffset, endContainer, endOffset } = selection.getRangeAt(i);
    const [first, last] = [startContainer, endContainer].map(formula);
    const range = document.createRange(); // Firefox goes on to copy what a clone of the selection began with
    first ? range.setStartBefore(first) : range.setStart(startContainer, startOffset); // a formula is whole
    last ? range.setEndAfter(last) : range.setEnd(endContainer, endOffset);
    copied.append(range.cloneContents());
  }
  const formulas = [...copied.querySelectorAll(".katex")];
  if (!formulas.length) return;
  for (const one of formulas) {
    const dollars = one.querySelector("math[display=block]") ? "$$" : "$";
    one.replaceWith(dollars + one.querySelector("annotation").textContent + dollars);
  }
  for (const link of copied.querySelectorAll("a[href]")) link.setAttribute("href", link.href);
  // to tell what begins a line it must be laid out, all of it, where it is not seen
  for (const late of copied.querySelectorAll(".highlight, .drawn")) late.style.contentVisibility = "visible";
  copied.className = "md-typeset";
  copied.style.cssText = "position: fixed; left: -9999px";
  document.body.append(copied);
  event.clipboardData.setData("text/plain", copied.innerText);
  copied.remove();
  event.clipboardData.setData("text/html", copied.innerHTML);
  event.preventDefault();
});
