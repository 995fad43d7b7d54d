/** Where an id stands in a line, for dimming it. The server's colours say what a line really is. */

const TASK_LINE = /^\s*(?:[-*+]|\d{1,9}[.)])\s+\[[^\]]\]\s.*?\s(\^[A-Za-z0-9-]+)\s*$/;

export function idSpan(line: string): { start: number; end: number } | undefined {
  const id = TASK_LINE.exec(line)?.[1];
  if (id === undefined) {
    return undefined;
  }
  const start = line.lastIndexOf(id);
  return { start, end: start + id.length };
}
