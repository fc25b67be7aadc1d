"""The line under the title of a page: what can be taken away from it, and a button to copy it."""

from pathlib import PurePosixPath

from book.words import say


def _links(uri: str) -> str:
    """The line for the page of a source; all that it names lies beside the folder of the page."""
    stem = PurePosixPath(uri).stem
    found = [f'<a href="../{stem}.md" type="text/markdown">Markdown</a>']
    if uri.endswith(".py"):
        found += [
            f'<a href="../{stem}.ipynb" download="{stem}.ipynb">{say("Notebook")}</a>',
            f'<a href="../{stem}.py" download="{stem}.py">{say("Script")}</a>',
        ]
    button = f'<button type="button">{say("Copy page as Markdown")}</button><span role="status"></span>'
    return f'<p class="offers">{" ".join(found)} {button}</p>'


def under_title(html: str, uri: str) -> str:
    """The page with the line; the first page of the site stays without."""
    return html if uri == "index.md" else html.replace("</h1>", f"</h1>\n{_links(uri)}", 1)
