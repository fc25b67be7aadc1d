"""Mend the theme: give names to what lacks them, and load nothing before it is used.

Each repair must find its place exactly once, so that another version of the theme fails here and not at the reader's.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from mkdocs.exceptions import PluginError

HTML = {
    # a dialog needs a name
    'data-md-component="search" role="dialog"': 'data-md-component="search" role="dialog" aria-label="Search"',
}

SCRIPT = {
    # fetch the search index (the largest file of the site) when the search is opened, not with every page
    'L($(location.protocol!=="file:"),Je("search"))': 'L(Je("search"))',
    # and the search worker with it
    "t=new Worker(e)": (
        "t=(w=>Object.assign(new EventTarget,{postMessage(m){"
        "w||((w=new Worker(e)).onmessage=({data:d})=>this.dispatchEvent(new MessageEvent('message',{data:d})));"
        "w.postMessage(m)}}))()"
    ),
    # a landmark per code block is too many
    'x("nav",{class:"md-code__nav"})': 'x("div",{class:"md-code__nav"})',
}


def mend(text: str, repairs: Mapping[str, str]) -> str:
    for broken, mended in repairs.items():
        if text.count(broken) != 1:
            raise PluginError(
                f"The theme has {text.count(broken)} places, not one, that read {broken}"
            )
        text = text.replace(broken, mended)
    return text


def publish(site: Path) -> None:
    (bundle,) = site.glob("assets/javascripts/bundle.*.min.js")
    (worker,) = site.glob("assets/javascripts/workers/search.*.min.js")
    bundle.write_text(mend(bundle.read_text(), SCRIPT))
    for file in site.glob("assets/**/*.map"):
        file.unlink()
    for file in (bundle, worker, *site.glob("assets/stylesheets/*.css")):
        file.write_text(
            re.sub(r"//# sourceMappingURL=\S+|/\*# sourceMappingURL=.*?\*/", "", file.read_text())
        )
