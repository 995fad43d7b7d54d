"""The journal of what happened, in one SQLite file per user. All SQL of the project is here.

Apart from the outline because the file owns structure and lasting outcome, and the store owns events only:
deleting the store loses no task.
"""

from orchestrator.store.leases import HEARTBEAT_SECONDS, LEASE_SECONDS
from orchestrator.store.store import Store, StoreSize

__all__ = ["HEARTBEAT_SECONDS", "LEASE_SECONDS", "Store", "StoreSize"]
