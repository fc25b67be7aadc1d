#!/bin/sh
# polars 2.1.0, beside pandas 3.1.1.
#
# A slope in a moving window is rolling_cov / rolling_var, and how straight the line is says rolling_corr. In polars
# `cov`, `corr`, `var` and `rolling_var` subtract the mean first. `rolling_cov` and `rolling_corr` do not: they take
# the mean of the products less the product of the means, in which columns that lie far from zero cancel. Of one window
# as long as the columns, which vary by 1 about 1e8, the slope is off by a quarter and the correlation is 1.25. About
# 1e6 five digits are left of fifteen. No warning is given.
#
# A good guess: over all rows the rolling functions give what those without a window give, as they do in pandas.
#
# Seen, of the same 60 rows:
#   about     polars: slope    rolling   correlation    rolling   pandas, rolling
#   0                1.9869     1.9869        0.9984     0.9984            0.9984
#   1e+06            1.9869     1.9870        0.9984     0.9984            0.9984
#   1e+08            1.9869     2.4832        0.9984     1.2478            0.9984
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import pandas as pd
import polars as pl

generator = np.random.default_rng(0)
x = generator.normal(size=60)
y = 1 + 2 * x + 0.1 * generator.normal(size=60)

print("about     polars: slope    rolling   correlation    rolling   pandas, rolling")
seen = {}
for about in (0.0, 1e6, 1e8):
    columns = {"x": about + x, "y": about + y}
    slope, moving, corr, moving_corr = (
        pl.DataFrame(columns)
        .select(
            slope=pl.cov("x", "y") / pl.col("x").var(),
            moving=pl.rolling_cov("x", "y", window_size=60).last() / pl.col("x").rolling_var(60).last(),
            corr=pl.corr("x", "y"),
            moving_corr=pl.rolling_corr("x", "y", window_size=60).last(),
        )
        .row(0)
    )
    frame = pd.DataFrame(columns)
    pandas = float(frame.x.rolling(60).corr(frame.y).iloc[-1])
    print(f"{about:<8g} {slope:14.4f} {moving:10.4f} {corr:13.4f} {moving_corr:10.4f} {pandas:17.4f}")
    assert abs(corr - np.corrcoef(x, y)[0, 1]) < 1e-8 and abs(pandas - corr) < 1e-8
    seen[about] = moving / slope - 1, moving_corr
assert abs(seen[0.0][0]) < 1e-12
assert 1e-6 < abs(seen[1e6][0]) < 1e-4
assert seen[1e8][0] > 0.1 and seen[1e8][1] > 1.1
PYTHON
