"""Other losses than the squared one: Huber's, the absolute, Tukey's, and the fits that they lead to."""
