"""Beyond least squares: other losses, penalties on the weights, targets that are classes."""
