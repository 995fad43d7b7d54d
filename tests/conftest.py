"""For every test: no key, no setting and no store of the person who runs them; laws without a clock or a die."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests.support.laws import choose_profile

_PRIVATE = ("ANTHROPIC_", "OPENAI_", "ORCHESTRATOR_")
for _name in [name for name in os.environ if name.startswith(_PRIVATE) and name != "ORCHESTRATOR_CACHE_DIR"]:
    del os.environ[_name]
_folder = Path(tempfile.mkdtemp(prefix="orchestrator-tests-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["ORCHESTRATOR_CONFIG_DIR"] = str(_folder / "config")
os.environ["ORCHESTRATOR_DATA_DIR"] = str(_folder / "data")

choose_profile()
