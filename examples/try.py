"""`make try`: fetch the small model and let it split a task of the example outline, in a temporary folder.

Nothing of yours is touched but the cache that keeps the model (98 MB), so that the second time starts at once.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLE = Path(__file__).with_name("launch.tasks.md")
TASK = "Build the sign-up page"


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="orchestrator-try-"))
    outline = Path(shutil.copy(EXAMPLE, folder))
    environment = os.environ | {
        "ORCHESTRATOR_CONFIG_DIR": str(folder / "config"),
        "ORCHESTRATOR_DATA_DIR": str(folder / "data"),
    }

    def orchestrator(*arguments: str) -> None:
        print(f"\n$ orchestrator {shlex.join(arguments)}".replace(str(folder), "…"), flush=True)
        command = Path(sys.executable).with_name("orchestrator")
        subprocess.run([command, *arguments], env=environment, check=True)

    orchestrator("models", "pull", "smollm2")
    orchestrator("outline", str(outline))
    orchestrator("split", str(outline), "--task", TASK, "--yes")
    orchestrator("outline", str(outline))
    print(
        f"""
A model on this computer split “{TASK}”, and the subtasks are in the file:
  {outline}

Where to go next
  Your own outline      .venv/bin/orchestrator split plan.tasks.md --task "a task of yours"
  In your editor        README.md, “Install”
  A stronger model      .venv/bin/orchestrator auth set anthropic   (or openai), then .venv/bin/orchestrator models
  A first tour          docs/tutorial/first-outline.md"""
    )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except KeyboardInterrupt:
        sys.exit(130)
