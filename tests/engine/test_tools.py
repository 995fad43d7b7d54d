"""The tools of a model: what they answer, also to a model that writes nonsense."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.tools import MAX_RESULT, Arguments, Output, Tool, Toolbox
from orchestrator.engine.tools.draft import Draft
from orchestrator.engine.tools.editing import editing_tools
from orchestrator.engine.tools.looking import looking_tools
from orchestrator.engine.tools.search import Search
from orchestrator.engine.workspace_files import WorkspaceFiles
from orchestrator.model.message import ToolCall
from tests.support.laws import examples
from tests.support.ripgrep import RIPGREP


class Bench:
    def __init__(self, folder: Path, ripgrep: Path | None = None):
        self.folder = folder
        self.draft = Draft(WorkspaceFiles(folder))
        self.box = Toolbox([*looking_tools(self.draft, Search(ripgrep)), *editing_tools(self.draft)])

    async def __call__(self, name: str, **arguments: object) -> str:
        output = await self.box.answer(ToolCall("c", name, json.dumps(arguments)))
        self.draft.record(Output.from_json(json.loads(json.dumps(output.to_json()))).changes)
        return ("FAILED " if output.failed else "") + output.text


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    folder = tmp_path / "ws"
    for path, text in {
        "src/main.py": "import os\n\ndef main():\n    return 1\n",
        "src/win.txt": "one\r\ntwo\r\n",
        "README.md": "# Title\n",
        ".gitignore": "*.log\nbuild/\n",
        "build/out.py": "main",
        "x.log": "main",
        ".env": "main SECRET",
        "keys/server.pem": "main SECRET",
        ".git/config": "main",
        "empty.txt": "",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    (folder / "image.png").write_bytes(b"\x89PNG\0\0main")
    (folder / "latin.txt").write_bytes(b"caf\xe9 main\n")
    return Bench(folder)


async def test_files_are_listed(bench: Bench):
    assert (await bench("list_files")).split() == [
        ".gitignore", "README.md", "empty.txt", "image.png", "latin.txt", "src/main.py", "src/win.txt",
    ]  # fmt: skip
    assert (await bench("list_files", folder="src", glob="*.py")).split() == ["src/main.py"]
    assert await bench("list_files", glob="*.rs") == "No files."
    assert "There is no folder none" in await bench("list_files", folder="none")


@pytest.mark.parametrize(
    "path",
    [".env", "keys/server.pem", ".git/config", "build/out.py", "x.log", "./src/../.env", "/etc/passwd", ".GIT/config"],
)
async def test_private_and_ignored_files_are_not_there(bench: Bench, path: str):
    (bench.folder / "innocent").symlink_to(".env")
    (bench.folder / "inner").symlink_to(".git")
    for answer in (
        await bench("read_file", path=path),
        await bench("change_file", path=path, old="main", new="x"),
        await bench("delete_file", path=path),
        await bench("rename_file", path=path, new_path="free.txt"),
        await bench("read_file", path="innocent"),
        await bench("read_file", path="inner/config"),
        await bench("list_files", folder=".git"),
        await bench("list_files", folder="build"),
    ):
        assert answer.startswith("FAILED")
        assert "SECRET" not in answer
    assert "SECRET" not in await bench("search_files", text=["main", "SECRET"])
    assert bench.draft.proposal().changes == ()


async def test_a_file_is_read_with_numbers_and_bounds(bench: Bench):
    assert await bench("read_file", path="src/main.py") == "1\timport os\n2\t\n3\tdef main():\n4\t    return 1"
    assert (
        await bench("read_file", path="src/main.py", first_line="3", lines=1) == "3\tdef main():\n[lines 3 to 3 of 4]"
    )
    assert await bench("read_file", path="src/win.txt") == "1\tone\n2\ttwo"
    assert await bench("read_file", path="empty.txt") == "empty.txt is empty."
    assert "only 4 lines" in await bench("read_file", path="src/main.py", first_line=9)
    assert await bench("read_file", path="image.png") == "image.png is a binary file (10 bytes)."
    assert "caf\N{REPLACEMENT CHARACTER} main\n[not UTF-8" in await bench("read_file", path="latin.txt")
    assert "FAILED There is no none.py" in await bench("read_file", path="none.py")
    (bench.folder / "big.txt").write_text("x" * 3_000_000)
    answer = await bench("read_file", path="big.txt")
    assert "cut: 2,000,000 characters" in answer
    assert "the file has 3,000,000 bytes" in answer
    (bench.folder / "long.txt").write_text("line\n" * 50_000)
    assert "[lines 1 to 1000 of 50,000]" in await bench("read_file", path="long.txt", lines=99_999)


async def test_lines_are_found(bench: Bench):
    assert (
        await bench("search_files", text="main")
        == "latin.txt:1\tcaf\N{REPLACEMENT CHARACTER} main\nsrc/main.py:3\tdef main():"
    )
    assert await bench("search_files", text="TITLE", ignore_case=True) == "README.md:1\t# Title"
    assert (
        await bench("search_files", text=["import", "two"], folder="src")
        == "src/main.py:1\timport os\nsrc/win.txt:2\ttwo"
    )
    assert await bench("search_files", text="main", glob="*.md") == "Nothing found in 1 files."
    for bad in ("", "a\nb", "x" * 900, "\0", []):
        assert (await bench("search_files", text=bad)).startswith("FAILED")


async def test_many_lines_and_files_are_cut_and_that_is_said(bench: Bench):
    (bench.folder / "many").mkdir()
    for number in range(600):
        (bench.folder / "many" / f"f{number:03}.txt").write_text("needle " * 200 + "\n")
    listing = await bench("list_files")
    assert "[500 of 607 files. List one of:]\nmany/  600 files" in listing
    found = await bench("search_files", text="needle")
    assert found.count("\n") == 100
    assert "[the first 100 lines" in found
    assert "[…]" in found


async def test_a_model_sees_what_it_proposed(bench: Bench):
    await bench("change_file", path="src/main.py", old="return 1", new="return 42")
    await bench("create_file", path="src/new.py", content="answer = 42\n")
    await bench("rename_file", path="README.md", new_path="docs/README.md")
    await bench("delete_file", path="empty.txt")
    assert "return 42\n[as in your proposal]" in await bench("read_file", path="src/main.py")
    assert await bench("search_files", text="42") == "src/main.py:4\t    return 42\nsrc/new.py:1\tanswer = 42"
    listed = (await bench("list_files")).split()
    assert {"src/new.py", "docs/README.md"} <= set(listed)
    assert not {"empty.txt", "README.md"} & set(listed)
    assert "deleted in your proposal" in await bench("read_file", path="empty.txt")
    assert not (bench.folder / "src" / "new.py").exists()
    kinds = {change.path: (change.before is None, change.after is None) for change in bench.draft.proposal().changes}
    assert kinds == {
        "src/main.py": (False, False), "src/new.py": (True, False), "README.md": (False, True),
        "docs/README.md": (True, False), "empty.txt": (False, True),
    }  # fmt: skip


async def test_what_comes_back_to_the_start_is_no_change(bench: Bench):
    await bench("change_file", path="src/main.py", old="return 1", new="return 2")
    await bench("change_file", path="src/main.py", old="return 2", new="return 1")
    await bench("create_file", path="gone.py", content="x\n")
    await bench("delete_file", path="gone.py")
    await bench("rename_file", path="README.md", new_path="a.md")
    await bench("rename_file", path="a.md", new_path="README.md")
    assert bench.draft.proposal().changes == ()


async def test_a_change_must_be_exact(bench: Bench):
    (bench.folder / "twice.txt").write_text("a\na\n")
    for arguments, words in (
        ({"path": "src/main.py", "old": "return 7", "new": "x"}, "not in src/main.py"),
        ({"path": "twice.txt", "old": "a", "new": "b"}, "stands 2 times"),
        ({"path": "src/main.py", "old": "", "new": "b"}, "old:"),
        ({"path": "image.png", "old": "main", "new": "b"}, "binary"),
        ({"path": "latin.txt", "old": "main", "new": "b"}, "not UTF-8"),
        ({"path": "src", "old": "main", "new": "b"}, "is a folder"),
        ({"path": "src/main.py", "old": "return 1", "new": "\0"}, "text files do not hold"),
        ({"path": "src/main.py", "old": "return 1", "new": "\ud83d"}, "unicode"),
    ):
        answer = await bench("change_file", **arguments)
        assert answer.startswith("FAILED")
        assert words in answer
    assert "is there already" in await bench("create_file", path="src/main.py", content="x")
    assert "is a folder" in await bench("create_file", path="src", content="x")
    assert "private and is there already" in await bench("create_file", path=".env", content="x")
    assert "is there already" in await bench("rename_file", path="README.md", new_path="src/main.py")


async def test_line_ends_of_a_file_are_kept(bench: Bench):
    await bench("change_file", path="src/win.txt", old="one\ntwo", new="one\nmore\ntwo")
    (change,) = bench.draft.proposal().changes
    assert change.after == "one\r\nmore\r\ntwo\r\n"


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("format_disk", "{}", "There is no tool 'format_disk'. There are: list_files"),
        ("rm\x1b[2J -rf", "{}", "There is no tool"),
        ("read_file", "{broken", "not a JSON object"),
        ("read_file", "[1]", "arguments"),
        ("read_file", "null", "arguments"),
        ("read_file", "{}", "path: Field required"),
        ("read_file", '{"path": 7}', "path:"),
        ("read_file", '{"path": "a", "lines": -1}', "lines:"),
        ("read_file", "[" * 100_000, "JSON"),
        ("read_file", '{"path": "' + "a" * 5_000_000 + '"}', ""),
        ("read_file", '{"path": "\\ud800"}', ""),
        ("search_files", '{"text": {"$ne": 1}}', "text"),
        ("list_files", '{"glob": "' + "*a" * 90 + '"}', "too involved"),
        ("list_files", '{"glob": "["}', ""),
    ],
)
async def test_any_call_has_a_bounded_answer(bench: Bench, name: str, arguments: str, words: str):
    output = await bench.box.answer(ToolCall("c", name, arguments))
    assert words in output.text
    assert len(output.text) <= MAX_RESULT
    assert "\x1b" not in output.text
    output.text.encode()


@settings(max_examples=examples(60), deadline=None)
@given(name=st.sampled_from(["list_files", "read_file", "search_files", "change_file", "nothing"]), arguments=st.text())
async def test_no_text_of_a_model_is_an_exception(tmp_path_factory: pytest.TempPathFactory, name: str, arguments: str):
    bench = Bench(tmp_path_factory.getbasetemp())
    assert (await bench.box.answer(ToolCall("c", name, arguments))).text


async def test_ten_megabytes_are_cut_and_that_is_said():
    async def huge(_arguments: Arguments) -> Output:
        return Output("x" * 10_000_000)

    box = Toolbox([Tool("huge", "", Arguments, huge)])
    text = (await box.answer(ToolCall("c", "huge", ""))).text
    assert len(text) <= MAX_RESULT
    assert "10,000,000 characters are too many" in text


def test_the_shapes_of_arguments_are_plain_json_schema(bench: Bench):
    for spec in bench.box.specs:
        text = json.dumps(spec.parameters)
        assert spec.parameters["type"] == "object"
        assert '"title"' not in text
        assert "$ref" not in text
        assert len(text) < 1_500


TEXTS = [
    "needle",
    "Needle",
    "straße",
    "STRASSE",
    "i",
    "K",
    "İ",
    "-e",
    "--files",
    "a|b",
    "(",
    "\\",
    "é",
    "\N{REPLACEMENT CHARACTER}",
    "\r",
]


@pytest.mark.parametrize("ignore_case", [False, True])
@pytest.mark.parametrize("text", TEXTS)
async def test_ripgrep_and_python_find_the_same(tmp_path: Path, text: str, ignore_case: bool):
    (tmp_path / "sub").mkdir()
    for number in range(100):
        (tmp_path / "sub" / f"-f{number}.txt").write_text(
            f"line {number}\nneedle\n" if number % 9 == 0 else "nothing\n"
        )
    for number, content in enumerate(
        [
            "Needle", "STRASSE straße", "\u0131 \u0130 i I", "\u212a k", "-e --files", "a|b", "((", "back\\slash",
            "É e\u0301",
            "x\ry\r",
            "a", "b",
        ]
    ):  # fmt: skip
        (tmp_path / f"n{number}.txt").write_text(content + "\n")
    (tmp_path / "broken.txt").write_bytes(b"\xff\xfe needle \xe9\n")
    (tmp_path / "zero.bin").write_bytes(b"needle\0")
    (tmp_path / ".ignore").write_text("*\n")
    (tmp_path / ".rgignore").write_text("*\n")
    plain = await Bench(tmp_path)("search_files", text=text, ignore_case=ignore_case)
    assert await Bench(tmp_path, RIPGREP)("search_files", text=text, ignore_case=ignore_case) == plain
