"""Settle how property tests look for examples: at random for people, the same ones each time in CI."""

import os

from hypothesis import settings

# No deadline in either: a test states a truth about the model, not about the speed of a machine.
settings.register_profile("people", deadline=None)
settings.register_profile("machine", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("machine" if os.environ.get("CI") else "people")
