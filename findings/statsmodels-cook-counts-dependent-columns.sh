#!/bin/sh
# statsmodels 0.15.0 with numpy 2.4.6.
#
# A column given twice changes no prediction of OLS, and statsmodels knows: the rank, the degrees of freedom, the
# variance of the noise, the leverages and the studentised residuals are those of the fit without the copy. Cook's
# distance is not: it is divided by the number of columns and not by the rank, so that each copy makes every row look
# less influential: with one column, an intercept and nine copies it is 2/11 of what it was. DFFITS,
# which says nearly the same of a row, keeps its value.
#
# A good guess: a diagnostic of the rows depends on the fit alone, so a copy of a column changes none of them.
#
# Seen:
#   copies  rank  degrees of freedom  largest leverage  largest Cook's distance  largest DFFITS
#        0     2                  18            0.1857                   1.0523          1.4507
#        1     2                  18            0.1857                   0.7015          1.4507
#        9     2                  18            0.1857                   0.1913          1.4507
# and a warning that the columns depend on each other.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import statsmodels.api as sm

x = np.arange(20.0)
y = x + np.where(np.arange(20) % 2 == 0, 1.0, -1.0)
y[19] += 6
found = {}
print("copies  rank  degrees of freedom  largest leverage  largest Cook's distance  largest DFFITS")
for copies in (0, 1, 9):
    fit = sm.OLS(y, np.column_stack([np.ones(20)] + [x] * (copies + 1))).fit()
    seen = fit.get_influence()
    rank = int(fit.df_model + 1)
    found[copies] = (
        seen.hat_matrix_diag.max(), seen.cooks_distance[0].max(), np.abs(seen.dffits_internal[0]).max()
    )
    print(f"{copies:6} {rank:5} {fit.df_resid:19.0f}" + " {:17.4f} {:24.4f} {:15.4f}".format(*found[copies]))
    assert (rank, fit.df_resid) == (2, 18)
for copies in (1, 9):
    np.testing.assert_allclose(found[copies][0], found[0][0], rtol=1e-9)
    np.testing.assert_allclose(found[copies][2], found[0][2], rtol=1e-9)
    np.testing.assert_allclose(found[copies][1], found[0][1] * 2 / (copies + 2), rtol=1e-9)
PYTHON
