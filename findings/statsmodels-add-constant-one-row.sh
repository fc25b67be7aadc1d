#!/bin/sh
# statsmodels 0.15.0.
#
# `add_constant` is what its documentation puts in front of `fit` and of `predict`. On many rows it puts a column of
# ones before the features. On a single row it returns the array unchanged, and says nothing: by default it adds no
# constant where a column is constant already, and each column of one row is. Predicting row by row then fails on
# shapes, and so does any batch of new rows in which one feature happens to have one value. `has_constant="add"`
# is what `predict` needs.
#
# A good guess: three rows of two features become (3, 3), and one row of them (1, 3).
#
# Seen:
#   three rows (3, 3)
#   one row (1, 2), no warning
#   two rows with one value in the second feature (2, 2)
#   predict: ValueError, shapes not aligned
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import numpy as np
import statsmodels.api as sm

X = np.array([[1.5, 2.5], [3.0, 1.0], [0.0, 4.0], [2.0, 2.0], [1.0, 0.0]])
y = 1 + X @ [2.0, 3.0]
fit = sm.OLS(y, sm.add_constant(X)).fit()
with warnings.catch_warnings():
    warnings.simplefilter("error")  # no warning is part of the behaviour
    one = sm.add_constant(X[:1])
    two = sm.add_constant(np.array([[1.0, 7.0], [2.0, 7.0]]))
print("three rows", sm.add_constant(X[:3]).shape)
print("one row", one.shape, "no warning")
print("two rows with one value in the second feature", two.shape)
assert sm.add_constant(X[:3]).shape == (3, 3)
assert one.shape == (1, 2)
assert two.shape == (2, 2)
try:
    fit.predict(one)
except ValueError as error:
    print("predict: ValueError,", error)
    assert "not aligned" in str(error)
else:
    raise SystemExit("predict took the row")
right = fit.predict(sm.add_constant(X[:1], has_constant="add"))
assert abs(right[0] - y[0]) < 1e-12
PYTHON
