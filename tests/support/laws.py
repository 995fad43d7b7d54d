"""How many examples a Hypothesis law is tried with, and which.

A plain run tries the same few each time: what fails then is what the change broke, and not a text that nobody had
thought of in a year, which would refuse the change of somebody who has nothing to do with it. Who wants to find such
texts sets `TEST_EXAMPLES=20`: twenty times as many, new ones each time, printed so that they can be tried again.
"""

from __future__ import annotations

import os

from hypothesis import settings

TIMES = int(os.environ.get("TEST_EXAMPLES", "0"))
DEFAULT = 60
"""Of a law that says no number."""


def examples(count: int) -> int:
    """As many in a plain run."""
    return count * max(TIMES, 1)


def choose_profile() -> None:
    """For every law; a slow machine is no failure in any."""
    settings.register_profile("same", deadline=None, max_examples=DEFAULT, derandomize=True)
    settings.register_profile("new", deadline=None, max_examples=examples(DEFAULT), print_blob=True)
    settings.load_profile("new" if TIMES else "same")
