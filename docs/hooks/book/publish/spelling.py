"""One spelling for the search: who looks for "regularization" finds what the book calls regularisation.

The search keeps words as they stand and compares their beginnings. So the words of the pages and those of a
question are both turned into one spelling, by the same function; what a reader sees stays as it is.
"""

import json

# British, American. A pair stands for all words that begin with it: "coloured" is "colored".
PAIRS = (
    ("ageing", "aging"), ("analogue", "analog"), ("artefact", "artifact"), ("behaviour", "behavior"),
    ("cancelled", "canceled"), ("cancelling", "canceling"), ("catalogue", "catalog"),
    ("centimetre", "centimeter"), ("centre", "center"), ("centred", "centered"), ("centring", "centering"),
    ("colour", "color"), ("defence", "defense"), ("favour", "favor"),
    ("grey", "gray"), ("judgement", "judgment"), ("kilometre", "kilometer"), ("labelled", "labeled"),
    ("labelling", "labeling"), ("learnt", "learned"), ("levelled", "leveled"), ("licence", "license"),
    ("metre", "meter"), ("millimetre", "millimeter"), ("modelled", "modeled"), ("modelling", "modeling"),
    ("neighbour", "neighbor"), ("practise", "practice"), ("programme", "program"), ("rigour", "rigor"),
    ("sceptic", "skeptic"), ("signalled", "signaled"), ("signalling", "signaling"),
    ("totalled", "totaled"), ("towards", "toward"), ("travelled", "traveled"), ("travelling", "traveling"),
)  # fmt: skip
PREFIXES = ("un", "re", "de")  # before such a beginning

# The rest is a rule: "-ize" and "-yze", with all their endings, are "-ise" and "-yse".
SCRIPT = """
var spellings = {spellings}, spelling = /(^|[^a-z])({prefixes})?({words})/g;
function spelled(text) {{
  return text
    .replace(spelling, (all, before, prefix = "", word) => before + prefix + spellings[word])
    .replace(/([a-z]{{2}}[iy])z(?=[aei]|[^a-z]|$)/g, "$1s");
}}
"""


def _one_way() -> dict[str, str]:
    """What each word is turned into: the British one, or the shorter if the longer begins with it."""
    return dict(
        (british, american) if british.startswith(american) else (american, british)
        for british, american in PAIRS
    )


def script() -> str:
    """The function `spelled`, for the script that searches."""
    words = sorted(_one_way(), key=len, reverse=True)  # "centering" before "center"
    return SCRIPT.format(spellings=json.dumps(_one_way()), prefixes="|".join(PREFIXES), words="|".join(words))
