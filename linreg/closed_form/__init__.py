"""The exact answer, by one formula."""
