"""The scripts and styles of the site: mended, joined, and without what no page needs."""

import re
from collections.abc import Sequence, Set
from itertools import groupby
from pathlib import Path

from tinycss2 import parse_rule_list, parse_stylesheet, serialize
from tinycss2.ast import Node, QualifiedRule

from book.publish import spelling
from book.render.repairs import mend

SCRIPT = {
    # begin when the page has been shown, of which docs/theme/main.html tells: a look at it before that
    # has it laid out in the time of the script
    '"use strict";(()=>{var ': '"use strict";shown.then(()=>{var ',
    "window.component$=Ki;})();": "window.component$=Ki;});",
    # by then the event that it would wait for may have passed
    'h(document,"DOMContentLoaded",{once:!0}).subscribe(()=>e.next(document))': (
        "setTimeout(()=>e.next(document))"
    ),
    # fetch the search index (the largest file of the site) when the search is opened, not with every page
    'L($(location.protocol!=="file:"),Je("search"))': 'L(Je("search"))',
    # and the search worker with it
    "t=new Worker(e)": (
        "t=(w=>Object.assign(new EventTarget,{postMessage(m){"
        "w||((w=new Worker(e)).onmessage="
        "({data:d})=>this.dispatchEvent(new MessageEvent('message',{data:d})));"
        "w.postMessage(m)}}))()"
    ),
    # `repairs.scrolling` has done this at the build: here it would style the whole page once more
    '...M("table:not([class])",e).map(i=>ti(i)),': "",
    # making the address of the style absolute would load and apply it once more; all pages share it
    'function vi(e){for(let t of M("[href], [src]",e))': (
        'function vi(e){for(let t of M("[href]:not([rel=stylesheet]), [src]",e))'
    ),
    'M(":scope > *",e.head)': 'M(":scope > :not([rel=stylesheet])",e.head)',
    # whether a block of code scrolls is asked when it comes into view, not of each one at the start
    "function es(e){return Le(e).pipe(": "function es(e){return mt(e).pipe(g(t=>t),Ee(1),b(()=>Le(e)),",
    # the library asks the browser for this each time, which styles and lays out what is there so far
    "Kn.default.isSupported()&&(": "(",
    # tells the scroll bar its colours, which on a <meta> would style every element again
    'let o=x("meta",{name:"color-scheme"});document.head.appendChild(o);': "",
    "o.content=a.colorScheme,": "document.documentElement.style.colorScheme=a.colorScheme,",
    # styles every element of the page twice to keep a change of colours from fading
    'document.body.setAttribute("data-md-color-switching",""),': "",
    # the way to the other edition belongs to a page, like what else is exchanged when another one is shown
    'for(let o of["[data-md-component=announce]"': 'for(let o of[".edition","[data-md-component=announce]"',
    # asks for a site map beside every alternate form of the page, as if each were the home of a language
    'M("link[rel=alternate]")': "[]",
    # the keys for the page before and after; `quiet` says why not by the links in the head
    "link[rel=prev]": ".md-footer__link--prev",
    "link[rel=next]": ".md-footer__link--next",
    # a landmark per code block is too many
    'x("nav",{class:"md-code__nav"})': 'x("div",{class:"md-code__nav"})',
}
WORKER = {
    # words are kept and looked up in one spelling: see spelling.py
    "new lunr.Token(g.slice(l,m).toLowerCase(),": "new lunr.Token(spelled(g.slice(l,m).toLowerCase()),",
    # and a ^ in a question is one of a formula, not the weight of a word
    "search(e){if(e=e.replace(": 'search(e){if(e=spelled(e.toLowerCase()).replaceAll("^"," ").replace(',
    # the theme's own way to find the words in Chinese leaves the last letter out
    '[...fe(s,this.index.invertedIndex)].join("* ")': 'parted(s,this.index.invertedIndex).join(" ")',
    # what has all words of a question comes first
    "n=this.index.search(e).reduce(": "n=ranked(this.index,e).reduce(",
}
ASKING = """
function parted(text, words) {
  const found = [];
  for (let start = 0, end; start < text.length; start = end) {
    for (end = text.length; end > start && !(text.slice(start, end) in words);) end--;
    if (end === start) end = text.length; // no word, but one may begin so
    found.push(text.slice(start, end));
  }
  return found;
}
function ranked(index, query) {
  const all = query.split(" ").map((word) => (/^[+-]/.test(word) ? word : `+${word}`)).join(" ");
  const best = new Set(index.search(all).map((found) => found.ref));
  return index
    .search(query)
    .map((found) => ({ ...found, score: found.score * (best.has(found.ref) ? 1e6 : 1) }));
}
"""


# Joined in this order in one file, which docs/theme/main.html links.
STYLES = [
    "assets/stylesheets/main.*.css",
    "assets/stylesheets/palette.*.css",
    "assets/katex.css",
    "assets/_mkdocstrings.css",
    "assets/style.css",
]


def join(folder: Path) -> None:
    """Make each widget one script: what they share and its own, where no name can meet one of the page.

    Two scripts might arrive in either order, and instant navigation runs one again at each visit.
    """
    shared = folder / "shared.js"
    for file in folder.glob("*.js"):
        if file != shared:
            file.write_text(f"(() => {{\n{shared.read_text()}\n{file.read_text()}}})();\n")
    shared.unlink()


def publish(site: Path) -> None:
    """Mend the scripts, join the styles in one file, drop what no page needs."""
    (bundle,) = site.glob("assets/javascripts/bundle.*.min.js")
    script = mend(bundle.read_text(), SCRIPT)
    bundle.write_text(script)
    (worker,) = site.glob("assets/javascripts/workers/search.*.min.js")
    worker.write_text(mend(worker.read_text(), WORKER) + spelling.script() + ASKING)
    markup = [page.read_text() for page in sorted(site.rglob("*.html"))]
    widgets = [file.read_text() for file in site.glob("assets/widgets/*.js")]
    names = set(re.findall(r"[\w-]+", "\n".join([script, *widgets])))  # classes that scripts give
    names.update(
        name for text in markup for value in re.findall(r'class="([^"]*)"', text) for name in value.split()
    )
    joined = []
    for pattern in STYLES:
        (style,) = site.glob(pattern)
        rules = parse_stylesheet(style.read_text(), skip_whitespace=True, skip_comments=True)
        joined.append(rules_used(rules, names))
        style.unlink()
    (site / "assets" / "book.css").write_text("".join(joined))
    for file in site.glob("assets/**/*.map"):
        file.unlink()
    for file in site.glob("assets/javascripts/**/*.js"):
        file.write_text(re.sub(r"//# sourceMappingURL=\S+", "", file.read_text()))


def rules_used(rules: Sequence[Node], names: Set[str]) -> str:
    """The rules for classes that occur: some two thirds of the theme's."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [part for part in _selectors_of(rule) if _classes(part) <= names]
            if selectors:
                kept.append(f"{','.join(selectors)}{{{serialize(rule.content)}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword == "media":
            inner = rules_used(parse_rule_list(rule.content, skip_whitespace=True, skip_comments=True), names)
            if inner:
                kept.append(f"@media{serialize(rule.prelude)}{{{inner}}}")
        else:
            kept.append(rule.serialize())
    return "".join(kept)


def _selectors_of(rule: QualifiedRule) -> list[str]:
    """The selectors of a list; commas within parentheses are within one token."""
    parts = groupby(rule.prelude, key=lambda token: token.type == "literal" and token.value == ",")
    return [serialize(list(tokens)) for comma, tokens in parts if not comma]


def _classes(selector: str) -> set[str]:
    """The classes that an element must have, or one around it."""
    return set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", re.sub(r":(not|is|where)\([^)]*\)", "", selector)))
