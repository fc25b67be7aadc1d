"""How Hypothesis looks for examples, in all tests."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is not a fault of the code
settings.load_profile("untimed")
