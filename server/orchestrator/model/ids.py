"""Random identifiers, in the alphabet that people can read aloud.

Task ids stand in the user's file; the others (`run_…`, `step_…`) live in the store and on the wire only.
"""

import os
import random
import secrets
import threading

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32, lowercase: no i, l, o or u (https://www.crockford.com/base32.html)."""

TASK_ID_LENGTH = 5
"""Characters: 33 million ids, so that a clash in a workspace of 1,500 tasks stays rare before we check for one."""

_system_random = secrets.SystemRandom()


def random_id(length: int, rng: random.Random = _system_random) -> str:
    return "".join(rng.choice(CROCKFORD) for _ in range(length))


def record_id(kind: str) -> str:
    """An id for a record of the store, for example `run_4tz0k9m2v7qe`: 60 random bits."""
    return f"{kind}_{_entropy.take(_RECORD_ID_LENGTH).translate(_AS_CROCKFORD).decode('ascii')}"


class _Entropy:
    """Random bytes of the system, asked for many at once: a run makes several ids for each of its calls."""

    def __init__(self) -> None:
        self._bytes = b""
        self._used = 0
        self._lock = threading.Lock()

    def take(self, count: int) -> bytes:
        with self._lock:
            if self._used + count > len(self._bytes):
                self._bytes, self._used = secrets.token_bytes(4096), 0
            self._used += count
            return self._bytes[self._used - count : self._used]


_RECORD_ID_LENGTH = 12
_AS_CROCKFORD = bytes(ord(CROCKFORD[byte & 31]) for byte in range(256))
_entropy = _Entropy()
if hasattr(os, "register_at_fork"):  # parent and child must not go on with the same ones
    os.register_at_fork(after_in_child=_entropy.__init__)
