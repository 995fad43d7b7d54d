"""A real ripgrep, from its wheel."""

import sysconfig
from pathlib import Path

RIPGREP = Path(sysconfig.get_path("scripts")) / "rg"
