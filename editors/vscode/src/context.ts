/** What commands and views share: made once in `activate`, disposed of with the extension. */

import type * as vscode from "vscode";

import type { CodeEdits } from "./chat/code";
import type { Chats } from "./chat/panel";
import type { Proposals } from "./ghosts/model";
import type { Splits } from "./ghosts/split";
import type { GhostThreads } from "./ghosts/threads";
import type { Live } from "./live";
import type { ServerControl } from "./server/control";
import type { TaskTree } from "./tree/view";
import type { Inbox } from "./views/inbox";
import type { ProposedFiles } from "./views/proposed_files";
import type { ShownTexts } from "./views/shown";

export interface Context {
  readonly extension: vscode.ExtensionContext;
  readonly server: ServerControl;
  readonly live: Live;
  readonly proposals: Proposals;
  readonly threads: GhostThreads;
  readonly splits: Splits;
  readonly tree: TaskTree;
  readonly inbox: Inbox;
  readonly files: ProposedFiles;
  readonly texts: ShownTexts;
  readonly chats: Chats;
  /** Code of conversations that is shown as an edit. */
  readonly code: CodeEdits;
  /** The page of figures, while it is open. */
  readonly metrics: { panel: vscode.WebviewPanel | undefined };
}
