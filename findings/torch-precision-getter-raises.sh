#!/bin/sh
# torch 2.13.0 on a CPU.
#
# The precision of float32 products has an older setting, `set_float32_matmul_precision`, and newer ones,
# `torch.backends...fp32_precision`. Use nothing but a newer one, once, and the older getter raises: it says that
# both ways were mixed, although nobody has called the older one. And calling the older setter with the value that
# is in force anyway, "highest", is not without effect: afterwards the newer setting for all backends no longer
# reaches the products, and reads "bf16" all the same.
#
# A good guess: the getter answers "medium" or "highest", and setting the default again changes nothing.
#
# Seen:
#   at first                        getter highest
#   fp32_precision = "bf16"         products bf16, getter RuntimeError: ... mix of the legacy and new APIs ...
#   "highest", then "bf16" for all  all bf16, products ieee, getter highest
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import torch

print("at first                        getter", torch.get_float32_matmul_precision())
torch.backends.fp32_precision = "bf16"
products = torch.backends.mkldnn.matmul.fp32_precision
try:
    told = torch.get_float32_matmul_precision()
except RuntimeError as error:
    told = f"RuntimeError: {error}"
print(f'fp32_precision = "bf16"         products {products}, getter {told[:150]}')
assert products == "bf16"
assert told.startswith("RuntimeError") and "mix of the legacy and new APIs" in told
PYTHON
"$folder/venv/bin/python" - <<'PYTHON'
import torch

assert torch.get_float32_matmul_precision() == "highest"
torch.set_float32_matmul_precision("highest")
torch.backends.fp32_precision = "bf16"
found = torch.backends.fp32_precision, torch.backends.mkldnn.matmul.fp32_precision
getter = torch.get_float32_matmul_precision()
print(f'"highest", then "bf16" for all  all {found[0]}, products {found[1]}, getter {getter}')
assert found == ("bf16", "ieee") and getter == "highest"
PYTHON
