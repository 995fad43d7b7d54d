/**
 * Code of a message as an edit of a file: which lines it stands for.
 *
 * Apart from the editor because it is a function of two texts. It is a guess, and whoever asks sees it as a preview
 * before anything is written.
 *
 * Invariant: a diff changes nothing unless every hunk of it fits ("a diff that does not fit is refused").
 */

export interface Fence {
  language: string;
  /** Empty where the fence names none. */
  file: string;
}

/** Lines `first` up to `end` become these. */
export interface Piece {
  first: number;
  end: number;
  lines: string[];
}

export class ApplyError extends Error {}

/** "python", "python ui/login.py", "python:ui/login.py" and `ts title="src/a.ts"`, as models write them. */
export function fenceOf(info: string): Fence {
  const [first = "", ...rest] = info.trim().split(/\s+/);
  const [language = "", ...behind] = first.split(":");
  const named = /^(?:title|file|filename|path)=(?:"([^"]*)"|'([^']*)'|(\S+))$/.exec(rest.join(" "));
  const file = behind.length > 0 ? behind.join(":") : named !== null ? (named[1] ?? named[2] ?? named[3] ?? "") : (rest[0] ?? "");
  return { language, file: /[./]/.test(file) && !/[=<>"'`{}]/.test(file) ? file : "" };
}

/** The file that a diff is about, if it says so. */
export function fileOfDiff(code: string): string {
  const named = /^\+\+\+ (?:b\/)?(\S+)/m.exec(code)?.[1] ?? "";
  return named === "/dev/null" ? "" : named;
}

export function isDiff(code: string): boolean {
  return /^@@ .*@@/m.test(code) && /^[+-]/m.test(code);
}

/** What the code replaces in a document; undefined: nothing of it is there, so it goes to the cursor. */
export function placed(document: readonly string[], code: string): Piece[] | undefined {
  if (isDiff(code)) {
    return hunksOf(code).map((hunk) => fitted(document, hunk));
  }
  const lines = code.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n");
  if (isMostOf(document, lines)) {
    return [{ first: 0, end: lastText(document) + 1, lines }];
  }
  const found = definition(document, lines);
  return found === undefined ? undefined : [found];
}

interface Hunk {
  near: number;
  before: string[];
  after: string[];
}

function hunksOf(code: string): Hunk[] {
  const hunks: Hunk[] = [];
  for (const line of code.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n")) {
    const head = /^@@(?: -(\d+))?/.exec(line);
    const hunk = hunks.at(-1);
    if (head !== null) {
      hunks.push({ near: Number.parseInt(head[1] ?? "1", 10) - 1, before: [], after: [] });
    } else if (hunk !== undefined && !line.startsWith("\\")) {
      const text = line.slice(1);
      if (!line.startsWith("+")) {
        hunk.before.push(text);
      }
      if (!line.startsWith("-")) {
        hunk.after.push(text);
      }
    }
  }
  return hunks;
}

/** Where the hunk's old lines stand: next to where it says, blanks at the ends of lines left out. */
function fitted(document: readonly string[], hunk: Hunk): Piece {
  const before = hunk.before.map((line) => line.trimEnd());
  const places = document
    .map((_, first) => first)
    .concat(document.length)
    .filter((first) => before.every((line, index) => document[first + index]?.trimEnd() === line))
    .sort((one, other) => Math.abs(one - hunk.near) - Math.abs(other - hunk.near));
  const [first] = places;
  if (first === undefined) {
    throw new ApplyError("The file is not what this diff was made for: its lines are not there (any more). Copy the code and place it by hand.");
  }
  return { first, end: first + before.length, lines: hunk.after };
}

/** Whether it is the file anew: most lines of the document are in it. */
function isMostOf(document: readonly string[], lines: readonly string[]): boolean {
  const text = (given: readonly string[]): Set<string> => new Set(given.map((line) => line.trim()).filter((line) => line !== ""));
  const [there, come] = [text(document), text(lines)];
  const kept = [...there].filter((line) => come.has(line)).length;
  return there.size > 0 && kept / there.size > 0.6;
}

/** The block of the document that begins as the code does, if there is exactly one. */
function definition(document: readonly string[], lines: readonly string[]): Piece | undefined {
  const opening = lines.findIndex((line) => line.trim() !== "");
  const head = lines[opening] ?? "";
  const next = lines.slice(opening + 1).find((line) => line.trim() !== "") ?? "";
  if (head.trim() === "" || indentOf(next).length <= indentOf(head).length) {
    return undefined; // it opens no block: where it belongs cannot be told by its first line
  }
  const places = document.flatMap((line, index) => (line.trim() === head.trim() ? [index] : []));
  const [first] = places;
  if (first === undefined || places.length > 1) {
    return undefined;
  }
  const indent = indentOf(document[first] ?? "");
  const more = indent.startsWith(indentOf(head)) ? indent.slice(indentOf(head).length) : "";
  return {
    first,
    end: blockEnd(document, first, indent),
    lines: lines.slice(opening).map((line) => (line.trim() === "" ? "" : more + line)),
  };
}

/** Behind the lines that are deeper, and the bracket that closes them. */
function blockEnd(document: readonly string[], first: number, indent: string): number {
  let end = first + 1;
  for (let line = first + 1; line < document.length; line += 1) {
    const text = document[line] ?? "";
    if (text.trim() === "") {
      continue;
    }
    const deeper = indentOf(text).length > indent.length;
    if (!deeper && !(indentOf(text) === indent && /^\s*(?:[)\]}]|end\b)/.test(text))) {
      break;
    }
    end = line + 1;
    if (!deeper) {
      break;
    }
  }
  return end;
}

function lastText(document: readonly string[]): number {
  return document.findLastIndex((line) => line.trim() !== "");
}

function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}
