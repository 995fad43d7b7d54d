"""The journal of what happened, in one SQLite file per user. All SQL of the project is here.

Apart from the outline because the file owns structure and lasting outcome, and the store owns events only:
deleting the store loses no task.

Invariant: the package imports none of its modules by itself, for they import it, and two threads that each began at
another end would wait for each other (test_the_package_imports_no_module_of_it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.store.leases import HEARTBEAT_SECONDS, LEASE_SECONDS
    from orchestrator.store.store import Store, StoreSize

__all__ = ["HEARTBEAT_SECONDS", "LEASE_SECONDS", "Store", "StoreSize"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name.endswith("_SECONDS"):
        from orchestrator.store import leases as module
    else:
        from orchestrator.store import store as module
    return getattr(module, name)
