"""Gradient descent, on all rows or on batches, and what can be said of it beforehand."""
