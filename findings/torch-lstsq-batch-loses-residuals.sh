#!/bin/sh
# torch 2.13.0 on a CPU, `torch.linalg.lstsq(..., driver="gelsd")`.
#
# Alone, a problem with independent columns comes back with its sum of squared residuals. Put a second problem
# into the batch, one with a column twice, and the residuals of the whole batch are empty: those of the first
# problem, whose answer is as good as before, are gone as well. `gelsy`, the default driver, has none in any case.
# `gels`, which is for independent columns only, fills all of them, with weights of 1e14 for the second problem.
#
# A good guess: the residual of the dependent problem is missing or NaN, and that of its neighbour stays.
#
# Seen:
#   gelsd alone (1,)  with a dependent neighbour (0,)
#   gels  alone (1,)  with a dependent neighbour (2, 1)
#   gelsy alone (0,)  with a dependent neighbour (0,)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import torch

g = torch.Generator().manual_seed(0)
x = torch.randn(50, 1, generator=g, dtype=torch.float64)
y = 3 * x + 1 + torch.randn(50, 1, generator=g, dtype=torch.float64)
good = torch.randn(50, 3, generator=g, dtype=torch.float64)
twice = torch.hstack((x, x, torch.ones_like(x)))
expected = {"gelsd": ((1,), (0,)), "gels": ((1,), (2, 1)), "gelsy": ((0,), (0,))}
for driver, shapes in expected.items():
    alone = torch.linalg.lstsq(good, y, driver=driver)
    both = torch.linalg.lstsq(torch.stack((good, twice)), torch.stack((y, y)), driver=driver)
    found = tuple(alone.residuals.shape), tuple(both.residuals.shape)
    print(f"{driver:5} alone {found[0]}  with a dependent neighbour {found[1]}")
    assert found == shapes
    assert torch.allclose(both.solution[0], alone.solution)  # the neighbour's answer is untouched
PYTHON
