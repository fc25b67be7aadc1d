"""The rule of `linreg.rounding`, read from its file: the `linreg` that is checked may be a broken one."""

from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

from book.page.files import ROOT

if TYPE_CHECKING:
    from linreg.rounding import STACK, difference, point, tokens, unit
else:
    spec = spec_from_file_location("rounding", ROOT / "linreg/rounding.py")
    rule = module_from_spec(spec)
    spec.loader.exec_module(rule)
    STACK, difference = rule.STACK, rule.difference
    point, tokens, unit = rule.point, rule.tokens, rule.unit

__all__ = ["STACK", "difference", "point", "tokens", "unit"]
