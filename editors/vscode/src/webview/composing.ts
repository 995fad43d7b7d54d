/** The box to write in: what is written is kept outside, so that it outlives the page. */

import type { Shown } from "./message";
import { api, buttonOf, element, tell } from "./page";

const KEEP_PAUSE = 300;
const TALLEST = 240;

export class Composing {
  private readonly box = element("box") as HTMLTextAreaElement;
  private readonly send = element("send") as HTMLButtonElement;
  private readonly stop = element("stop") as HTMLButtonElement;
  private readonly attached = element("attached");
  private replaces: string | null = null;
  private keeping: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.box.addEventListener("input", () => {
      this.fit();
      this.remember();
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.say();
      } else if (event.key === "Escape" && this.replaces !== null) {
        this.replaces = null;
        this.box.value = "";
        tell("", "");
        this.fit();
      }
    });
    this.send.addEventListener("click", () => this.say());
    this.stop.addEventListener("click", () => api.postMessage({ type: "cancel" }));
    for (const type of ["attach", "model", "context", "task"] as const) {
      element(type).addEventListener("click", () => api.postMessage({ type }));
    }
  }

  /** What was written before, unless something is being written now. */
  restore(draft: string): void {
    if (this.box.value === "" && this.replaces === null && draft !== "") {
      this.box.value = draft;
      this.fit();
    }
  }

  /** `attempt`: of a run, where a message is a correction and may be sent while an answer is written. */
  busy(open: boolean, attempt: boolean): void {
    this.stop.hidden = !open;
    this.send.hidden = open && !attempt;
    this.box.placeholder = attempt ? "Correct the next step…" : "Write about this task… (Enter sends, Shift+Enter is a new line)";
  }

  edit(one: Shown): void {
    this.box.value = one.message.text;
    this.replaces = one.message.messageId;
    tell("You say this message anew; the old one stays beside it.", "");
    this.fit();
    this.box.focus();
  }

  showAttached(names: readonly string[]): void {
    this.attached.replaceChildren(
      ...names.map((name, index) => buttonOf(`${name} ×`, `Leave ${name} out`, () => api.postMessage({ type: "detach", index }))),
    );
  }

  focus(): void {
    this.box.focus();
  }

  private say(): void {
    const text = this.box.value;
    if (text.trim() === "" || this.send.hidden) {
      return;
    }
    api.postMessage({ type: "send", text, replaces: this.replaces });
    this.replaces = null;
    this.box.value = "";
    this.fit();
    this.remember();
  }

  private fit(): void {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, TALLEST)}px`;
  }

  /** A moment after the last key: the page may be gone at any time. */
  private remember(): void {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => api.postMessage({ type: "draft", text: this.box.value }), KEEP_PAUSE);
  }
}
