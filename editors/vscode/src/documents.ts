/**
 * Documents under `orchestrator:`, which are in no file: what each is called, and what can be done from it.
 *
 * Apart from the editor because it is a table. The server has the texts (docs/reference/virtual-documents.md).
 */

export type DocumentKind = "conversation" | "run" | "prompt" | "context" | "call";

export interface Address {
  kind: DocumentKind;
  name: string;
  /** Of a prompt; empty: the one that ships. */
  version: string;
}

export const DOCUMENT_SCHEME = "orchestrator";

/** Of the path of a URI: "/prompt/plan@0123456789ab.md". */
export function addressOf(path: string): Address | undefined {
  const found = /^\/*(conversation|run|prompt|context|call)\/([\w.-]+?)(?:@([0-9a-f]{12}))?(?:\.md)?$/.exec(path);
  return found === null ? undefined : { kind: found[1] as DocumentKind, name: found[2] ?? "", version: found[3] ?? "" };
}

export function pathOf(kind: DocumentKind, name: string): string {
  return `/${kind}/${name}.md`;
}

export interface Offer {
  title: string;
  /** Without the prefix of the extension. */
  command: string;
  args: unknown[];
}

/** What stands above the text as links. */
export function offersOf({ kind, name }: Address): Offer[] {
  const again: Offer = { title: "$(refresh) Refresh", command: "documents.refresh", args: [] };
  const talk: Offer = { title: "$(comment-discussion) Open Conversation", command: "chats.open", args: [name] };
  switch (kind) {
    case "conversation":
      return [talk, { title: "$(list-unordered) Context", command: "documents.open", args: ["context", name] }, again];
    case "context":
      return [talk, { title: "$(book) As Text", command: "documents.open", args: ["conversation", name] }, again];
    case "prompt":
      return promptOffers(name);
    case "run":
      return [again];
    case "call":
      return [];
  }
}

/** Also above a prompt's own file. */
export function promptOffers(name: string, isFile = false): Offer[] {
  return [
    ...(isFile ? [] : [{ title: "$(edit) Edit", command: "prompts.edit", args: [name] }]),
    { title: "$(history) Versions…", command: "prompts.versions", args: [name] },
    { title: "$(diff) Compare with Its Origin", command: "prompts.diff", args: [name] },
    { title: "$(beaker) Try on a Task…", command: "prompts.test", args: [name] },
  ];
}

/** The name of the prompt that this file is; undefined: it is none. */
export function promptOfFile(path: string, head: string): string | undefined {
  const name = /\/prompts\/([a-z][\w-]*)\.md$/i.exec(path)?.[1];
  return name !== undefined && /^---\r?\n/.test(head) && /^role:/m.test(head) ? name : undefined;
}
