#!/bin/sh
# formulaic 1.2.2 with pandas 3.1.1.
#
# A model matrix of "g + x" is built on rows with the levels a, b and c, and then asked for new rows. A new row with
# the level z, never seen, gets the dummies (0, 0): it is coded as the base level a, and every prediction for it is
# the prediction for a. The warning says that the level is "cast to nan", and there is no NaN anywhere in the matrix.
# patsy and R refuse such a row.
#
# A good guess: an error as in patsy and R, or, after reading the warning, NaN in that row.
#
# Seen:
#   z [1.0, 0.0, 0.0, 1.0]
#   a [1.0, 0.0, 0.0, 1.0]
#   Data has categories outside of the nominated levels ...: {'z'}. They are being  cast to nan, ...
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check formulaic==1.2.2 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import formulaic
import pandas as pd

seen = pd.DataFrame({"g": list("abcabc"), "x": range(6)})
spec = formulaic.model_matrix("g + x", seen).model_spec
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    new = spec.get_model_matrix(pd.DataFrame({"g": ["z", "a"], "x": [1, 1]}))
rows = new.to_numpy().astype(float).tolist()
told = [str(w.message) for w in caught if "nan" in str(w.message)]
print("z", rows[0])
print("a", rows[1])
print(*told, sep="\n")
assert list(new.columns) == ["Intercept", "g[T.b]", "g[T.c]", "x"]
assert rows[0] == rows[1] == [1, 0, 0, 1]
assert any("cast to nan" in text for text in told)
PYTHON
