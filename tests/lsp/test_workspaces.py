from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.lsp.workspaces import workspace_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    real = tmp_path.resolve()
    (real / "repo" / ".git").mkdir(parents=True)
    (real / "repo" / "sub" / "deep").mkdir(parents=True)
    (real / "alone").mkdir()
    return real


def test_workspace_stays_in_its_folder(folder: Path) -> None:
    document = (folder / "repo" / "sub" / "deep" / "plan.tasks.md").as_uri()
    assert workspace_folder(document, [(folder / "repo" / "sub").as_uri()]) == folder / "repo" / "sub"


def test_a_repository_in_the_folder_is_its_own_workspace(folder: Path) -> None:
    document = (folder / "repo" / "sub" / "plan.tasks.md").as_uri()
    assert workspace_folder(document, [folder.as_uri()]) == folder / "repo"


def test_the_innermost_of_several_folders(folder: Path) -> None:
    folders = [(folder / "repo").as_uri(), (folder / "repo" / "sub" / "deep").as_uri()]
    document = (folder / "repo" / "sub" / "deep" / "plan.tasks.md").as_uri()
    assert workspace_folder(document, folders) == folder / "repo" / "sub" / "deep"


def test_outside_of_all_folders_it_is_its_own(folder: Path) -> None:
    document = (folder / "alone" / "plan.tasks.md").as_uri()
    assert workspace_folder(document, [(folder / "repo").as_uri()]) == folder / "alone"
    assert workspace_folder(document, []) == folder / "alone"


def test_a_link_belongs_where_it_leads(folder: Path) -> None:
    (folder / "repo" / "plan.tasks.md").symlink_to(folder / "alone" / "plan.tasks.md")
    document = (folder / "repo" / "plan.tasks.md").as_uri()
    assert workspace_folder(document, [(folder / "repo").as_uri()]) == folder / "alone"


def test_a_document_without_a_file(folder: Path) -> None:
    assert workspace_folder("untitled:Untitled-1", [(folder / "repo").as_uri()]) == folder / "repo"
    assert workspace_folder("untitled:Untitled-1", []) == Path.home().resolve()
