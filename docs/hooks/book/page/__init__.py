"""A page of the book as data: its blocks, and the statements in them."""
