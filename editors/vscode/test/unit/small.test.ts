import { PassThrough } from "node:stream";

import { expect, test, vi } from "vitest";
import { StreamMessageWriter } from "vscode-jsonrpc/node";

import { givenOf } from "../../src/commands/selected";
import { endsWord } from "../../src/editor/completing";
import { idSpan } from "../../src/editor/ids";
import type { MetricsRow, RunInfo, RunUpdateParams } from "../../src/generated/protocol";
import { idOfLink } from "../../src/link_form";
import { Live } from "../../src/live";
import { isOutline } from "../../src/outlines";
import { writeWhole } from "../../src/server/whole";
import { serverSettings } from "../../src/settings";
import { type Status, statusWords } from "../../src/views/status_words";
import { dayChart, metricsCsv, metricsPage } from "../../src/views/metrics_page";
import { ago, escapeMarkdown, lookOf, lookOfState, money, runSummary, shortened } from "../../src/words";

test("outlines are known by name or front matter", () => {
  expect(isOutline("tasks.md", "")).toBe(true);
  expect(isOutline("launch.tasks.md", "")).toBe(true);
  expect(isOutline("subtasks.md", "")).toBe(false);
  expect(isOutline("README.md", "# Hello")).toBe(false);
  expect(isOutline("plan.md", "---\norchestrator: 1\n---\n")).toBe(true);
  expect(isOutline("plan.md", "---\r\ntitle: x\r\norchestrator: 1\r\n---\r\n")).toBe(true);
  expect(isOutline("plan.md", "---\ntitle: x\n---\norchestrator: 1\n")).toBe(false);
});

test("only what a person set is sent, and never the extension's own", () => {
  const sent = serverSettings([
    ["split.maxDepth", { globalValue: 3 }],
    ["split.preview", {}],
    ["roles.plan", { globalValue: "fast", workspaceValue: "strong" }],
    ["model", { globalValue: "" }],
    ["server.path", { globalValue: "/x" }],
    ["tree.followCursor", { workspaceValue: false }],
  ]);
  expect(sent).toEqual({ split: { maxDepth: 3 }, roles: { plan: "strong" }, model: "" });
});

test("ids at the end of task lines", () => {
  expect(idSpan("- [ ] Pack  ^b7c2d")).toEqual({ start: 12, end: 18 });
  expect(idSpan("  12) [x] Pack [mode:: auto] ^a-1  ")).toEqual({ start: 29, end: 33 });
  expect(idSpan("- [ ] 2 ^ 3")).toBeUndefined();
  expect(idSpan("Some text ^b7c2d")).toBeUndefined();
});

test("a link is an id", () => {
  const link = (path: string, query = "", fragment = ""): string | undefined => idOfLink({ path, query, fragment });
  expect(link("/task/b7c2d")).toBe("b7c2d");
  for (const path of ["/task/", "/task/../x", "/task/a/b", "/run/b7c2d", "/task/a%20b", `/task/${"a".repeat(65)}`]) {
    expect(link(path)).toBeUndefined();
  }
  expect(link("/task/b7c2d", "path=/etc/passwd")).toBeUndefined();
  expect(link("/task/b7c2d", "", "x")).toBeUndefined();
});

test("text of others is never markup", () => {
  expect(escapeMarkdown("[x](command:evil) <b> `a` *b*")).toBe("\\[x\\]\\(command:evil\\) \\<b\\> \\`a\\` \\*b\\*");
  expect(escapeMarkdown("$(alert) ![i](http://x)")).toContain("\\$\\(alert\\)");
});

test("words", () => {
  expect(money(null)).toBe("cost unknown");
  expect([money(0), money(0.0042), money(1.5)]).toEqual(["$0", "$0.0042", "$1.50"]);
  expect([ago(100, 130), ago(0, 200), ago(0, 7300), ago(0, 200_000)]).toEqual(["just now", "3 min ago", "2 h ago", "2 d ago"]);
  expect(shortened("a  b\nc", 4)).toBe("a b…");
  expect(lookOf({ kind: "task", status: "failed" }).icon).toBe("error");
  expect(lookOf({ kind: "task", status: "pending" }, "waiting").word).toBe("waits for you");
  expect(lookOf({ kind: "task", status: "constructor" }).word).toBe("another mark");
  expect(lookOfState("verifying").icon).toBe("loading~spin");
  expect(runSummary({ state: "running", done: 2, total: 5, costUsd: 0.03 } as RunInfo)).toBe("2 of 5 · running · $0.03");
});

function update(kind: string, nodeId: string | null, state?: string): RunUpdateParams {
  return { runId: "r1", uri: "file:///x", nodeId, seq: 1, kind, detail: { taskId: "aaaaa", title: "Pack", state }, created: 0 };
}

test("a burst of events asks once", async () => {
  vi.useFakeTimers();
  const runs = vi.fn(() => Promise.resolve({ runs: [] }));
  const live = new Live({ runs, run: vi.fn(), approvals: () => Promise.resolve({ approvals: [] }), spent: () => Promise.resolve(0) }, () => undefined);
  for (let index = 0; index < 50; index += 1) {
    live.update(update("attempt.state", "n1", "executing"));
  }
  await vi.advanceTimersByTimeAsync(1000);
  expect(runs).toHaveBeenCalledTimes(1);
  vi.useRealTimers();
});

test("a task is live until its attempt or its run ends", () => {
  const live = new Live({ runs: vi.fn(), run: vi.fn(), approvals: vi.fn(), spent: vi.fn() }, () => undefined);
  const told: string[] = [];
  live.onTasks((tasks) => told.push(...tasks.map((task) => task.nodeId)));
  live.update(update("attempt.state", "n1", "executing"));
  live.update(update("attempt.state", "n2", "waiting"));
  expect(live.stateOf("file:///x", "n1")).toBe("executing");
  live.update(update("attempt.state", "n1", "completed"));
  expect(live.stateOf("file:///x", "n1")).toBeUndefined();
  live.update(update("run.ended", null));
  expect(live.tasksOf("file:///x")).toEqual([]);
  expect(told).toEqual(["n1", "n2", "n1", "n2"]);
  live.dispose();
});

test("a parent of tasks that run is live too", async () => {
  vi.useFakeTimers();
  const run = { runId: "r", uri: "file:///x", state: "running" } as RunInfo;
  const tasks = [{ taskId: "aaaaa", title: "Pack", parentId: null, state: "expanded" as string | null }];
  const live = new Live({ runs: () => Promise.resolve({ runs: [run] }), run: () => Promise.resolve({ run, tasks }), approvals: () => Promise.resolve({ approvals: [] }), spent: () => Promise.resolve(0) }, () => undefined);
  const told: string[] = [];
  live.onTasks((changed) => told.push(...changed.map((task) => task.taskId)));
  live.refresh();
  await vi.advanceTimersByTimeAsync(300);
  expect(live.stateOf("file:///x", "n1", "aaaaa")).toBe("expanded");
  live.refresh();
  await vi.advanceTimersByTimeAsync(300);
  expect(told).toEqual(["aaaaa"]);
  tasks[0]!.state = "completed";
  live.refresh();
  await vi.advanceTimersByTimeAsync(300);
  expect(live.stateOf("file:///x", "n1", "aaaaa")).toBeUndefined();
  expect(told).toEqual(["aaaaa", "aaaaa"]);
  vi.useRealTimers();
});

test("a task that another program has under way is live by its id", async () => {
  vi.useFakeTimers();
  const run = { runId: "r", uri: "file:///x", state: "running", here: false } as RunInfo;
  const tasks = [{ taskId: "aaaaa", title: "Pack", parentId: null, state: "executing" as string | null }];
  const live = new Live({ runs: () => Promise.resolve({ runs: [run] }), run: () => Promise.resolve({ run, tasks }), approvals: () => Promise.resolve({ approvals: [] }), spent: () => Promise.resolve(0) }, () => undefined);
  const told: string[] = [];
  live.onTasks((changed) => told.push(...changed.map((task) => task.state)));
  const look = async (state: string): Promise<string | undefined> => {
    tasks[0]!.state = state;
    live.refresh();
    await vi.advanceTimersByTimeAsync(300);
    return live.stateOf("file:///x", "n1", "aaaaa");
  };
  expect([await look("executing"), await look("waiting"), await look("completed")]).toEqual(["executing", "waiting", undefined]);
  expect(new Set(told)).toEqual(new Set(["executing", "waiting"]));
  run.here = true;
  expect(await look("executing")).toBeUndefined();
  vi.useRealTimers();
});

test("names in the figures are text", () => {
  const row = { name: '<b>"x"', calls: 2, inputTokens: 5, outputTokens: 5, costUsd: 0, completion: 0.5, latencyP50: null, failedCalls: 0, unpricedCalls: 0, acceptance: null, editAcceptance: null, conversationMean: 2 } as unknown as MetricsRow;
  const page = metricsPage([{ by: "all", rows: [row] }, { by: "model", rows: [row] }], { policy: "p", style: "s" }, "ever");
  expect(page).toContain("&#60;b&#62;&#34;x&#34;");
  expect(page).not.toContain("<b>");
  expect(metricsCsv([{ by: "model", rows: [{ ...row, name: "=1+1" }] }])).toContain(`"'=1+1"`);
});

test("the chart has a column for every day, those without a call too", () => {
  const day = (name: string, tokens: number): MetricsRow => ({ name, inputTokens: tokens, outputTokens: 0, costUsd: 0.5 }) as unknown as MetricsRow;
  const chart = dayChart([day("2026-02-27", 50), day("2026-03-02", 100)]);
  expect([...chart.matchAll(/<title>([^<]*)/g)].map((found) => found[1])).toEqual([
    "2026-02-27: 50 tokens, $0.50",
    "2026-02-28: 0 tokens, $0",
    "2026-03-01: 0 tokens, $0",
    "2026-03-02: 100 tokens, $0.50",
  ]);
  expect([...chart.matchAll(/height="(\d+)" rx/g)].map((found) => found[1])).toEqual(["55", "0", "0", "110"]);
  expect(dayChart([day("2026-02-27", 50)])).toBe("");
  expect(dayChart([day("<b>", 50), day("x", 1)])).toBe("");
});

test("keys of the tree mean what is selected there", async () => {
  const [one, two] = [{ kind: "node" }, { kind: "node" }];
  const selected = (...rows: object[]) => (): Promise<object[]> => Promise.resolve(rows);
  expect(await givenOf([{ selected: "tree" }], selected(one, two))).toEqual([one, [one, two]]);
  expect(await givenOf([{ selected: "tree" }], selected())).toBeUndefined();
  expect(await givenOf([one, [one]], selected(two))).toEqual([one, [one]]);
  expect(await givenOf([], selected(two))).toEqual([]);
});

test("the status item says who answers, what runs and what today cost", () => {
  const calm: Status = { state: "ready", about: "0.1.0", model: "local/smollm2", running: 0, here: 0, waiting: 0, spentToday: 0, trusted: true };
  expect(statusWords(calm)).toEqual({
    text: "$(checklist) Orchestrator · smollm2",
    lines: ["Server 0.1.0 is ready.", "Model: local/smollm2 (basic offline model)", "0 runs under way, 0 questions for you.", "Today: $0"],
    background: undefined,
  });
  expect(statusWords({ ...calm, model: "openai/gpt", running: 1, spentToday: 0.123 }).text).toBe("$(loading~spin) 1 run · gpt · $0.12");
  expect(statusWords({ ...calm, running: 1, here: 1 }).text, "VS Code shows its progress beside it").toBe("$(checklist) Orchestrator · smollm2");
  expect(statusWords({ ...calm, running: 2, here: 2 }).text, "VS Code shows one of them").toBe("$(loading~spin) 2 runs · smollm2");
  expect(statusWords({ ...calm, running: 2, waiting: 1 })).toMatchObject({ text: "$(bell-dot) 1 question · smollm2", background: "warning" });
  expect(statusWords({ ...calm, state: "missing", about: "Not there." })).toEqual({ text: "$(warning) Orchestrator: not installed", lines: ["Not there."], background: "warning" });
  expect(statusWords({ ...calm, state: "missing", mend: "setting" }).text).toBe("$(warning) Orchestrator: not found");
  expect(statusWords({ ...calm, state: "failed", about: "/x ended." })).toEqual({ text: "$(error) Orchestrator: not running", lines: ["/x ended."], background: "error" });
  expect(statusWords({ ...calm, trusted: false }).text).toBe("$(checklist) Orchestrator · smollm2 $(shield)");
});

test("a message goes to the server in one write", async () => {
  const stream = new PassThrough();
  const chunks: string[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  const writer = new StreamMessageWriter(stream);
  writeWhole(writer);
  const message = { jsonrpc: "2.0", method: "é" };
  await Promise.all([writer.write(message), writer.write(message)]);
  const body = JSON.stringify(message);
  expect(chunks).toEqual(Array(2).fill(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`));
});

test("a blank behind a word asks for no completion", () => {
  expect(["Call ", "- [ ] Call the ", "Fine. ", "(so) "].map((before) => endsWord(before, " "))).toEqual([true, true, true, true]);
  expect(["", " ", "Call  ", "- [ ", "[after:: ", "[dependsOn:: ^a1b2c, ", "defaults: { ", "\t "].some((before) => endsWord(before, " "))).toBe(false);
  expect(endsWord("Call ", undefined)).toBe(false); // asked for by a person
});
