/**
 * The chat's page: messages of one conversation, and the box to write in.
 *
 * Text that streams is appended: only the last block of a message is rendered again. Of long conversations only a
 * stretch is in the page.
 */

import { settledEnd } from "../chat/growing";
import type { FromPage, ToPage } from "../chat/messages";
import { MessageWindow } from "../chat/window";
import type { ChatMessage, ChatOpenResult, ChatUpdateParams } from "../generated/protocol";
import { render } from "./markdown";

interface Api {
  postMessage(message: FromPage): void;
  setState(state: { conversationId: string }): void;
}
declare function acquireVsCodeApi(): Api;

interface Shown {
  message: ChatMessage;
  thought: string;
  note: string;
  usage: string;
  element: HTMLElement | undefined;
  /** Of the text: up to where it is rendered for good. */
  settled: number;
}

const api = acquireVsCodeApi();
/** Of the page that `chat/panel.ts` writes. */
function element(id: string): HTMLElement {
  const found_ = document.getElementById(id);
  if (found_ === null) {
    throw new Error(`The page has no #${id}.`);
  }
  return found_;
}

const log = element("log");
const list = element("messages");
const above = element("above");
const below = element("below");
const box = element("box") as HTMLTextAreaElement;
const send = element("send") as HTMLButtonElement;
const stop = element("stop") as HTMLButtonElement;
const heading = element("title");
const meter = element("meter");
const banner = element("banner");
const attached = element("attached");
const status = element("status");
const model = element("model") as HTMLButtonElement;
const search = element("search") as HTMLInputElement;
const found = element("found");

const shown: Shown[] = [];
const byId = new Map<string, Shown>();
const frame = new MessageWindow();
let opened: ChatOpenResult | undefined;
let earlier = 0;
let asking = false;
let replaces: string | null = null;
let first = 0;
let end = 0;
let due = false;
let keeping: ReturnType<typeof setTimeout> | undefined;
const grown = new Set<Shown>();

// --- from the extension ------------------------------------------------------------------------------------------------

window.addEventListener("message", (event: MessageEvent<ToPage>) => {
  const said = event.data;
  switch (said.type) {
    case "open":
      open(said.opened, said.draft);
      break;
    case "update":
      update(said.update);
      break;
    case "page":
      prepend(said.messages, said.earlier);
      break;
    case "size":
      if (opened !== undefined) {
        opened.conversation.size = said.size;
        showMeter();
      }
      break;
    case "attached":
      showAttached(said.names);
      break;
    case "refused":
      tell(said.text, "error");
      if (said.draft !== "" && box.value === "") {
        box.value = said.draft;
        fit();
      }
      break;
    case "offline":
      tell(said.text, "warning");
      break;
  }
});

function open(result: ChatOpenResult, draft: string): void {
  opened = result;
  if (box.value === "" && replaces === null) {
    box.value = draft;
    fit();
  }
  shown.length = 0;
  byId.clear();
  frame.clear();
  list.replaceChildren();
  first = end = 0;
  earlier = result.earlier;
  for (const message of result.messages) {
    add(message);
  }
  heading.textContent = result.conversation.title;
  model.textContent = result.conversation.model === "" ? "Model: as set" : result.conversation.model;
  showMeter();
  tell("", "");
  toEnd();
  busy();
  api.setState({ conversationId: result.conversation.conversationId });
}

function showMeter(): void {
  const size = opened?.conversation.size;
  meter.textContent =
    size == null || size.tokens === 0 ? "" : size.window == null ? `${size.tokens.toLocaleString("en")} tokens` : `${Math.round((100 * size.tokens) / size.window)} % of the context`;
  meter.className = size?.fit ?? "";
  if (size != null && size.advice !== "") {
    tell(size.advice, "warning", "Start Anew with a Brief");
  }
}

function add(message: ChatMessage): Shown {
  const one: Shown = { message: { ...message }, thought: message.thoughts ?? "", note: "", usage: "", element: undefined, settled: 0 };
  shown.push(one);
  byId.set(message.messageId, one);
  frame.append();
  return one;
}

function update(params: ChatUpdateParams): void {
  const { update: said, messageId } = params;
  if (said.kind === "message") {
    if (byId.has(said.message.messageId)) {
      return;
    }
    const sticks = atEnd();
    add(said.message);
    busy();
    if (sticks || said.message.speaker === "user") {
      toEnd();
    } else {
      draw();
    }
    return;
  }
  const one = byId.get(messageId);
  if (one === undefined) {
    return;
  }
  switch (said.kind) {
    case "text":
      one.message.text += said.text;
      break;
    case "thought":
      one.thought += said.text;
      break;
    case "toolCall":
      one.message.tools = [
        ...(one.message.tools ?? []),
        { callId: said.callId, tool: said.tool, arguments: said.arguments, result: "", failed: false },
      ];
      break;
    case "toolResult":
      one.message.tools = (one.message.tools ?? []).map((tool) =>
        tool.callId === said.callId ? { ...tool, result: said.text, failed: said.failed } : tool,
      );
      break;
    case "note":
      one.note = said.text;
      break;
    case "usage": {
      const usd = said.usage.costUsd;
      const cost = usd == null ? "cost unknown" : usd === 0 ? "$0" : `$${usd.toPrecision(2)}`;
      one.usage = `${said.model} · ${said.usage.outputTokens ?? 0} tokens · ${cost}`;
      break;
    }
    case "end":
      one.message.ending = said.stopReason;
      one.message.reason = said.reason ?? "";
      status.textContent = said.stopReason === "end" ? "The answer is complete." : `The answer ended: ${said.stopReason}.`;
      busy();
      break;
    default:
      return;
  }
  grow(one);
}

/** Once per frame, however many pieces came. */
function grow(one: Shown): void {
  grown.add(one);
  if (!due) {
    due = true;
    requestAnimationFrame(() => {
      due = false;
      const sticks = atEnd();
      for (const each of grown) {
        if (each.element !== undefined) {
          fill(each, each.element);
        }
      }
      grown.clear();
      if (sticks) {
        log.scrollTop = log.scrollHeight;
      }
    });
  }
}

// --- drawing -----------------------------------------------------------------------------------------------------------

function atEnd(): boolean {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 40;
}

function toEnd(): void {
  place(frame.atEnd());
  log.scrollTop = log.scrollHeight;
}

function draw(): void {
  place(frame.at(log.scrollTop, log.clientHeight));
}

function place(stretch: { first: number; end: number; above: number; below: number }): void {
  for (let index = first; index < end; index += 1) {
    if (index < stretch.first || index >= stretch.end) {
      const one = shown[index];
      one?.element?.remove();
      if (one !== undefined) {
        one.element = undefined;
        one.settled = 0;
      }
    }
  }
  let before: HTMLElement | null = null;
  for (let index = stretch.end - 1; index >= stretch.first; index -= 1) {
    const one = shown[index];
    if (one === undefined) {
      continue;
    }
    if (one.element === undefined) {
      one.element = make(one);
      list.insertBefore(one.element, before);
    }
    before = one.element;
  }
  ({ first, end } = stretch);
  above.style.height = `${stretch.above}px`;
  below.style.height = `${stretch.below}px`;
  for (let index = first; index < end; index += 1) {
    const height = shown[index]?.element?.offsetHeight ?? 0;
    if (height > 0) {
      frame.measured(index, height + 12);
    }
  }
}

function make(one: Shown): HTMLElement {
  const article = document.createElement("article");
  article.className = one.message.speaker;
  article.dataset["id"] = one.message.messageId;
  const who = { user: "You", assistant: "Model", system: "Instructions" }[one.message.speaker];
  article.setAttribute("aria-label", who);
  const head = document.createElement("header");
  const name = document.createElement("h2");
  name.textContent = who;
  const tools = document.createElement("div");
  tools.className = "actions";
  head.append(name, tools);
  const parts = ["thought", "tools", "body", "tail", "foot"].map((name_) => {
    const made = document.createElement("div");
    made.className = name_;
    return made;
  });
  article.append(head, ...parts);
  fill(one, article);
  return article;
}

function part(article: HTMLElement, name: string): HTMLElement {
  return article.querySelector<HTMLElement>(`:scope > .${name}`) ?? article;
}

function fill(one: Shown, article: HTMLElement): void {
  const { message } = one;
  const settled = settledEnd(message.text, one.settled);
  if (settled > one.settled) {
    const piece = document.createElement("div");
    piece.innerHTML = render(message.text.slice(one.settled, settled));
    part(article, "body").append(...piece.childNodes);
    one.settled = settled;
  }
  part(article, "tail").innerHTML = render(message.text.slice(one.settled));
  article.setAttribute("aria-busy", String(message.ending === "open"));
  article.classList.toggle("open", message.ending === "open");
  fold(part(article, "thought"), "Thoughts", one.thought);
  foldTools(part(article, "tools"), one);
  const foot = [
    message.ending === "open" ? one.note : "",
    message.ending === "error" ? (message.reason ?? "") : "",
    ["cancelled", "interrupted", "maxTokens", "refusal"].includes(message.ending) ? `(${message.ending})` : "",
    (message.attached ?? []).map((one_) => `Attached: ${one_.name}`).join(", "),
    one.usage,
  ].filter((words) => words !== "");
  part(article, "foot").textContent = foot.join(" · ");
  actions(one, article);
}

function fold(place_: HTMLElement, title: string, text: string): void {
  if (text === "") {
    return;
  }
  let details = place_.querySelector("details");
  if (details === null) {
    details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = title;
    const body = document.createElement("p");
    details.append(summary, body);
    place_.append(details);
  }
  (details.lastElementChild as HTMLElement).textContent = text;
}

function foldTools(place_: HTMLElement, one: Shown): void {
  (one.message.tools ?? []).forEach((tool, index) => {
    let details = place_.children[index] as HTMLDetailsElement | undefined;
    if (details === undefined) {
      details = document.createElement("details");
      details.append(document.createElement("summary"), document.createElement("pre"));
      (details.lastElementChild as HTMLElement).tabIndex = 0;
      place_.append(details);
    }
    const state = tool.failed ? "failed" : tool.result === "" ? "…" : "done";
    (details.firstElementChild as HTMLElement).textContent = `${tool.tool} · ${state}`;
    (details.lastElementChild as HTMLElement).textContent = `${tool.arguments}\n\n${tool.result}`;
  });
}

const ACTIONS: Record<string, [string, (one: Shown) => void][]> = {
  user: [["Edit", (one) => editMessage(one)], ["Copy", (one) => api.postMessage({ type: "copy", text: one.message.text })]],
  assistant: [
    ["Retry", (one) => api.postMessage({ type: "retry", messageId: one.message.messageId })],
    ["Fork", (one) => api.postMessage({ type: "fork", messageId: one.message.messageId })],
    ["Subtasks", (one) => api.postMessage({ type: "extract", messageId: one.message.messageId, to: "subtasks" })],
    ["Result", (one) => api.postMessage({ type: "extract", messageId: one.message.messageId, to: "result" })],
    ["Copy", (one) => api.postMessage({ type: "copy", text: one.message.text })],
  ],
  system: [],
};
const TITLES: Record<string, string> = {
  Edit: "Say it anew, on a branch beside this one",
  Retry: "Answer anew, beside this answer",
  Fork: "Go on from here",
  Subtasks: "Write the list of this message into the outline, as subtasks",
  Result: "Write this as the task's result",
  Copy: "Copy the message",
};

function actions(one: Shown, article: HTMLElement): void {
  const place_ = article.querySelector<HTMLElement>(":scope > header > .actions");
  if (place_ === null) {
    return;
  }
  const open_ = one.message.ending === "open";
  const wanted = open_ ? "" : one.message.speaker + (one.message.variants ?? []).join();
  if (place_.dataset["for"] === wanted) {
    return;
  }
  place_.dataset["for"] = wanted;
  place_.replaceChildren();
  if (open_) {
    return;
  }
  const variants = one.message.variants ?? [];
  if (variants.length > 1) {
    const at = variants.indexOf(one.message.messageId);
    const step = (label: string, title: string, to: string | undefined): HTMLButtonElement => {
      const button = buttonOf(label, title, () => to !== undefined && api.postMessage({ type: "select", messageId: to }));
      button.disabled = to === undefined;
      return button;
    };
    const words = document.createElement("span");
    words.textContent = `${at + 1}/${variants.length}`;
    place_.append(step("‹", "The one before", variants[at - 1]), words, step("›", "The next one", variants[at + 1]));
  }
  for (const [label, does] of ACTIONS[one.message.speaker] ?? []) {
    place_.append(buttonOf(label, TITLES[label] ?? label, () => does(one)));
  }
}

function buttonOf(label: string, title: string, does: () => unknown): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.title = title;
  button.setAttribute("aria-label", `${label}: ${title}`);
  button.addEventListener("click", () => void does());
  return button;
}

function prepend(messages: ChatMessage[], left: number): void {
  asking = false;
  earlier = left;
  const height = log.scrollHeight;
  const rows = messages.map((message) => ({ message: { ...message }, thought: message.thoughts ?? "", note: "", usage: "", element: undefined, settled: 0 }));
  shown.unshift(...rows);
  for (const row of rows) {
    byId.set(row.message.messageId, row);
  }
  frame.prepend(rows.length);
  first += rows.length;
  end += rows.length;
  draw();
  log.scrollTop += log.scrollHeight - height;
  draw();
}

log.addEventListener("scroll", () => {
  draw();
  const [oldest] = shown;
  if (log.scrollTop < 200 && earlier > 0 && !asking && oldest !== undefined) {
    asking = true;
    api.postMessage({ type: "page", before: oldest.message.messageId });
  }
});
window.addEventListener("resize", draw);

// --- writing -----------------------------------------------------------------------------------------------------------

function busy(): void {
  const last = shown.at(-1);
  const writing = last?.message.ending === "open" || opened?.conversation.kind === "attempt";
  const open_ = last?.message.ending === "open";
  stop.hidden = !open_;
  send.hidden = open_ && opened?.conversation.kind !== "attempt";
  box.placeholder = writing && opened?.conversation.kind === "attempt" ? "Correct the next step…" : "Write about this task… (Enter sends, Shift+Enter is a new line)";
}

function say(): void {
  const text = box.value;
  if (text.trim() === "" || send.hidden) {
    return;
  }
  api.postMessage({ type: "send", text, replaces });
  replaces = null;
  box.value = "";
  fit();
  remember();
}

function editMessage(one: Shown): void {
  box.value = one.message.text;
  replaces = one.message.messageId;
  tell("You say this message anew; the old one stays beside it.", "");
  fit();
  box.focus();
}

function fit(): void {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 240)}px`;
}

/** Kept outside, half a second after the last key: the page may be gone at any time. */
function remember(): void {
  clearTimeout(keeping);
  keeping = setTimeout(() => api.postMessage({ type: "draft", text: box.value }), 300);
}

box.addEventListener("input", () => {
  fit();
  remember();
});
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    say();
  } else if (event.key === "Escape" && replaces !== null) {
    replaces = null;
    box.value = "";
    tell("", "");
    fit();
  }
});
send.addEventListener("click", say);
stop.addEventListener("click", () => api.postMessage({ type: "cancel" }));
model.addEventListener("click", () => api.postMessage({ type: "model" }));
element("attach").addEventListener("click", () => api.postMessage({ type: "attach" }));
element("context").addEventListener("click", () => api.postMessage({ type: "context" }));
element("task").addEventListener("click", () => api.postMessage({ type: "task" }));

function showAttached(names: string[]): void {
  attached.replaceChildren(
    ...names.map((name, index) => buttonOf(`${name} ×`, `Leave ${name} out`, () => api.postMessage({ type: "detach", index }))),
  );
}

function tell(text: string, kind: string, offer = ""): void {
  banner.replaceChildren(document.createTextNode(text));
  banner.className = kind;
  banner.hidden = text === "";
  if (offer !== "") {
    banner.append(" ", buttonOf(offer, "A new conversation that begins with what came of this one", () => api.postMessage({ type: "restart" })));
  }
}

// --- in messages ---------------------------------------------------------------------------------------------------------

function act(target: HTMLElement): void {
  const button = target.closest<HTMLElement>("button[data-do]");
  if (button !== null) {
    const text = button.closest("figure")?.querySelector("code")?.textContent ?? "";
    api.postMessage(button.dataset["do"] === "insert" ? { type: "insert", text } : { type: "copy", text });
    return;
  }
  const href = target.closest<HTMLElement>("a[data-href]")?.dataset["href"];
  if (href !== undefined) {
    api.postMessage({ type: "open", href });
  }
}
list.addEventListener("click", (event) => act(event.target as HTMLElement));
list.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.target as HTMLElement).matches("a[data-href]")) {
    act(event.target as HTMLElement);
  }
});

// --- finding -------------------------------------------------------------------------------------------------------------

let hit = -1;
window.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "f") {
    event.preventDefault();
    element("finding").hidden = false;
    search.focus();
    search.select();
  }
});
search.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    element("finding").hidden = true;
    box.focus();
  } else if (event.key === "Enter") {
    find(event.shiftKey ? -1 : 1);
  }
});

function find(step: number): void {
  const wanted = search.value.toLowerCase();
  const hits = wanted === "" ? [] : shown.flatMap((one, index) => (one.message.text.toLowerCase().includes(wanted) ? [index] : []));
  if (hits.length === 0) {
    found.textContent = "nothing";
    return;
  }
  const next = step > 0 ? hits.find((index) => index > hit) : hits.findLast((index) => index < hit);
  hit = next ?? (step > 0 ? hits[0] : hits.at(-1)) ?? -1;
  found.textContent = `${hits.indexOf(hit) + 1} of ${hits.length}`;
  let top = 0;
  const stretch = frame.at(0, 0);
  place(stretch);
  for (let index = 0; index < hit; index += 1) {
    top += shown[index]?.element?.offsetHeight ?? 120;
  }
  log.scrollTop = top;
  draw();
  shown[hit]?.element?.scrollIntoView({ block: "center" });
  list.querySelectorAll(".hit").forEach((one) => one.classList.remove("hit"));
  shown[hit]?.element?.classList.add("hit");
}

api.postMessage({ type: "ready" });
