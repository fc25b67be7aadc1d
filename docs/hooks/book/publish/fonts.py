"""KaTeX's fonts, cut down to the glyphs that occur on the site: a few kB a face instead of 26."""

import re
from collections.abc import Iterable
from hashlib import sha256
from html import unescape
from io import BytesIO
from pathlib import Path
from shutil import copyfile

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from book.cache import write

KATEX = Path(__file__).parents[1] / "katex"
CACHE = Path(".cache/fonts")


def publish(formulas: Iterable[str], site: Path) -> None:
    """Write the style and the fonts of KaTeX to the site."""
    letters = "".join(sorted(set(unescape(re.sub(r"<math.*?</math>|<[^>]*>", "", "".join(formulas))))))
    cut = CACHE / sha256(Path(__file__).read_bytes() + letters.encode()).hexdigest()[:16]
    (site / "assets" / "fonts").mkdir(parents=True, exist_ok=True)
    for face in sorted((KATEX / "fonts").glob("*.woff2")):
        kept = cut / face.name
        if not kept.exists():
            write(kept, _subset(face, letters))
        copyfile(kept, site / "assets" / "fonts" / face.name)
    (site / "assets" / "katex.css").write_text(style())


def _subset(face: Path, letters: str) -> bytes:
    """Keep the glyphs of these letters, without the programs that fit them to coarse pixels: 2 kB a face."""
    font = TTFont(face, recalcTimestamp=False)
    options = Options(flavor="woff2", layout_features=["*"], notdef_outline=True, hinting=False)
    subsetter = Subsetter(options)
    subsetter.populate(text=letters)
    subsetter.subset(font)
    font.flavor = "woff2"
    content = BytesIO()
    font.save(content)
    return content.getvalue()


def style() -> str:
    """KaTeX's style with woff2 alone, which every browser of the last ten years reads."""
    css = (KATEX / "katex.min.css").read_text()
    return re.sub(r',url\([^)]*\) format\("(woff|truetype)"\)', "", css)
