"""Student's t, F and chi-squared: quantiles and tails, which PyTorch does not have, from scipy."""

from types import ModuleType

import torch
from torch import Tensor

from linreg.errors import MissingError

__all__ = ["chi_squared_tail", "f_tail", "scipy_for", "t_quantile", "t_tails"]


def scipy_for(name: str) -> ModuleType:
    """`scipy.special`, or an error that says who needs it: asked for before any work is done."""
    try:
        from scipy import special
    except ImportError as error:
        raise MissingError(
            f"`{name}` needs scipy, for the distributions of t, F and chi-squared. "
            'Install it: pip install "linreg-book[inference]"'
        ) from error
    found: ModuleType = special
    return found


def t_tails(t: Tensor, df: int) -> Tensor:
    """The probability that |t| is at least this, entry by entry; NaN for NaN."""
    tail = 2 * scipy_for("t_tails").stdtr(df, -t.abs().cpu().numpy())
    return torch.as_tensor(tail, dtype=t.dtype, device=t.device)


def t_quantile(level: float, df: int) -> float:
    """What |t| stays below with this probability."""
    return float(-scipy_for("t_quantile").stdtrit(df, (1 - level) / 2))


def f_tail(F: float, df: tuple[int, int]) -> float:
    """The probability that F is at least this."""
    return float(scipy_for("f_tail").fdtrc(*df, F))


def chi_squared_tail(value: float, df: int) -> float:
    """The probability that chi-squared is at least this."""
    return float(scipy_for("chi_squared_tail").chdtrc(df, value))
