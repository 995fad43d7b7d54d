"""Random identifiers, in the alphabet that people can read aloud.

Task ids stand in the user's file; the others (`run_…`, `step_…`) live in the store and on the wire only.
"""

import random
import secrets
from collections.abc import Iterator
from functools import lru_cache

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32, lowercase: no i, l, o or u (https://www.crockford.com/base32.html)."""

TASK_ID_LENGTH = 5
"""Characters: 33 million ids, so that a clash in a workspace of 1,500 tasks stays rare before we check for one."""

_system_random = secrets.SystemRandom()


def random_id(length: int, rng: random.Random = _system_random) -> str:
    return "".join(rng.choices(CROCKFORD, k=length))


def record_id(kind: str) -> str:
    """An id for a record of the store, for example `run_4tz0k9m2v7qe`: a number of 60 bits.

    A process begins at a random number and counts from there, so that what it stores stands together in the store's
    indexes. Two processes would have to begin within a few million of each other to meet.
    """
    number = next(_numbers)
    high, low = number >> _LOW_BITS, number & (1 << _LOW_BITS) - 1
    return f"{kind}_{_written(high)}{_PAIRS[low >> 10]}{_PAIRS[low & 1023]}"


_LOW_BITS = 20
_LENGTH = 12
_PAIRS = tuple(first + second for first in CROCKFORD for second in CROCKFORD)


@lru_cache(maxsize=4)
def _written(high: int) -> str:
    """The first digits, which are the same for a million ids."""
    places = range(5 * (_LENGTH - 1) - _LOW_BITS, -1, -5)
    return "".join(CROCKFORD[high >> place & 31] for place in places)


def _counted() -> Iterator[int]:
    """Begins when it is first asked, so that processes that were forked before begin at numbers of their own."""
    number = secrets.randbits(5 * _LENGTH)
    while True:
        number = (number + 1) % (1 << 5 * _LENGTH)
        yield number


_numbers = _counted()
