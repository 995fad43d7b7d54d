/**
 * One message as an element of the page: made once, and filled again while its text grows.
 *
 * Only the last block of a text is rendered again; blocks that are settled stay as they are.
 */

import { settledEnd } from "../chat/growing";
import { endingWords, usageWords } from "../chat/words";
import { fixOf } from "../fixes";
import type { ChatMessage } from "../generated/protocol";
import { render } from "./markdown";
import { api, buttonOf } from "./page";

export interface Shown {
  message: ChatMessage;
  thought: string;
  note: string;
  usage: string;
  element: HTMLElement | undefined;
  /** Of the text: up to where it is rendered for good. */
  settled: number;
}

export function shownOf(message: ChatMessage): Shown {
  const usage = message.used == null ? "" : usageWords(message.used);
  return { message: { ...message }, thought: message.thoughts ?? "", note: "", usage, element: undefined, settled: 0 };
}

/** `edit`: the person wants to say a message anew. */
export type Edit = (one: Shown) => void;

export function make(one: Shown, edit: Edit): HTMLElement {
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
  const parts = ["thought", "tools", "body", "tail", "foot"].map((part_) => {
    const made = document.createElement("div");
    made.className = part_;
    return made;
  });
  article.append(head, ...parts);
  fill(one, article, edit);
  return article;
}

export function fill(one: Shown, article: HTMLElement, edit: Edit): void {
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
    message.ending === "open" ? one.note : endingWords(message),
    (message.attached ?? []).map((file) => `Attached: ${file.name}`).join(", "),
    one.usage,
  ].filter((words) => words !== "");
  part(article, "foot").textContent = foot.join(" · ");
  part(article, "foot").classList.toggle("error", message.ending === "error");
  const fix = message.ending === "error" ? fixOf(message.reason ?? "") : undefined;
  if (fix !== undefined) {
    part(article, "foot").append(" ", buttonOf(fix.label, "Do what this needs", () => api.postMessage({ type: "mend", text: message.reason ?? "" })));
  }
  actions(one, article, edit);
}

function part(article: HTMLElement, name: string): HTMLElement {
  return article.querySelector<HTMLElement>(`:scope > .${name}`) ?? article;
}

function fold(place: HTMLElement, title: string, text: string): void {
  if (text === "") {
    return;
  }
  let details = place.querySelector("details");
  if (details === null) {
    details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = title;
    const body = document.createElement("p");
    details.append(summary, body);
    place.append(details);
  }
  (details.lastElementChild as HTMLElement).textContent = text;
}

function foldTools(place: HTMLElement, one: Shown): void {
  (one.message.tools ?? []).forEach((tool, index) => {
    let details = place.children[index] as HTMLDetailsElement | undefined;
    if (details === undefined) {
      details = document.createElement("details");
      details.append(document.createElement("summary"), document.createElement("pre"));
      (details.lastElementChild as HTMLElement).tabIndex = 0;
      place.append(details);
    }
    const state = tool.failed ? "failed" : tool.result === "" ? "…" : "done";
    (details.firstElementChild as HTMLElement).textContent = `${tool.tool} · ${state}`;
    (details.lastElementChild as HTMLElement).textContent = `${tool.arguments}\n\n${tool.result}`;
  });
}

interface Action {
  label: string;
  title: string;
  does(one: Shown, edit: Edit): void;
}
const COPY: Action = {
  label: "Copy",
  title: "Copy the message",
  does: (one) => api.postMessage({ type: "copy", text: one.message.text }),
};
const ACTIONS: Record<ChatMessage["speaker"], Action[]> = {
  user: [{ label: "Edit", title: "Say it anew, on a branch beside this one", does: (one, edit) => edit(one) }, COPY],
  assistant: [
    { label: "Retry", title: "Answer anew, beside this answer", does: (one) => api.postMessage({ type: "retry", messageId: one.message.messageId }) },
    { label: "Fork", title: "Go on from here", does: (one) => api.postMessage({ type: "fork", messageId: one.message.messageId }) },
    { label: "Subtasks", title: "Write the list of this message into the outline, as subtasks", does: (one) => extract(one, "subtasks") },
    { label: "Description", title: "Add this, or what is selected of it, to the task's description", does: (one) => extract(one, "description") },
    { label: "Result", title: "Write this, or what is selected of it, as the task's result", does: (one) => extract(one, "result") },
    COPY,
  ],
  system: [],
};

/** A list is taken as it was written; of the rest what is selected. */
function extract(one: Shown, to: "subtasks" | "description" | "result"): void {
  const selection = document.getSelection();
  const inside = selection !== null && one.element?.contains(selection.anchorNode) === true && one.element.contains(selection.focusNode);
  const words = inside && to !== "subtasks" ? selection.toString().trim() : "";
  api.postMessage({ type: "extract", messageId: one.message.messageId, to, text: words === "" ? null : words });
}

function actions(one: Shown, article: HTMLElement, edit: Edit): void {
  const place = article.querySelector<HTMLElement>(":scope > header > .actions");
  if (place === null) {
    return;
  }
  const open = one.message.ending === "open";
  const wanted = open ? "" : one.message.speaker + (one.message.variants ?? []).join();
  if (place.dataset["for"] === wanted) {
    return;
  }
  place.dataset["for"] = wanted;
  place.replaceChildren();
  if (open) {
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
    place.append(step("‹", "The one before", variants[at - 1]), words, step("›", "The next one", variants[at + 1]));
  }
  for (const action of ACTIONS[one.message.speaker]) {
    // A click would take the selection away before it is read.
    const button = buttonOf(action.label, action.title, () => action.does(one, edit));
    button.addEventListener("mousedown", (event) => event.preventDefault());
    place.append(button);
  }
}
