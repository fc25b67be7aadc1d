#!/bin/sh
# polars 2.1.0, beside pandas 3.1.1.
#
# Dummies of a column without one level, for a regression with an intercept: to_dummies(drop_first=True). The columns
# come sorted by level, but the one that is left out is the level of the FIRST ROW. So the base of all weights depends
# on the order of the rows, and two parts of one table, such as two files of it, get different columns although both
# hold all levels: the weights of their fits mean different things, and a penalised fit predicts differently.
#
# A good guess: the first level in sorted order is left out, as the order of the columns suggests, and as
# pandas.get_dummies(drop_first=True), scikit-learn's OneHotEncoder(drop="first") and R do.
#
# Seen:
#   ['b', 'a', 'c'] polars ['g_a', 'g_c'] pandas ['g_b', 'g_c']
#   ['c', 'a', 'b'] polars ['g_a', 'g_b'] pandas ['g_b', 'g_c']
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import pandas as pd
import polars as pl

seen = {}
for rows in (["b", "a", "c"], ["c", "a", "b"]):
    ours = pl.DataFrame({"g": rows}).to_dummies(drop_first=True).columns
    theirs = list(pd.get_dummies(pd.DataFrame({"g": rows}), drop_first=True).columns)
    print(rows, "polars", ours, "pandas", theirs)
    assert theirs == ["g_b", "g_c"]
    seen[rows[0]] = ours
assert seen == {"b": ["g_a", "g_c"], "c": ["g_a", "g_b"]}
PYTHON
