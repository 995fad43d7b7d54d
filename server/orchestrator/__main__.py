"""`python -m orchestrator`.

Python puts the working directory first on its path for `-m`: a workspace's `openai.py` would be imported instead of
the real one. So it is dropped before anything else is imported (test_python_m_imports_nothing_from_the_folder).
A folder with a package named `orchestrator` wins even earlier; `python -P -m orchestrator`, or the command, does not.
"""

import sys

if not sys.flags.safe_path:
    del sys.path[0]

if __name__ == "__main__":
    from orchestrator.cli.main import main

    sys.exit(main())
