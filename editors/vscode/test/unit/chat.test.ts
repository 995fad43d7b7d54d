import { expect, test } from "vitest";

import { earlierMessages } from "../../src/chat/earlier";
import { settledEnd } from "../../src/chat/growing";
import { fromPage, linkOf } from "../../src/chat/messages";
import { MessageWindow, MOST } from "../../src/chat/window";
import type { ChatMessage, ChatPageParams, ChatPageResult } from "../../src/generated/protocol";

test("anything else from the page is dropped", () => {
  for (const bad of [
    null,
    7,
    "send",
    {},
    { type: "run" },
    { type: "send" },
    { type: "send", text: "  ", replaces: null },
    { type: "send", text: "x".repeat(400_001), replaces: null },
    { type: "send", text: "x", replaces: "../x" },
    { type: "extract", messageId: "m1", to: "file", text: null },
    { type: "extract", messageId: "m1", to: "result" },
    { type: "page", before: "m1" },
    { type: "find", text: "" },
    { type: "find", text: "x".repeat(1001) },
    { type: "apply", text: "x" },
    { type: "apply", text: "x", file: "x".repeat(1025) },
    { type: "retry", messageId: "a b" },
    { type: "detach", index: -1 },
    { type: "detach", index: 1.5 },
    { type: "open", href: 7 },
    { type: "__proto__" },
  ]) {
    expect(fromPage(bad), JSON.stringify(bad)).toBeUndefined();
  }
  expect(fromPage({ type: "send", text: "hello", replaces: null, more: 1 })).toEqual({ type: "send", text: "hello", replaces: null });
  expect(fromPage({ type: "ready" })).toEqual({ type: "ready" });
});

test("links lead to the web, to files of the workspace, and to tasks", () => {
  expect(linkOf("https://example.org/a")).toEqual({ kind: "web", address: "https://example.org/a" });
  expect(linkOf("ui/login.py:12")).toEqual({ kind: "file", path: "ui/login.py", line: 12 });
  expect(linkOf("./ui/login.py#L3-L9")).toEqual({ kind: "file", path: "ui/login.py", line: 3 });
  expect(linkOf("^b7c2d")).toEqual({ kind: "task", id: "b7c2d" });
  for (const bad of ["command:workbench.action.quit", "vscode://x", "file:///etc/passwd", "/etc/passwd", "../x", "a/../../x", "javascript:alert(1)", "data:text/html,x", "c:\\x"]) {
    expect(linkOf(bad), bad).toBeUndefined();
  }
});

test("ten thousand messages", () => {
  const window = new MessageWindow();
  for (let index = 0; index < 10_000; index += 1) {
    window.append();
    window.measured(index, 50 + (index % 7) * 30);
  }
  const total = window.atEnd().above + Array.from({ length: MOST }, (_, index) => 50 + ((10_000 - MOST + index) % 7) * 30).reduce((a, b) => a + b);
  for (let top = 0; top < total; top += total / 50) {
    const stretch = window.at(top, 800);
    expect(stretch.end - stretch.first).toBeLessThanOrEqual(MOST);
    expect(stretch.above).toBeLessThanOrEqual(top);
  }
  expect(window.atEnd()).toMatchObject({ first: 10_000 - MOST, end: 10_000, below: 0 });
  window.prepend(100);
  expect(window.count).toBe(10_100);
  window.forget(10_000);
  expect(window.count).toBe(100);
});

test("settled blocks stay", () => {
  const text = "# A\n\nSome words.\n\n```py\nx = 1\n\ny = 2\n```\n\n- a\n\n- b\n\nEnd of it.\n\nNext";
  let settled = 0;
  for (let length = 1; length <= text.length; length += 1) {
    const now = settledEnd(text.slice(0, length), settled);
    expect(now).toBeGreaterThanOrEqual(settled);
    settled = now;
  }
  expect(text.slice(settled)).toBe("Next");
  expect(settledEnd("```\na\n\nb\n")).toBe(0);
  expect(settledEnd("- a\n\n- b\n\n  c\n")).toBe(0);
});

test("messages are loaded page by page up to the one that is wanted", async () => {
  const all = Array.from({ length: 1700 }, (_, index): ChatMessage => ({ messageId: `m${index}`, parentId: null, speaker: "user", text: "", created: 0, ending: "end" }));
  const asked: ChatPageParams[] = [];
  const request = (_: string, params: ChatPageParams): Promise<ChatPageResult> => {
    asked.push(params);
    const end = all.findIndex((one) => one.messageId === params.before);
    const start = Math.max(0, end - (params.limit ?? 100));
    return Promise.resolve({ messages: all.slice(start, end), earlier: start });
  };
  const some = await earlierMessages({ request }, "c", "m1600", null);
  expect([some.messages[0]?.messageId, some.messages.length, some.earlier, asked.length]).toEqual(["m1500", 100, 1500, 1]);
  const far = await earlierMessages({ request }, "c", "m1600", "m700");
  expect([far.messages[0]?.messageId, far.messages.length, far.earlier, asked.length]).toEqual(["m600", 1000, 600, 3]);
  const gone = await earlierMessages({ request }, "c", "m1600", "m9999");
  expect([gone.messages.length, gone.earlier]).toEqual([1600, 0]);
});

test("a stretch around one message", () => {
  const window = new MessageWindow();
  for (let index = 0; index < 200; index += 1) {
    window.append();
  }
  expect(window.around(100)).toMatchObject({ first: 80, end: 120 });
  expect(window.around(3)).toMatchObject({ first: 0, end: 23, above: 0 });
  expect(window.around(199)).toMatchObject({ first: 179, end: 200, below: 0 });
});
