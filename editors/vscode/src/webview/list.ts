/**
 * The messages of the conversation, of which a stretch around the screen is in the page.
 *
 * Invariant: text that comes is appended once per frame, however many pieces came.
 * Invariant: what is read stays where it is while messages come, grow or are loaded above it
 * (test_who_reads_further_up_is_left_there, test_old_messages_are_forgotten_at_the_end_and_asked_for_again).
 */

import { MessageWindow } from "../chat/window";
import type { ChatMessage } from "../generated/protocol";
import { type Edit, fill, make, type Shown, shownOf } from "./message";
import { element } from "./page";

const GAP = 12;
/** Pixels from the end within which the list stays at its end. */
const STICKS = 40;
/** Whoever reads at the end has no more messages than that in memory, and so many when there were more. */
const MOST = 600;
const KEPT = 400;

interface Read {
  one: Shown;
  top: number;
}

export class MessageList {
  private readonly log = element("log");
  private readonly list = element("messages");
  private readonly empty = element("empty");
  private readonly above = element("above");
  private readonly below = element("below");
  private readonly frame = new MessageWindow();
  private readonly shown: Shown[] = [];
  private readonly byId = new Map<string, Shown>();
  private readonly grown = new Set<Shown>();
  private first = 0;
  private end = 0;
  private due = false;

  /** `wanted`: the person scrolled up to where messages are missing. */
  constructor(
    private readonly edit: Edit,
    private readonly wanted: () => void,
  ) {
    this.log.addEventListener("scroll", () => {
      this.draw();
      if (this.log.scrollTop < 200) {
        this.wanted();
      }
    });
    window.addEventListener("resize", () => this.draw());
  }

  get last(): Shown | undefined {
    return this.shown.at(-1);
  }

  get oldest(): Shown | undefined {
    return this.shown[0];
  }

  get(messageId: string): Shown | undefined {
    return this.byId.get(messageId);
  }

  fill(messages: readonly ChatMessage[]): void {
    this.shown.length = 0;
    this.byId.clear();
    this.frame.clear();
    this.list.replaceChildren();
    this.first = this.end = 0;
    for (const message of messages) {
      this.append(message);
    }
    this.empty.hidden = messages.length > 0;
    this.toEnd();
  }

  /** A message that comes now. The answer is how many old ones were forgotten: they are asked for again when they are wanted. */
  add(message: ChatMessage): number {
    const sticks = this.atEnd();
    this.empty.hidden = true;
    this.append(message);
    if (!sticks && message.speaker !== "user") {
      this.draw();
      return 0;
    }
    this.toEnd();
    return this.shown.length > MOST ? this.forget(this.shown.length - KEPT) : 0;
  }

  /** Its text, or what stands around it, is another one. */
  grow(one: Shown): void {
    this.grown.add(one);
    if (!this.due) {
      this.due = true;
      requestAnimationFrame(() => {
        this.due = false;
        const sticks = this.atEnd();
        const read = sticks ? undefined : this.read();
        for (const each of this.grown) {
          if (each.element !== undefined) {
            fill(each, each.element, this.edit);
          }
        }
        this.grown.clear();
        if (sticks) {
          this.log.scrollTop = this.log.scrollHeight;
        } else {
          this.backTo(read);
        }
      });
    }
  }

  prepend(messages: readonly ChatMessage[]): void {
    const read = this.read();
    const rows = messages.map(shownOf);
    this.shown.unshift(...rows);
    for (const row of rows) {
      this.byId.set(row.message.messageId, row);
    }
    this.frame.prepend(rows.length);
    this.first += rows.length;
    this.end += rows.length;
    this.place(this.frame.around(read === undefined ? this.first : this.shown.indexOf(read.one)));
    this.backTo(read);
  }

  /** Bring it to the middle of the screen. */
  reveal(messageId: string): HTMLElement | undefined {
    const index = this.shown.findIndex((one) => one.message.messageId === messageId);
    if (index < 0) {
      return undefined;
    }
    this.place(this.frame.around(index));
    const article = this.shown[index]?.element;
    article?.scrollIntoView({ block: "center" });
    this.draw();
    return this.shown[index]?.element;
  }

  private forget(count: number): number {
    for (const one of this.shown.splice(0, count)) {
      one.element?.remove();
      this.byId.delete(one.message.messageId);
    }
    this.frame.forget(count);
    this.first = Math.max(0, this.first - count);
    this.end = Math.max(0, this.end - count);
    this.toEnd();
    return count;
  }

  private append(message: ChatMessage): void {
    const one = shownOf(message);
    this.shown.push(one);
    this.byId.set(message.messageId, one);
    this.frame.append();
  }

  private atEnd(): boolean {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < STICKS;
  }

  private toEnd(): void {
    this.place(this.frame.atEnd());
    this.log.scrollTop = this.log.scrollHeight;
  }

  private draw(): void {
    const read = this.read();
    this.place(this.frame.at(this.log.scrollTop, this.log.clientHeight));
    this.backTo(read);
  }

  /** The first message on the screen, and where it is: what stands above it may come to be of another height. */
  private read(): Read | undefined {
    const { top } = this.log.getBoundingClientRect();
    for (let index = this.first; index < this.end; index += 1) {
      const one = this.shown[index];
      const place = one?.element?.getBoundingClientRect();
      if (one !== undefined && place !== undefined && place.bottom > top) {
        return place.top < top + this.log.clientHeight ? { one, top: place.top } : undefined;
      }
    }
    return undefined;
  }

  private backTo(read: Read | undefined): void {
    const moved = read?.one.element === undefined ? 0 : read.one.element.getBoundingClientRect().top - read.top;
    if (moved !== 0) {
      this.log.scrollTop += moved;
    }
  }

  private place(stretch: { first: number; end: number; above: number; below: number }): void {
    for (let index = this.first; index < this.end; index += 1) {
      if (index < stretch.first || index >= stretch.end) {
        const one = this.shown[index];
        one?.element?.remove();
        if (one !== undefined) {
          one.element = undefined;
          one.settled = 0;
        }
      }
    }
    let before: HTMLElement | null = null;
    for (let index = stretch.end - 1; index >= stretch.first; index -= 1) {
      const one = this.shown[index];
      if (one === undefined) {
        continue;
      }
      if (one.element === undefined) {
        one.element = make(one, this.edit);
        this.list.insertBefore(one.element, before);
      }
      before = one.element;
    }
    this.first = stretch.first;
    this.end = stretch.end;
    this.above.style.height = `${stretch.above}px`;
    this.below.style.height = `${stretch.below}px`;
    for (let index = this.first; index < this.end; index += 1) {
      const height = this.shown[index]?.element?.offsetHeight ?? 0;
      if (height > 0) {
        this.frame.measured(index, height + GAP);
      }
    }
  }
}
