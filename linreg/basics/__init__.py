"""Data, the linear model, its loss, and the sums that they come to."""
