"""Penalties on the weights: ridge, the lasso, the elastic net, and their paths."""
