"""For every test: no key, no setting and no store of the person who runs them; laws without a clock."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings

_PRIVATE = ("ANTHROPIC_", "OPENAI_", "ORCHESTRATOR_")
for _name in [name for name in os.environ if name.startswith(_PRIVATE) and name != "ORCHESTRATOR_CACHE_DIR"]:
    del os.environ[_name]
_folder = Path(tempfile.mkdtemp(prefix="orchestrator-tests-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["ORCHESTRATOR_CONFIG_DIR"] = str(_folder / "config")
os.environ["ORCHESTRATOR_DATA_DIR"] = str(_folder / "data")

# A slow machine is not a failure. In CI the same examples each time: a change is judged by what it changed.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
