from pathlib import Path

from orchestrator.engine.attachments import ALL_CHARACTERS, FILE_CHARACTERS, FILES, attachments


def attached(folder: Path, field: str, outline: str = "plan.tasks.md") -> dict[str, str]:
    return {file.path: file.text for file in attachments(field, (folder / outline).as_uri(), folder)}


def test_only_files_of_the_workspace_are_attached(tmp_path):
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("outside")
    (work / "notes.txt").write_text("inside")
    (work / ".env").write_text("KEY=outside")
    (work / "link.txt").symlink_to(tmp_path / "secret.txt")
    (work / "picture.png").write_bytes(b"\0\1\2")
    found = attached(
        work, "../notes.txt, ../../secret.txt, ../.env, ../link.txt, ../picture.png, gone.txt", "sub/a.tasks.md"
    )
    assert found["../notes.txt"] == "inside"
    assert all(text.startswith("(not attached:") for path, text in found.items() if path != "../notes.txt")
    assert "outside" not in "".join(found.values()).replace("outside of", "").replace("outside the", "")


def test_attachments_are_bounded(tmp_path):
    for number in range(FILES + 3):
        (tmp_path / f"{number}.txt").write_text("x" * (FILE_CHARACTERS + 10))
    found = attached(tmp_path, ", ".join(f"{number}.txt" for number in range(FILES + 3)))
    assert len(found["0.txt"]) < FILE_CHARACTERS + 100
    assert "cut here" in found["0.txt"]
    assert "…" in found
    assert sum(map(len, found.values())) < ALL_CHARACTERS + 2000
