/** Finding text in the whole conversation, loaded or not: the server knows where it stands, the list shows it. */

import type { MessageList } from "./list";
import { api, element } from "./page";

export class Finding {
  private readonly bar = element("finding");
  private readonly box = element("search") as HTMLInputElement;
  private readonly told = element("found");
  private text = "";
  /** Ids of messages, the oldest first. */
  private hits: string[] = [];
  private at = -1;

  /** `load`: have messages up to this one, then say `loaded`. */
  constructor(
    private readonly list: MessageList,
    private readonly load: (messageId: string) => void,
    private readonly leave: () => void,
  ) {
    window.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "f") {
        event.preventDefault();
        this.open();
      }
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.close();
      } else if (event.key === "Enter") {
        this.step(event.shiftKey ? 1 : -1);
      }
    });
    element("older").addEventListener("click", () => this.step(-1));
    element("newer").addEventListener("click", () => this.step(1));
    element("find").addEventListener("click", () => (this.bar.hidden ? this.open() : this.close()));
  }

  /** The server's answer. */
  found(text: string, messages: string[]): void {
    if (text !== this.text) {
      return;
    }
    this.hits = messages;
    this.at = messages.length;
    if (messages.length === 0) {
      this.told.textContent = "not found";
      unmark();
    } else {
      this.step(-1);
    }
  }

  /** More messages are in the list now. */
  loaded(): void {
    if (!this.bar.hidden && this.at >= 0) {
      this.show();
    }
  }

  private open(): void {
    this.bar.hidden = false;
    this.box.focus();
    this.box.select();
  }

  private close(): void {
    this.bar.hidden = true;
    this.text = "";
    this.hits = [];
    this.at = -1;
    this.told.textContent = "";
    unmark();
    this.leave();
  }

  /** Towards the older ones first: whoever asks sees the end of the conversation. */
  private step(by: 1 | -1): void {
    const wanted = this.box.value.trim();
    if (wanted === "") {
      return;
    }
    if (wanted !== this.text) {
      this.text = wanted;
      this.at = -1;
      this.told.textContent = "…";
      api.postMessage({ type: "find", text: wanted });
      return;
    }
    if (this.hits.length > 0) {
      this.at = (this.at + by + this.hits.length) % this.hits.length;
      this.told.textContent = `${this.at + 1} of ${this.hits.length}`;
      this.show();
    }
  }

  private show(): void {
    const hit = this.hits[this.at];
    if (hit === undefined) {
      return;
    }
    if (this.list.get(hit) === undefined) {
      this.load(hit);
      return;
    }
    const article = this.list.reveal(hit);
    unmark();
    if (article !== undefined) {
      article.classList.add("hit");
      mark(article, this.text);
    }
  }
}

/** The words themselves, in the editor's own colour, without touching the text. */
function mark(article: HTMLElement, text: string): void {
  const wanted = text.toLowerCase();
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const words = (node.textContent ?? "").toLowerCase();
    for (let at = words.indexOf(wanted); at >= 0; at = words.indexOf(wanted, at + wanted.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, Math.min(at + wanted.length, node.textContent?.length ?? 0));
      ranges.push(range);
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
  ranges[0]?.startContainer.parentElement?.scrollIntoView({ block: "center" });
}

function unmark(): void {
  CSS.highlights.delete("found");
  document.querySelectorAll(".hit").forEach((one) => one.classList.remove("hit"));
}
