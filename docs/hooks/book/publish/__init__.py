"""What the site has beside its pages, and the last touch to the whole."""
