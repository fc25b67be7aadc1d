"""Make a page of the site out of a page of the book."""
