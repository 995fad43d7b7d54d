"""Other programs' tasks as outlines. The files are written as their documentation shows them."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest
from hypothesis import given, settings

from orchestrator.engine.exchange.dependencies import Waiting, refuse_cycles
from orchestrator.engine.exchange.doing import convert
from orchestrator.engine.exchange.markdown_items import parts_of, walk
from orchestrator.errors import FileError
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import problems
from tests.engine.exchange.test_json_outline import MAX, foreign
from tests.outline.strategies import documents
from tests.support.laws import examples

TASKS = [
    {
        "id": 1,
        "title": "Setup Express Server",
        "description": "Initialize it",
        "status": "done",
        "dependencies": [],
        "priority": "high",
        "details": "Use CORS.\n- [ ] not a task",
        "testStrategy": "It answers.",
        "subtasks": [
            {"id": 1, "title": "npm init", "status": "done", "dependencies": []},
            {"id": 2, "title": "Middleware", "status": "in-progress", "dependencies": [1]},
        ],
    },
    {
        "id": "2",
        "title": "Login [mode:: auto]",
        "status": "deferred",
        "dependencies": [1, "1.2", 9],
        "priority": "medium",
    },
]
OUTLINE = """\
---
orchestrator: 1
---
- [x] Setup Express Server  [priority:: high]  ^new1
  Initialize it

  Use CORS.
  - \\[ ] not a task

  Accept: It answers.
  - [x] npm init  ^new2
  - [/] Middleware  [dependsOn:: new2]  ^new3
- [ ] Login \\[mode:: auto]  [dependsOn:: new1, new3]  [taskMasterStatus:: deferred]
"""


def check_import(name: str, text: str, expected: str, form: str, *notes: str) -> None:
    found = convert(foreign(text, name), None, None, MAX)
    assert found.form == form
    assert found.text == expected
    assert len(found.notes) == len(notes)
    assert all(part in note for part, note in zip(notes, found.notes, strict=True))


def test_both_forms_of_task_master():
    note = "tasks[1] depends on 9, which is not there"
    check_import("tasks.json", json.dumps({"tasks": TASKS}), OUTLINE, "task-master", note)
    tagged = {"master": {"tasks": TASKS, "metadata": {"created": "2025-06-12"}}}
    check_import("tasks.json", json.dumps(tagged), OUTLINE, "task-master", "master." + note)


def test_tags_of_task_master_are_sections():
    tagged = {"master": {"tasks": [{"id": 1, "title": "a"}]}, "# x": {"tasks": [{"id": 1, "title": "b"}]}}
    expected = "---\norchestrator: 1\n---\n# master\n\n- [ ] a\n\n# # x\n\n- [ ] b\n"
    check_import("tasks.json", json.dumps(tagged), expected, "task-master")


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([{"id": 1, "title": "a", "dependencies": [2]}, {"id": 2, "title": "b", "dependencies": [1]}], r"\(1 → 1 → 2"),
        ([{"id": 1, "title": "a"}, {"id": 1, "title": "b"}], r"tasks\[1\] has the id 1 for the second time"),
        ([{"id": 1, "title": None}], r"tasks\[0\]\.title: input should be a valid string"),
        ([{"id": {}, "title": "a"}], r"tasks\[0\]\.id: "),
        ([{"id": 1}], r"tasks\[0\]\.title: field required"),
        ("many", "no list `tasks`"),
    ],
)
def test_what_is_wrong_in_tasks_json_is_told_with_its_place(tasks: object, said: str):
    with pytest.raises(FileError, match=said):
        convert(foreign(json.dumps({"tasks": tasks}), "tasks.json"), None, None, MAX)


def test_a_subtask_does_not_wait_for_its_parent():
    tasks = [
        {"id": 1, "title": "a", "subtasks": [{"id": 1, "title": "b", "dependencies": ["1"]}, {"id": 2, "title": "c"}]}
    ]
    tasks[0]["dependencies"] = ["1.2"]
    found = convert(foreign(json.dumps({"tasks": tasks}), "tasks.json"), None, None, MAX)
    assert [note.split(";")[0] for note in found.notes] == [
        "tasks[0] cannot wait for itself, its parent or its subtasks",
        "tasks[0].subtasks[0] cannot wait for itself, its parent or its subtasks",
    ]
    assert "dependsOn" not in found.text


def test_a_long_circle_is_found():
    chain = [Waiting(str(n), str(n), (str((n + 1) % 20_000),)) for n in range(20_000)]
    with pytest.raises(FileError, match=r"circle \(0 → 1 → 2"):
        refuse_cycles("a.json", chain)
    refuse_cycles("a.json", chain[:-1])


def test_a_file_of_kiro():
    check_import(
        "tasks.md",
        dedent("""\
            # Implementation Plan

            Convert the design.

            - [x] 1. Set up the project
              - Create the folders
              - _Requirements: 1.1, 1.2_

            - [-] 2. Data models
              - [x] 2.1 Write interfaces
                - _Requirements: 2.1_

              - [ ]* 2.2 Write unit tests for models
                - _Requirements: 1.2_
            - [ ] 2.3 Flat one
            """),
        dedent("""\
            ---
            orchestrator: 1
            ---
            # Implementation Plan

            Convert the design.

            1. [x] Set up the project

               - Create the folders
               - _Requirements: 1.1, 1.2_
            2. [/] Data models
               1. [x] Write interfaces

                  - _Requirements: 2.1_
               2. [ ] Write unit tests for models  [optional:: true]

                  - _Requirements: 1.2_
               3. [ ] Flat one
            """),
        "kiro",
        "1 optional tasks",
    )


SPEC_KIT = dedent("""\
    # Tasks: Photo albums

    ## Phase 1: Setup

    **Purpose**: Project initialization

    - [x] T001 Create project structure
    - [ ] T002 Initialize the project
    - [ ] T003 [P] Configure linting

    ## Phase 2: Foundational

    - [ ] T004 Setup database schema

    ## Phase 3: User Story 1

    ### Tests for User Story 1

    - [ ] T010 [P] [US1] Contract test in tests/contract/test_a.py

    ### Implementation for User Story 1

    - [ ] T012 [P] [US1] Create Entity1
    - [ ] T014 [US1] Implement the service (depends on T012, T099)

    ## Phase 4: User Story 2

    - [ ] T018 [US2] Contract test

    ## Phase 5: Polish

    - [ ] T030 [P] Documentation

    ## Notes

    - [P] tasks = different files
    """)


def test_a_file_of_spec_kit():
    found = convert(foreign(SPEC_KIT, "tasks.md"), None, None, MAX)
    assert found.form == "spec-kit"
    assert found.notes == ("T014 depends on T099, which is not in the file; that was left out.",)
    outline = parse(found.text)
    named = {task.task_id: task.title.split()[0] for task in outline.tasks()}
    waits = {
        node.title.split(":")[0].split()[-1 if node.title.startswith("Phase") else 0]: [
            named[name.strip()] for name in node.fields.get("dependsOn", "").split(",") if name
        ]
        for node in outline.walk()
        if node.title.startswith(("T0", "Phase"))
    }
    assert waits == {
        "1": [], "T001": [], "T002": ["T001"], "T003": ["T002"],
        "2": ["T002", "T003"], "T004": [],
        "3": ["T004"], "T010": [], "T012": [], "T014": ["T010", "T012"],
        "4": ["T004"], "T018": [],
        "5": ["T014", "T018"], "T030": [],
    }  # fmt: skip
    assert [task.fields.get("story") for task in outline.tasks()][3:6] == [None, "US1", "US1"]
    assert "**Purpose**: Project initialization" in found.text
    assert "- [P] tasks = different files" in found.text
    assert {problem.severity.value for problem in problems(outline)} <= {"information", "hint"}


def test_a_circle_of_spec_kit_is_refused():
    text = "- [ ] T001 a (depends on T002)\n- [ ] T002 b\n"
    with pytest.raises(FileError, match="circle"):
        convert(foreign(text, "tasks.md"), None, None, MAX)


def test_a_foreign_list_is_only_text():
    check_import(
        "todo.md",
        dedent("""\
            Shopping
            ========

            1. Buy milk  [executor:: code]  ^abc12
               Accept: it is fresh

               > Result: none
               * oat \\*or\\* cow
            2. Bread

            Bye.
            """),
        dedent("""\
            ---
            orchestrator: 1
            ---
            # Shopping

            Bye.

            1. [ ] Buy milk \\[executor:: code] \\^abc12
               Accept\\: it is fresh

               > Result\\: none
               - [ ] oat *or* cow
            2. [ ] Bread
            """),
        "markdown",
    )


def test_where_there_are_check_boxes_other_items_are_text():
    check_import(
        "todo.md",
        "- Group\n  - [x] in it\n    - a note\n- only a note\n\n* [~] other\n",
        "---\norchestrator: 1\n---\n- only a note\n\n- [ ] Group\n  - [x] in it\n\n    - a note\n* [~] other\n",
        "markdown",
    )


def test_an_outline_is_not_imported_as_a_list():
    with pytest.raises(FileError, match="is an outline already"):
        convert(foreign("---\norchestrator: 1\n---\n- [ ] a\n", "a.md"), None, None, MAX)
    with pytest.raises(FileError, match="holds no list"):
        convert(foreign("words\n", "a.md"), None, None, MAX)
    with pytest.raises(FileError, match="no form that is known"):
        convert(foreign("words\n", "a.docx"), None, None, MAX)


@settings(max_examples=examples(40), deadline=None)
@given(documents)
def test_no_line_of_a_list_is_lost(source: str):
    parts = parts_of(source)
    kept = " ".join(
        [part.title + part.text for part in parts]
        + [item.title + " " + item.body for part in parts for item in walk(part.items)]
    )
    for word in ("task", "first", "star", "plain", "quote", "code", "box", "there"):
        body = source.split("\n---\n", 1)[-1] if source.startswith("---\n") else source
        assert (word in kept) or (word not in body)
