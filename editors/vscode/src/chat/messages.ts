/**
 * What the chat's page and the extension say to each other, and the check of everything that comes from the page.
 *
 * The page shows text that a model wrote: what it sends is treated as if that text had written it.
 *
 * Invariant: nothing but these messages gets through, with strings no longer than they may be
 * ("anything else from the page is dropped").
 */

import type { ChatBill, ChatMessage, ChatOpenResult, ChatSize, ChatUpdateParams } from "../generated/protocol";

export type ToPage =
  | { type: "open"; opened: ChatOpenResult; draft: string }
  | { type: "update"; update: ChatUpdateParams }
  | { type: "page"; messages: ChatMessage[]; earlier: number }
  | { type: "found"; text: string; messages: string[] }
  | { type: "measured"; size: ChatSize | null; bill: ChatBill | null }
  | { type: "attached"; names: string[] }
  | { type: "refused"; text: string; draft: string }
  | { type: "offline"; text: string };

export type FromPage =
  | { type: "ready" }
  | { type: "send"; text: string; replaces: string | null }
  | { type: "draft"; text: string }
  | { type: "cancel" }
  | { type: "retry"; messageId: string }
  | { type: "fork"; messageId: string }
  | { type: "select"; messageId: string }
  /** `text`: only this part of it, as it was selected. */
  | { type: "extract"; messageId: string; to: "subtasks" | "description" | "result"; text: string | null }
  /** `upTo`: not one page, but all up to this message. */
  | { type: "page"; before: string; upTo: string | null }
  | { type: "find"; text: string }
  | { type: "copy"; text: string }
  | { type: "insert"; text: string }
  /** `file`: as the message names it, which may be nonsense. */
  | { type: "apply"; text: string; file: string }
  | { type: "open"; href: string }
  /** Do what this text of an error asks for. */
  | { type: "mend"; text: string }
  | { type: "attach" }
  | { type: "detach"; index: number }
  | { type: "model" }
  | { type: "restart" }
  | { type: "context" }
  | { type: "task" };

const LONGEST = 400_000;
const ID = /^[\w.:-]{1,128}$/;

export function fromPage(value: unknown): FromPage | undefined {
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const said = value as Record<string, unknown>;
  const text = (key: string, most = LONGEST): string | undefined => {
    const found = said[key];
    return typeof found === "string" && found.length <= most ? found : undefined;
  };
  const id = (key: string): string | undefined => {
    const found = text(key, 128);
    return found !== undefined && ID.test(found) ? found : undefined;
  };
  switch (said["type"]) {
    case "ready":
    case "cancel":
    case "attach":
    case "model":
    case "restart":
    case "context":
    case "task":
      return { type: said["type"] };
    case "send": {
      const words = text("text");
      const replaces = said["replaces"] === null ? null : id("replaces");
      return words === undefined || words.trim() === "" || replaces === undefined ? undefined : { type: "send", text: words, replaces };
    }
    case "retry":
    case "fork":
    case "select": {
      const messageId = id("messageId");
      return messageId === undefined ? undefined : { type: said["type"], messageId };
    }
    case "extract": {
      const messageId = id("messageId");
      const to = said["to"];
      const words = said["text"] === null ? null : text("text");
      return messageId !== undefined && words !== undefined && (to === "subtasks" || to === "description" || to === "result")
        ? { type: "extract", messageId, to, text: words }
        : undefined;
    }
    case "page": {
      const before = id("before");
      const upTo = said["upTo"] === null ? null : id("upTo");
      return before === undefined || upTo === undefined ? undefined : { type: "page", before, upTo };
    }
    case "find": {
      const words = text("text", 1000);
      return words === undefined || words === "" ? undefined : { type: "find", text: words };
    }
    case "apply": {
      const words = text("text");
      const file = text("file", 1024);
      return words === undefined || file === undefined ? undefined : { type: "apply", text: words, file };
    }
    case "mend":
    case "draft":
    case "copy":
    case "insert": {
      const words = text("text");
      return words === undefined ? undefined : { type: said["type"], text: words };
    }
    case "open": {
      const href = text("href", 2048);
      return href === undefined ? undefined : { type: "open", href };
    }
    case "detach": {
      const index = said["index"];
      return typeof index === "number" && Number.isInteger(index) && index >= 0 && index < 100 ? { type: "detach", index } : undefined;
    }
    default:
      return undefined;
  }
}

export type Link = { kind: "web"; address: string } | { kind: "file"; path: string; line: number } | { kind: "task"; id: string };

/** Where a link in a message may lead: http(s), a file of the workspace, a task. Anything else leads nowhere. */
export function linkOf(href: string): Link | undefined {
  if (/^https?:\/\//i.test(href)) {
    return { kind: "web", address: href };
  }
  const task = /^#?\^([A-Za-z0-9-]{1,64})$/.exec(href)?.[1];
  if (task !== undefined) {
    return { kind: "task", id: task };
  }
  const file = /^(?:\.\/)?([^:#?\\]+?)(?:[:#]L?(\d+).*)?$/.exec(href);
  const path = file?.[1];
  if (path === undefined || path.startsWith("/") || path.split("/").includes("..")) {
    return undefined;
  }
  return { kind: "file", path, line: Number.parseInt(file?.[2] ?? "1", 10) };
}
