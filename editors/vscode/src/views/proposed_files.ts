/**
 * Edits that a model proposes, in the editor's own diff: what the files hold now against what would be written.
 *
 * Both sides come from the server, so that what is read is what is approved.
 */

import * as path from "node:path";
import * as vscode from "vscode";

import type { ApprovalInfo, ProposedFile } from "../generated/protocol";
import type { ServerControl } from "../server/control";
import { tell } from "../talk";

export const SCHEME = "orchestrator-proposed";

export class ProposedFiles implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly registration: vscode.Disposable;

  constructor(private readonly server: ServerControl) {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "This proposal was answered.";
  }

  async show(approval: ApprovalInfo): Promise<void> {
    const found = await tell(this.server.request("orchestrator/approval/files", { approvalId: approval.approvalId }));
    if (found === undefined || found.files.length === 0) {
      return;
    }
    const sides = found.files.map((file) => ({ file, ...this.keep(approval.approvalId, file) }));
    const [only] = sides;
    if (sides.length === 1 && only !== undefined) {
      const title = `${path.posix.basename(only.file.path)} (proposed: ${approval.task})`;
      await vscode.commands.executeCommand("vscode.diff", only.before, only.after, title, { preview: true });
      return;
    }
    await vscode.commands.executeCommand(
      "vscode.changes",
      `Proposed: ${approval.task}`,
      sides.map((side) => [side.after, side.file.before === null ? undefined : side.before, side.file.after === null ? undefined : side.after]),
    );
  }

  dispose(): void {
    this.registration.dispose();
  }

  private keep(approvalId: string, file: ProposedFile): { before: vscode.Uri; after: vscode.Uri } {
    const side = (name: string, text: string | null): vscode.Uri => {
      const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${file.path}`, query: `${approvalId}.${name}` });
      this.texts.set(uri.toString(), text ?? "");
      return uri;
    };
    return { before: side("before", file.before), after: side("after", file.after) };
  }
}
