"""Any Markdown list as an outline: items with check boxes, or all items where there are none; headings are sections.

Invariant: what looks like a field, an id or an acceptance is text (test_a_foreign_list_is_only_text).
"""

from __future__ import annotations

from orchestrator.engine.exchange import Foreign, Imported
from orchestrator.engine.exchange.markdown_items import Item, nested, parts_of, walk
from orchestrator.errors import FileError
from orchestrator.model.portable import PortableTask
from orchestrator.model.safe_text import one_line
from orchestrator.outline.files import says_so

FRONT = "orchestrator: 1"


class MarkdownList:
    @property
    def name(self) -> str:
        return "markdown"

    def recognises(self, foreign: Foreign) -> bool:
        return foreign.name.lower().endswith((".md", ".markdown", ".txt"))

    def read(self, foreign: Foreign) -> Imported:
        if says_so(foreign.text):
            raise FileError(f"{one_line(foreign.name)} is an outline already.", hint="Copy it instead.")
        parts = parts_of(foreign.text)
        if not any(part.items for part in parts):
            raise FileError(
                f"{one_line(foreign.name)} holds no list.", hint="Write what is to be done as `- item` lines."
            )
        tasks = {index: tuple(map(task_of, part.items)) for index, part in enumerate(parts)}
        count = sum(1 for part in parts for _ in walk(part.items))
        return Imported(
            nested(parts, tasks, FRONT), what=f"a Markdown list of {count:,} item{'s' if count != 1 else ''}"
        )


def task_of(item: Item) -> PortableTask:
    return PortableTask(
        title=item.title,
        mark=item.mark,
        description=item.body,
        ordered=item.ordered,
        new_list=item.new_list,
        children=tuple(map(task_of, item.children)),
    )
