"""Figures that a reader of a regression wants, each from a few lines of matplotlib (an optional extra).

Every function draws on `ax`, or on a new figure, and returns the axes: change anything after the call.
"""

from linreg.plot.axes import BLUE as BLUE
from linreg.plot.axes import GREEN as GREEN
from linreg.plot.axes import GREY as GREY
from linreg.plot.axes import ORANGE as ORANGE
from linreg.plot.axes import PURPLE as PURPLE
from linreg.plot.data import data_and_fit
from linreg.plot.descent import contours, loss_curve
from linreg.plot.generalised import path
from linreg.plot.inference import added_variable, qq, residuals, scale_location

__all__ = [
    "added_variable",
    "contours",
    "data_and_fit",
    "loss_curve",
    "path",
    "qq",
    "residuals",
    "scale_location",
]
