"""The exact answer in closed form: from rows, from sums, and to the last digit."""
