"""The older name of `linreg.refinement`."""

from linreg.refinement import Refined, refined

__all__ = ["Refined", "refined"]
