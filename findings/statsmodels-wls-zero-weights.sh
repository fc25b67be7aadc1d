#!/bin/sh
# statsmodels 0.15.0, numpy 2.4.6, scipy 1.17.1, pandas 3.1.1.
#
# A weight of zero says that a row counts for nothing, and R's `lm` then leaves it out. `WLS` leaves it out of the
# weights of the fit, but counts it among the observations: ten rows, and the same ten with ten more of weight zero,
# have equal coefficients and R2, but 8 and 18 residual degrees of freedom, so that the standard errors of the second
# fit are two thirds of those of the first, sqrt(8 / 18), and its adjusted R2 is higher. Its log-likelihood is minus
# infinity. `GLM` does the same with `var_weights`, and is right with `freq_weights`.
#
# A good guess: zero weight and no row are the same fit.
#
# Seen:
#   ten rows             df 8   errors 0.2097 0.2810   log-likelihood -8.9
#   + ten of weight 0    df 18  errors 0.1398 0.1873   log-likelihood -inf
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import statsmodels.api as sm

generator = np.random.default_rng(0)
x = generator.normal(size=20)
X = np.column_stack((np.ones(20), x))
y = 1 + 2 * x + generator.normal(size=20)
weights = np.repeat((1.0, 0.0), 10)

few = sm.WLS(y[:10], X[:10], weights=weights[:10]).fit()
all_rows = sm.WLS(y, X, weights=weights).fit()
for name, fit in (("ten rows", few), ("+ ten of weight 0", all_rows)):
    errors = " ".join(f"{error:.4f}" for error in fit.bse)
    print(f"{name:19}  df {fit.df_resid:<3.0f} errors {errors}   log-likelihood {fit.llf:.1f}")
assert np.allclose(few.params, all_rows.params, rtol=1e-12)
assert np.isclose(few.rsquared, all_rows.rsquared, rtol=1e-12)
assert (few.df_resid, all_rows.df_resid) == (8, 18)
assert np.allclose(all_rows.bse / few.bse, (8 / 18) ** 0.5, rtol=1e-12)
assert all_rows.rsquared_adj > few.rsquared_adj
assert all_rows.llf == -np.inf and np.isfinite(few.llf)
by_variance = sm.GLM(y, X, var_weights=weights).fit()
by_count = sm.GLM(y, X, freq_weights=weights).fit()
assert (by_variance.df_resid, by_count.df_resid) == (18, 8)
assert np.allclose(by_variance.bse, all_rows.bse) and np.allclose(by_count.bse, few.bse)
PYTHON
