import json
import os
import stat
import threading

import pytest

from orchestrator.config import WORKSPACE_FILE
from orchestrator.engine.suggested import allow, suggested_files
from orchestrator.engine.trust import Trust, fingerprint, workspace_of, workspace_settings
from orchestrator.errors import TrustError


@pytest.fixture
def trust(tmp_path):
    return Trust(tmp_path / "config" / "trust.json")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "project"
    made.mkdir()
    return made


@pytest.fixture
def home(tmp_path, monkeypatch):
    made = tmp_path / "home"
    made.mkdir()
    monkeypatch.setenv("HOME", str(made))
    return made


def test_nothing_is_trusted_at_first(trust, folder):
    assert not trust.is_trusted(folder)
    assert not trust.consented(folder, "anthropic", "api.anthropic.com")
    assert trust.records() == ()
    assert trust.problem() == ""


def test_trust_is_for_one_folder_and_is_kept(trust, folder, tmp_path):
    (folder / "inner").mkdir()
    trust.trust(folder)
    again = Trust(tmp_path / "config" / "trust.json")
    assert again.is_trusted(folder)
    assert not again.is_trusted(folder / "inner")
    assert not again.is_trusted(tmp_path)
    again.revoke(folder)
    assert not trust.is_trusted(folder)
    assert trust.records() == ()


def test_links_lead_to_the_real_folder(trust, folder, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(folder)
    trust.trust(link)
    assert trust.is_trusted(folder)
    link.unlink()
    link.mkdir()
    assert not trust.is_trusted(link)


def test_the_file_is_private(trust, folder, tmp_path):
    trust.trust(folder)
    assert stat.S_IMODE((tmp_path / "config").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "config" / "trust.json").stat().st_mode) == 0o600
    assert not list((tmp_path / "config").glob(".trust*"))


def test_consent_is_per_folder_provider_and_host(trust, folder, tmp_path):
    trust.consent(folder, "openai", "api.openai.com")
    assert trust.consented(folder, "openai", "api.openai.com")
    assert not trust.consented(folder, "openai", "proxy.example")
    assert not trust.consented(folder, "anthropic", "api.openai.com")
    assert not trust.consented(tmp_path, "openai", "api.openai.com")
    assert not trust.is_trusted(folder)


def test_withdrawing_takes_one_host_or_all(trust, folder):
    for host in ("one", "two"):
        trust.consent(folder, "openai", host)
    trust.consent(folder, "anthropic", "one")
    trust.withdraw(folder, "openai", "one")
    assert not trust.consented(folder, "openai", "one")
    assert trust.consented(folder, "openai", "two")
    trust.withdraw(folder, "openai")
    assert not trust.consented(folder, "openai", "two")
    assert trust.consented(folder, "anthropic", "one")


def test_changed_file_asks_again(trust, folder):
    file = folder / WORKSPACE_FILE
    file.write_text("[split]\nmaxDepth = 1\n")
    assert "not trusted" in workspace_settings(folder, trust).reasons[0]
    trust.trust(folder)
    assert "new or changed" in workspace_settings(folder, trust).reasons[0]
    trust.trust_file(folder, WORKSPACE_FILE, fingerprint(file.read_bytes()))
    used = workspace_settings(folder, trust)
    assert used.layer is not None
    assert used.layer.values == {"split": {"maxDepth": 1}}
    file.write_text("[split]\nmaxDepth = 1 \n")
    assert workspace_settings(folder, trust).layer is None


def test_a_file_is_allowed_only_in_a_trusted_folder(trust, folder):
    trust.trust_file(folder, WORKSPACE_FILE, "abc")
    assert not trust.allows_file(folder, WORKSPACE_FILE, "abc")
    trust.trust(folder)
    assert trust.allows_file(folder, WORKSPACE_FILE, "abc")
    assert not trust.allows_file(folder, "other.toml", "abc")


def test_no_workspace_file_is_no_reason(trust, folder):
    settings = workspace_settings(folder, trust)
    assert (settings.layer, settings.reasons) == (None, ())


@pytest.mark.parametrize("content", [b"\xff", b"a = ", b"[" * 5000, b"#" * 300_000])
def test_a_bad_workspace_file_is_a_reason_and_no_error(trust, folder, content):
    (folder / WORKSPACE_FILE).write_bytes(content)
    trust.trust(folder)
    trust.trust_file(folder, WORKSPACE_FILE, fingerprint(content))
    settings = workspace_settings(folder, trust)
    assert settings.layer is None
    assert "not used" in settings.reasons[0]


def test_a_workspace_file_that_is_a_link_is_not_followed(trust, folder, tmp_path):
    outside = tmp_path / "outside.toml"
    outside.write_text("[split]\nmaxDepth = 1\n")
    (folder / WORKSPACE_FILE).symlink_to(outside)
    trust.trust(folder)
    trust.trust_file(folder, WORKSPACE_FILE, fingerprint(outside.read_bytes()))
    assert workspace_settings(folder, trust).layer is None


@pytest.mark.parametrize("name", ["a%41b", "a%b", "100 %", "größe", "tab\there"])
def test_every_name_of_a_folder_is_kept_as_it_is(trust, tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    trust.trust(folder)
    assert [record.folder for record in trust.records()] == [str(folder)]
    assert trust.is_trusted(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"[]",
        b'{"version": 2, "folders": {}}',
        b'{"version": 1, "folders": {"/x": {"trusted": "yes"}}}',
        b"\xff\xfe",
    ],
)
def test_damaged_file_grants_nothing_and_is_kept(trust, folder, tmp_path, content):
    trust.trust(folder)
    file = tmp_path / "config" / "trust.json"
    file.write_bytes(content)
    assert not trust.is_trusted(folder)
    assert str(file) in trust.problem()
    trust.consent(folder, "openai", "host")
    assert trust.consented(folder, "openai", "host")
    assert not trust.is_trusted(folder)
    assert (tmp_path / "config" / "trust.json.damaged-1").read_bytes() == content


def test_a_file_that_others_can_change_grants_nothing(trust, folder, tmp_path):
    trust.trust(folder)
    (tmp_path / "config" / "trust.json").chmod(0o622)
    assert not trust.is_trusted(folder)
    assert "chmod 600" in trust.problem()


def test_a_folder_that_cannot_be_written_is_a_trust_error(folder, tmp_path):
    (tmp_path / "config").write_text("a file, no folder")
    with pytest.raises(TrustError, match="nothing was changed"):
        Trust(tmp_path / "config" / "trust.json").trust(folder)


def test_writers_do_not_undo_each_other(tmp_path):
    folders = [tmp_path / f"project-{number}" for number in range(12)]

    def work(folder):
        Trust(tmp_path / "config" / "trust.json").trust(folder)

    threads = [threading.Thread(target=work, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(Trust(tmp_path / "config" / "trust.json").is_trusted(folder) for folder in folders)


def test_names_that_are_not_unicode_are_kept(trust, tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    trust.trust(folder)
    assert trust.is_trusted(folder)
    json.loads((tmp_path / "config" / "trust.json").read_text())


# Which folder is a workspace


def test_the_nearest_marked_folder_is_the_workspace(home, tmp_path):
    inner = tmp_path / "project" / "plans" / "deep"
    inner.mkdir(parents=True)
    assert workspace_of(inner / "a.tasks.md") == inner
    (tmp_path / "project" / ".git").mkdir()
    assert workspace_of(inner / "a.tasks.md") == tmp_path / "project"
    assert workspace_of(inner) == tmp_path / "project"
    (tmp_path / "project" / "plans" / WORKSPACE_FILE).touch()
    assert workspace_of(inner / "a.tasks.md") == tmp_path / "project" / "plans"


def test_a_worktree_file_marks_too(home, tmp_path):
    inner = tmp_path / "tree" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "tree" / ".git").write_text("gitdir: elsewhere")
    assert workspace_of(inner / "a.md") == tmp_path / "tree"


def test_home_and_root_never_swallow_what_is_below(home):
    (home / ".git").mkdir()
    (home / "notes").mkdir()
    assert workspace_of(home / "notes" / "a.md") == home / "notes"
    assert workspace_of(home / "a.md") == home


def test_a_file_behind_a_link_belongs_to_its_real_folder(home, tmp_path):
    real, other = tmp_path / "real", tmp_path / "other"
    real.mkdir()
    other.mkdir()
    (real / "a.md").touch()
    (other / "a.md").symlink_to(real / "a.md")
    assert workspace_of(other / "a.md") == real


def test_a_name_that_no_disk_can_hold_is_no_reason_to_fail(home, tmp_path):
    assert workspace_of(tmp_path / ("x" * 5000)) == tmp_path


def test_what_cannot_be_used_is_shown_with_its_reason_and_never_allowed(trust, folder, tmp_path):
    """A link could lead to another text by the time it is read."""
    outside = tmp_path / "outside.toml"
    outside.write_text("[run]\nconcurrency = 1\n")
    (folder / WORKSPACE_FILE).symlink_to(outside)
    (file,) = suggested_files(folder)
    assert (file.relative, file.text, file.sha256) == (WORKSPACE_FILE, "", "")
    assert "link" in file.problem
    allow(trust, folder, {WORKSPACE_FILE: fingerprint(outside.read_bytes())})
    assert trust.is_trusted(folder)
    assert workspace_settings(folder, trust).layer is None
