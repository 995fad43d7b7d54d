/** Texts that are shown and can only be read: an answer of the server in an editor, with search, colours and copy. */

import * as vscode from "vscode";

export const SHOWN_SCHEME = "orchestrator-shown";

export class ShownTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly disposables: vscode.Disposable[];

  constructor() {
    this.disposables = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(SHOWN_SCHEME, this),
      vscode.workspace.onDidCloseTextDocument((document) => this.texts.delete(document.uri.toString())),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "This text was not kept. Ask for it again.";
  }

  /** `name` ends as a file of its kind would; another text of the same name takes its place. */
  keep(name: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SHOWN_SCHEME, path: `/${name.replace(/[\\/?#:]+/g, "-")}` });
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
    return uri;
  }

  async show(name: string, text: string): Promise<void> {
    const document = await vscode.workspace.openTextDocument(this.keep(name, text));
    await vscode.window.showTextDocument(document, { preview: true });
  }

  async diff(before: [name: string, text: string], after: [name: string, text: string], title: string): Promise<void> {
    await vscode.commands.executeCommand("vscode.diff", this.keep(...before), this.keep(...after), title, { preview: true });
  }

  dispose(): void {
    for (const one of this.disposables) {
      one.dispose();
    }
  }
}
