/**
 * Which of many messages are in the page: a stretch around what is on the screen, and room for the rest.
 *
 * Apart from the page so that it can be tested with ten thousand of them.
 *
 * Invariant: never more than `MOST` messages are in the page ("ten thousand messages").
 */

export const MOST = 80;
const BESIDE = 20;
const GUESS = 120;

export interface Stretch {
  first: number;
  /** Behind the last. */
  end: number;
  /** Pixels of what stands before and behind. */
  above: number;
  below: number;
}

export class MessageWindow {
  private readonly heights: number[] = [];

  get count(): number {
    return this.heights.length;
  }

  append(): void {
    this.heights.push(0);
  }

  prepend(count: number): void {
    this.heights.unshift(...Array.from({ length: count }, () => 0));
  }

  /** The first ones are gone. */
  forget(count: number): void {
    this.heights.splice(0, count);
  }

  measured(index: number, height: number): void {
    if (index < this.heights.length) {
      this.heights[index] = height;
    }
  }

  clear(): void {
    this.heights.length = 0;
  }

  /** For what is scrolled to. */
  at(top: number, height: number): Stretch {
    let first = 0;
    let offset = 0;
    while (first < this.count && offset + this.heightOf(first) < top) {
      offset += this.heightOf(first);
      first += 1;
    }
    let end = first;
    let seen = offset;
    while (end < this.count && seen < top + height && end - first < MOST - 2 * BESIDE) {
      seen += this.heightOf(end);
      end += 1;
    }
    return this.stretch(first - BESIDE, end + BESIDE);
  }

  /** Around one of them. */
  around(index: number): Stretch {
    return this.stretch(index - BESIDE, index + BESIDE);
  }

  /** The last ones. */
  atEnd(): Stretch {
    return this.stretch(this.count - MOST, this.count);
  }

  private stretch(first: number, end: number): Stretch {
    const from = Math.max(0, first);
    const to = Math.min(this.count, Math.max(end, from));
    return { first: from, end: to, above: this.sum(0, from), below: this.sum(to, this.count) };
  }

  private sum(first: number, end: number): number {
    let sum = 0;
    for (let index = first; index < end; index += 1) {
      sum += this.heightOf(index);
    }
    return sum;
  }

  private heightOf(index: number): number {
    const height = this.heights[index] ?? 0;
    return height === 0 ? GUESS : height;
  }
}
