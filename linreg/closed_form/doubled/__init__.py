"""Twice the precision: arithmetic on unevaluated sums of two floats, and what it refines."""
