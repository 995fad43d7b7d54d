"""Random identifiers, in the alphabet that people can read aloud.

Task ids stand in the user's file; the others (`run_…`, `step_…`) live in the store and on the wire only.
"""

import random
import secrets

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32, lowercase: no i, l, o or u (https://www.crockford.com/base32.html)."""

TASK_ID_LENGTH = 5
"""Characters: 33 million ids, so that a clash in a workspace of 1,500 tasks stays rare before we check for one."""

_system_random = secrets.SystemRandom()


def random_id(length: int, rng: random.Random = _system_random) -> str:
    return "".join(rng.choice(CROCKFORD) for _ in range(length))


def record_id(kind: str) -> str:
    """An id for a record of the store, for example `run_4tz0k9m2v7qe`: 60 random bits."""
    return f"{kind}_{secrets.token_bytes(_RECORD_ID_LENGTH).translate(_AS_CROCKFORD).decode('ascii')}"


_RECORD_ID_LENGTH = 12
_AS_CROCKFORD = bytes(ord(CROCKFORD[byte & 31]) for byte in range(256))
