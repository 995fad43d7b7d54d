from orchestrator.engine.playbooks import SAVED, read_playbook
from orchestrator.engine.playbooks.saving import playbook_text
from orchestrator.outline.parse import parse

BRANCH = """\
- [ ] Judge the *marmalades*  [mode:: auto]  ^b7c2d
  For the fair.

  1. [x] Taste them  [dependsOn:: q4w5e]
     With a spoon.

     Accept: each has a note
     - [ ] Rinse the spoon
  2. [!] Rank them
"""


def test_a_saved_branch_is_a_playbook():
    (task, *_) = parse(BRANCH).tasks()
    playbook = read_playbook(playbook_text(task), "x", SAVED)
    assert (playbook.title, playbook.description, playbook.ordered) == (task.title, "For the fair.", True)
    assert [(step.title, step.description, step.acceptance) for step in playbook.steps] == [
        ("Taste them", "With a spoon.", "each has a note"),
        ("Rank them", "", ""),
    ]


def test_save_then_refuse_then_replace(command):
    file = command.outline(BRANCH)
    done = command("playbook", file, "--task", "Judge")
    assert done.returncode == 0, done.stderr
    saved = command.config / "playbooks" / "judge-the-marmalades.tasks.md"
    assert str(saved) in done.stdout
    assert saved.stat().st_mode & 0o777 == 0o600
    again = command("playbook", file, "--task", "Judge")
    assert again.returncode == 4
    assert "--replace" in again.stderr
    assert command("playbook", file, "--task", "Judge", "--replace").returncode == 0
    assert command("playbook", file, "--task", "Rank").returncode == 5
