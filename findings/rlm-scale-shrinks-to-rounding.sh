#!/bin/sh
# statsmodels 0.15.0.
#
# Seven of ten rows lie on the line y = 1 + 2 x exactly, three are gross errors. RLM takes the scale anew at each
# step, as the median of the absolute residuals. The median row is one of those on the line, so that the scale
# shrinks with every step until only rounding is left. RLM then returns standard errors of 1e-15 and p-values of 0,
# with no warning: they say when it stopped, not how sure the line is. With five steps the slope is "known" to 0.02,
# with fifty to 1e-15. (Without gross errors, on ten rows of the same line, there is a warning that the scale is 0.)
#
# A good guess: the warning of the perfect line here as well, or NaN for what cannot be told.
#
# Seen: the standard error of the slope for at most 5, 10, 20 and 50 steps, and the number of warnings
#   5 2e-02
#   10 7e-05
#   20 1e-09
#   50 7e-16, or another number made of rounding
#   warnings 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import numpy as np
import statsmodels.api as sm

x = np.arange(10.0)
y = 1 + 2 * x
y[[2, 5, 8]] += [10, -20, 30]
errors = {}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for steps in (5, 10, 20, 50):
        fit = sm.RLM(y, sm.add_constant(x)).fit(maxiter=steps)
        errors[steps] = fit.bse[1]
        print(steps, f"{fit.bse[1]:.0e}")
print("warnings", len(caught))
assert 0.01 < errors[5] < 0.03
assert 5e-5 < errors[10] < 1e-4
assert 1e-10 < errors[20] < 1e-8
assert errors[50] < 1e-14
assert not caught
PYTHON
