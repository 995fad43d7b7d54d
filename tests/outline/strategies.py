"""Outlines and model text for the laws, with everything in them that has a meaning somewhere."""

from __future__ import annotations

from hypothesis import strategies as st

from orchestrator.model.task import Plan, PlannedTask

ODD = [
    "\0", "\x1b[31m", "\x1b", "\ud800", "\udc00", "\u202e", "\u2028", "\x85", "\f", "\v", "\ufeff", "\xa0",
    "é", "e\u0301", "👩\u200d🚀", "\x07",
]  # fmt: skip

INLINE = [
    *ODD, " ", "  ", "\t", "a", "word", "two words", "`", "``", "`code`", "\\", "\\\\", "[", "]", "[ ]",
    "[x]", "[ ] ", "\\[ ]", "\\\\[x] ", "[mode:: auto]", "[k::", "::", "[dependsOn:: a1]", "^abc",
    " ^abc12", "^", "&amp;", "&", "&#27;", "&#10;", "&nope;", "<div>", "<!--", "-->", "</div>", "<b>",
    "<script>", "Accept:", "Accept: ", "Accept\\:", "Result:", "> Result: x", "Result\\: ", ">", "> ", "#",
    "# ", "---", "===", "=", "-", "- ", "* ", "+ ", "1.", "1. ", "2) ", "***", "```", "~~~", "````",
    "[a]: b", "[a]:", "'", '"', "*", "_", "|", ":", "0",
]  # fmt: skip

LINES = [
    "", "", "- [ ] task", "- [x] done ^k3f9x", "1. [ ] first", "2. [ ] second", "* [ ] star", "- plain",
    "- - [ ] a", "- \\[ ] b", "- [/] c", "Accept: it works", "Accept:", "- Accept: it", "> Result: done",
    "> quote", "text", "```", "~~~", "````text", "<!--", "-->", "<div>", "<pre>", "</pre>", "# Heading",
    "Heading", "===", "---", "***", "[ref]: there", "[ref]:", "    code", "\tcode", "[ ] box", "| a | b |",
    "- ```", "- <!--", "> - [ ] quoted", "-", "1.", "- [ ]", "- [ ] # x", "-     [ ] code",
]  # fmt: skip

INDENTS = ["", "", "", "  ", "  ", "    ", " ", "   ", "      ", "\t", "\t\t", "  \t", "> "]

inline = st.lists(st.sampled_from(INLINE) | st.text(max_size=3), max_size=8).map("".join)

line = st.builds(str.__add__, st.sampled_from(INDENTS), st.sampled_from(LINES) | inline)

line_breaks = st.sampled_from(["\n"] * 4 + ["\r\n", "\r", "\n\n"])

body = st.lists(line, max_size=7).map("\n".join) | st.lists(st.tuples(line, line_breaks), max_size=7).map(
    lambda parts: "".join(part for pair in parts for part in pair)
)

deep_body = st.integers(1, 14).map(lambda depth: "\n".join("  " * level + "- [ ] x" for level in range(depth)))

front = st.sampled_from([""] * 6 + ["---\na: 1\n---\n", "---\n- [ ] x\n...\n", "\ufeff", "---\n"])

documents = st.builds(str.__add__, front, body | st.lists(st.sampled_from(LINES), max_size=12).map("\n".join))


@st.composite
def outlines(draw: st.DrawFn) -> str:
    """Documents that mostly are lists of tasks."""
    indents = draw(st.sampled_from([["", "  ", "    ", "      "], ["", "\t", "\t\t"], ["", "   ", "     "]]))
    starts = st.sampled_from(
        ["- [ ] ", "- [x] ", "1. [ ] ", "2. [ ] ", "* [ ] ", "- [!] ", "- ", "# ", "", "", "-\t[ ] "]
    )
    lines = draw(
        st.lists(st.tuples(st.sampled_from(indents), starts, inline | st.sampled_from(LINES)), min_size=1, max_size=10)
    )
    newline = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    source = newline.join("".join(parts) for parts in lines)
    return draw(front) + source + draw(st.sampled_from([newline, newline, "", newline * 2]))


def plans(levels: int = 2) -> st.SearchStrategy[Plan]:
    below = st.none() | plans(levels - 1) if levels > 1 else st.none()
    task = st.builds(
        PlannedTask,
        title=inline,
        description=st.just("") | body | deep_body,
        acceptance=st.just("") | inline | body,
        depends_on=st.lists(st.integers(-1, 3), max_size=2).map(tuple),
        plan=below,
    )
    return st.builds(Plan, st.lists(task, min_size=1, max_size=3).map(tuple), st.booleans())
