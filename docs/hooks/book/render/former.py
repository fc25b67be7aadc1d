"""Headings that have gone: a link to one still leads to the section that has what it had."""

FORMER = {
    "index.md": {"ten-lines": "seven-lines", "the-way-through": "way"},
    "part1/article.py": {
        "four-errors-one-story": "e1",
        "what-it-says-about-the-problem": "rest",
        "rates-losses-and-words": "rest",
        "code-output-and-what-is-missing": "rest",
    },
    "part1/batches.py": {
        "how-low-is-low-enough": "the-noise-floor",
        "shuffled-epochs-settle-lower": "shuffle",
        "twice-the-batch-twice-the-rate": "the-largest-rate-for-a-batch",
    },
    "part1/by-hand.py": {
        "enough-steps": "by-hand",
        "without-squeeze-n-1-against-n": "by-nnlinear-and-torchoptim",
    },
    "part1/descent.md": {"one-valley-and-where-to-start": "where-to-start"},
    "part1/descent-run.py": {
        "three-kinds-of-paths": "five-learning-rates",
        "a-feature-in-other-units": "what-was-shown",
        "mini-batches-a-first-look": "what-was-shown",
    },
    "part1/loss.md": {"the-trap-n-1-minus-n": "what-was-shown"},
    "part1/loss-run.py": {
        "the-edge-of-stability-four-times": "what-was-shown",
        "a-summed-loss-makes-the-rate-depend-on-n": "what-was-shown",
    },
    "part1/model-run.py": {"parameters-to-begin-with": "the-whole-model"},
    "part1/start.py": {
        "one-snippet-three-ways": "first-way-solve-an-equation",
        "why-they-must-agree": "one-answer",
    },
    "part2/scaling.py": {"other-scales": "what-centring-does-and-what-scaling-does"},
    "part3/ridge.py": {"one-penalty-five-numbers": "one-penalty-five-programs"},
    "reference/notation.md": {"four-conventions-for-the-loss": "loss-and-derivatives"},
    "reference/references.md": {"the-article-done-right": "from-data-to-a-trained-model"},
}


def kept(html: str, uri: str) -> str:
    """The page with a place for each heading that it once had."""
    for old, new in FORMER.get(uri, {}).items():
        place = f' id="{new}">'
        html = html.replace(place, f'{place}<span id="{old}"></span>', 1)
    return html
