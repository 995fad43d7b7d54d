/** Parts of the page that `chat/page.ts` writes, and the one way out of it. */

import type { FromPage } from "../chat/messages";

interface Api {
  postMessage(message: FromPage): void;
  setState(state: { conversationId: string }): void;
}
declare function acquireVsCodeApi(): Api;

export const api = acquireVsCodeApi();

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) {
    throw new Error(`The page has no #${id}.`);
  }
  return found;
}

export function buttonOf(label: string, title: string, does: () => unknown): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.title = title;
  button.setAttribute("aria-label", `${label}: ${title}`);
  button.addEventListener("click", () => void does());
  return button;
}

/** One line above the box: why something was refused, what to do about a long conversation. */
export function tell(text: string, kind: string, offer?: HTMLButtonElement): void {
  const banner = element("banner");
  banner.replaceChildren(document.createTextNode(text));
  banner.className = kind;
  banner.hidden = text === "";
  if (offer !== undefined) {
    banner.append(" ", offer);
  }
}
