// The button under the title copies the page as Markdown. One listener for all pages: instant navigation keeps it.
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
    status.textContent = "Copied";
  } catch {
    status.textContent = "Not copied. Open the Markdown and copy it there.";
  }
});
