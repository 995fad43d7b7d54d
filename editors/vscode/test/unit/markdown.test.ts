import { expect, test } from "vitest";

import { endingWords, usageWords } from "../../src/chat/words";
import { render } from "../../src/webview/markdown";

test("hostile Markdown is text", () => {
  const html = render("<img src=x onerror=alert(1)> <script>a</script> ![i](https://x/y.png) [run](command:x) [j](javascript:a)");
  expect(html.match(/<\/?\w+/g)).toEqual(["<p", "<a", "</a", "<a", "</a", "<a", "</a", "</p"]);
  expect(html).not.toMatch(/<[^>]*\s(?:href|src)=/);
  expect(html).toContain('data-href="https://x/y.png" title="https://x/y.png">i (picture)</a>');
  expect(html).toContain('data-href="command:x"');
});

test("a task list has boxes that cannot be ticked", () => {
  const html = render("- [x] herbs\n- [ ] **roses**\n  - [X] red\n- [-] a pond\n- [ ]\n- [x](y) link\n\n1. [ ] first\n\n2. [x] second\n");
  const boxes = html.match(/<input[^>]*>/g) ?? [];
  expect(boxes).toHaveLength(5);
  expect(boxes.every((box) => box.includes("disabled"))).toBe(true);
  expect(boxes.filter((box) => box.includes(" checked"))).toHaveLength(3);
  expect(html).toContain('<li class="task"><input type="checkbox" disabled checked aria-label="Done">herbs</li>');
  expect(html).toContain("[-] a pond");
  expect(html).not.toContain("[x] ");
});

test("headings stand below that of the message", () => {
  expect(render("# A\n\n###### B")).toBe("<h3>A</h3>\n<h6>B</h6>\n");
});

test("what begins with a letter of a script that runs from the right does so too", () => {
  expect(render("\u0645\u0631\u062d\u0628\u0627 Ana")).toContain('<p dir="rtl">');
  expect(render("1. \u05e9\u05dc\u05d5\u05dd")).toMatch(/<ol dir="rtl">\n<li>/);
  expect(render("- \u05e9\u05dc\u05d5\u05dd\n- plain")).toMatch(/<li>\u05e9\u05dc\u05d5\u05dd<\/li>\n<li dir="ltr">plain/);
  expect(render("# plain\n\n- 1\n\n> text")).not.toContain("dir=");
});

test("a wide table scrolls by itself, and no style is written into the page", () => {
  const html = render("| a | b |\n| :-: | --: |\n| 1 | 2 |");
  expect(html).toMatch(/^<div class="table" role="group" aria-label="Table" tabindex="0"><table>/);
  expect(html.trim()).toMatch(/<\/table>\s*<\/div>$/);
  expect(html).not.toContain("style=");
  expect(html).toContain('<td class="center">1</td>');
  expect(html).toContain('<td class="right">2</td>');
});

test("code is never turned around, and is coloured where its language is known", () => {
  expect(render("```python ui/a.py\ndef a(): pass\n```")).toMatch(/data-file="ui\/a.py".*<span>ui\/a.py<\/span>.*<pre tabindex="0" dir="ltr">.*hljs-keyword/s);
  expect(render("```nonsense\n<b>\n```")).toContain("<code>&lt;b&gt;\n</code>");
});

test("what an answer took reads the same when it comes and when it is found again", () => {
  const model = "openai/x";
  expect(usageWords({ model, usage: { inputTokens: 9, outputTokens: 1, costUsd: null } })).toBe("openai/x · 1 token · cost unknown");
  expect(usageWords({ model, usage: { outputTokens: 12, costUsd: 0.004 } })).toBe("openai/x · 12 tokens · $0.0040");
});

test("how an answer ended is said in words", () => {
  expect(["end", "open", "cancelled", "error"].map((ending) => endingWords({ ending, reason: "" }))).toEqual(["", "", "Stopped.", "The answer failed."]);
  expect(endingWords({ ending: "error", reason: "No key. Set one." })).toBe("No key. Set one.");
});
