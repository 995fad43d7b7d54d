"""A repository that tries to get at keys or to be imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TRAP = "raise SystemExit('the repository was imported')\n"
CODE = """
import asyncio, sys
from pathlib import Path
from orchestrator.config import Settings
from orchestrator.model.message import Message, Speaker
from orchestrator.providers import registry
from orchestrator.providers.base import Request
from orchestrator.providers.keys import Keys

async def main(name):
    settings = Settings.model_validate({name: {"baseUrl": "http://127.0.0.1:9/v1"}, "calls": {"timeout": 2}})
    keys = Keys.load(Path("/nowhere"), {f"{name.upper()}_API_KEY": "sk-12345678"})
    provider = registry.spec(name, settings).create(settings, keys)
    try:
        async for _ in provider.stream(Request("m", "", (Message(Speaker.USER, "hi"),), 9)):
            pass
    except Exception as error:
        print(type(error).__name__)
    print(sys.modules[name].__file__)

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("name", ["anthropic", "openai"])
def test_modules_of_the_current_folder_are_not_imported(tmp_path: Path, name: str):
    for module in ("anthropic", "openai", "httpx2", "keyring", "orchestrator", "genai_prices"):
        (tmp_path / f"{module}.py").write_text(TRAP)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", CODE, name],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kind, origin = done.stdout.split()
    assert kind == "ConnectionFailedError"
    assert not Path(origin).is_relative_to(tmp_path)
