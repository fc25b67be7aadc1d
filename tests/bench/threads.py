"""A number of threads that every library obeys: set in the environment, before any of them is imported."""

import os
from collections.abc import Sequence

POOLS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)


def environment(threads: int) -> dict[str, str]:
    """The environment of a process that computes with so many threads, in float64 where JAX is asked to."""
    pools = dict.fromkeys(POOLS, str(threads))
    jax = {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}
    return {**os.environ, **pools, **jax, "PYTHONWARNINGS": "ignore"}


def cores(threads: int) -> list[int]:
    """The last so many of the cores that this process may use; none where a system does not tell."""
    return sorted(os.sched_getaffinity(0))[-threads:] if hasattr(os, "sched_getaffinity") else []


def pin(to: Sequence[int]) -> None:
    """Keep this process on these cores: TBB and XLA size their pools by the cores they may use."""
    os.sched_setaffinity(0, to)
