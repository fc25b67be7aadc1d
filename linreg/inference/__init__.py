"""What a fit explains, and how far to trust it."""
