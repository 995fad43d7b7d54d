"""An outline as values, without its Markdown: what an importer makes, and what can be written in another form.

Apart from the tree of `outline`, whose nodes are views of a text: these have no place, so that anything can make them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PortableTask:
    title: str
    """Plain text of one line."""
    mark: str = " "
    """The character between the brackets of its check box."""
    task_id: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """Keys and values in order, each key once."""
    description: str = ""
    """Markdown."""
    acceptance: str = ""
    """Without the word `Accept:`."""
    result: str = ""
    ordered: bool = False
    new_list: bool = False
    """A list begins with it, though the task before it stands in one of the same kind."""
    children: tuple[PortableTask, ...] = ()

    def walk(self) -> Iterator[PortableTask]:
        """Itself and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class PortableSection:
    title: str
    level: int
    """1 to 6, higher than that of the section around it."""
    fields: tuple[tuple[str, str], ...] = ()
    text: str = ""
    """Markdown that belongs to no task."""
    tasks: tuple[PortableTask, ...] = ()
    sections: tuple[PortableSection, ...] = ()


@dataclass(frozen=True, slots=True)
class PortableOutline:
    front_matter: str | None = None
    """The YAML between the lines `---`, as it is written; None where there are no such lines."""
    text: str = ""
    tasks: tuple[PortableTask, ...] = ()
    sections: tuple[PortableSection, ...] = ()

    def walk(self) -> Iterator[PortableTask]:
        """Every task, in document order."""
        waiting: list[PortableOutline | PortableSection] = [self]
        while waiting:
            part = waiting.pop()
            for task in part.tasks:
                yield from task.walk()
            waiting += reversed(part.sections)
