#!/bin/sh
# jax 0.10.2, float32 (its default), on a CPU.
#
# A straight line through 220 yearly values, y = 0.5 (year - 1900), without noise. `jax.numpy.polyfit` of degree 1
# fits it: slope 0.5 to seven digits. `jax.numpy.linalg.lstsq` of the columns [1, year], which is the same problem
# in the same precision, returns the slope 0.0033 and rank 1, without a warning: its default cut-off is the machine
# epsilon times the number of rows, and the second singular value is 1.7e-5 of the first. `polyfit` calls `lstsq`
# too, but scales its columns to length 1 first. numpy's `lstsq` of the same float32 arrays has the slope 0.5.
#
# A good guess: one calls the other, so both are right or both are wrong.
#
# Seen:
#   polyfit slope 0.49999997
#   lstsq   slope 0.00329683 rank 1 of 2
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import warnings

import jax.numpy as jnp

warnings.simplefilter("error")  # no warning is part of the behaviour
year = jnp.arange(1801.0, 2021.0)
y = 0.5 * (year - 1900)
polyfit = float(jnp.polyfit(year, y, 1)[0])
w, _, rank, _ = jnp.linalg.lstsq(jnp.stack((jnp.ones_like(year), year), axis=1), y)
print(f"polyfit slope {polyfit:.8f}")
print(f"lstsq   slope {float(w[1]):.8f} rank {int(rank)} of 2")
assert abs(polyfit - 0.5) < 1e-5
assert abs(float(w[1]) - 0.5) > 0.4
assert int(rank) == 1
PYTHON
