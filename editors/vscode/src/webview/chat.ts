/** The chat's page: what the extension tells is shown, and what the person does is told to it. */

import type { ToPage } from "../chat/messages";
import { endingWords, usageWords } from "../chat/words";
import type { ChatOpenResult, ChatUpdateParams } from "../generated/protocol";
import { counted, money } from "../words";
import { Composing } from "./composing";
import { Finding } from "./finding";
import { MessageList } from "./list";
import { api, buttonOf, element, tell } from "./page";

const heading = element("title");
const meter = element("meter");
const status = element("status");
const model = element("model");

let opened: ChatOpenResult | undefined;
let earlier = 0;
let asking = false;
const composing = new Composing();
const list = new MessageList((one) => composing.edit(one), () => load(null));
const finding = new Finding(list, load, () => composing.focus());

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
      asking = false;
      earlier = said.earlier;
      list.prepend(said.messages);
      finding.loaded();
      break;
    case "found":
      finding.found(said.text, said.messages);
      break;
    case "measured":
      if (opened !== undefined) {
        opened.conversation.size = said.size;
        opened.conversation.bill = said.bill;
        showMeter();
      }
      break;
    case "attached":
      composing.showAttached(said.names);
      break;
    case "refused":
      asking = false;
      tell(said.text, "error");
      composing.restore(said.draft);
      break;
    case "offline":
      tell(said.text, "warning");
      break;
  }
});

function open(result: ChatOpenResult, draft: string): void {
  opened = result;
  earlier = result.earlier;
  asking = false;
  composing.restore(draft);
  list.fill(result.messages);
  heading.textContent = result.conversation.title;
  model.textContent = result.conversation.model === "" ? "Model: as set" : result.conversation.model;
  tell("", "");
  showMeter();
  busy();
  api.setState({ conversationId: result.conversation.conversationId });
}

/** How much of what a model can read is used, and what the answers cost so far. */
function showMeter(): void {
  const { size, bill } = opened?.conversation ?? {};
  const parts: string[] = [];
  if (size != null && size.tokens > 0) {
    parts.push(size.window == null ? counted(size.tokens, "token") : `${Math.round((100 * size.tokens) / size.window)} % of the context`);
  }
  if (bill != null && bill.calls > 0) {
    parts.push(money(bill.costUsd));
    meter.title = `${counted(bill.calls, "answer")}, ${counted(bill.tokens, "token")} read and written`;
  }
  meter.textContent = parts.join(" · ");
  meter.className = size?.fit ?? "";
  if (size != null && size.advice !== "") {
    const anew = buttonOf("Start Anew with a Brief", "A new conversation that begins with what came of this one", () => api.postMessage({ type: "restart" }));
    tell(size.advice, "warning", anew);
  }
}

function update(params: ChatUpdateParams): void {
  const { update: said, messageId } = params;
  if (said.kind === "message") {
    if (list.get(said.message.messageId) === undefined) {
      earlier += list.add(said.message);
      busy();
    }
    return;
  }
  const one = list.get(messageId);
  if (one === undefined) {
    return;
  }
  const { message } = one;
  switch (said.kind) {
    case "text":
      message.text += said.text;
      break;
    case "thought":
      one.thought += said.text;
      break;
    case "toolCall":
      message.tools = [...(message.tools ?? []), { callId: said.callId, tool: said.tool, arguments: said.arguments, result: "", failed: false }];
      break;
    case "toolResult":
      message.tools = (message.tools ?? []).map((tool) =>
        tool.callId === said.callId ? { ...tool, result: said.text, failed: said.failed } : tool,
      );
      break;
    case "note":
      one.note = said.text;
      break;
    case "usage":
      one.usage = usageWords(said);
      break;
    case "end":
      message.ending = said.stopReason;
      message.reason = said.reason ?? "";
      status.textContent = said.stopReason === "end" ? "The answer is complete." : endingWords(message);
      busy();
      break;
    default:
      return;
  }
  list.grow(one);
}

function busy(): void {
  composing.busy(list.last?.message.ending === "open", opened?.conversation.kind === "attempt");
}

/** Messages before those that are here: a page of them, or all up to the one that is wanted. */
function load(upTo: string | null): void {
  const before = list.oldest?.message.messageId;
  if (earlier > 0 && !asking && before !== undefined) {
    asking = true;
    api.postMessage({ type: "page", before, upTo });
  }
}

// --- in messages ---------------------------------------------------------------------------------------------------------

function act(target: HTMLElement): void {
  const button = target.closest<HTMLElement>("button[data-do]");
  if (button !== null) {
    const figure = button.closest<HTMLElement>("figure");
    const text = figure?.querySelector("code")?.textContent ?? "";
    switch (button.dataset["do"]) {
      case "insert":
        api.postMessage({ type: "insert", text });
        break;
      case "apply":
        api.postMessage({ type: "apply", text, file: figure?.dataset["file"] ?? "" });
        break;
      default:
        api.postMessage({ type: "copy", text });
    }
    return;
  }
  const href = target.closest<HTMLElement>("a[data-href]")?.dataset["href"];
  if (href !== undefined) {
    api.postMessage({ type: "open", href });
  }
}
const messages = element("messages");
messages.addEventListener("click", (event) => act(event.target as HTMLElement));
messages.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.target as HTMLElement).matches("a[data-href]")) {
    act(event.target as HTMLElement);
  }
});

api.postMessage({ type: "ready" });
