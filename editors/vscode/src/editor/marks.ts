/**
 * What the extension adds to the text of an outline: ids are dimmed, running tasks have a mark in the gutter.
 *
 * Invariant: a keystroke costs what is on the screen, not what the document holds: only visible lines are read.
 */

import * as vscode from "vscode";

import type { Live, LiveTask } from "../live";
import type { ServerControl } from "../server/control";
import { isOpenOutline } from "../tree/files";
import { idSpan } from "./ids";

const PAUSE = 60;

export class Marks implements vscode.Disposable {
  private ids = dimmed();
  private readonly running: vscode.TextEditorDecorationType;
  private readonly waiting: vscode.TextEditorDecorationType;
  private readonly lines = new Map<string, { line: number; waiting: boolean }>();
  private readonly disposables: vscode.Disposable[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What was typed since the marks were drawn may have changed them. */
  private due = false;

  constructor(
    extension: vscode.ExtensionContext,
    private readonly server: ServerControl,
    private readonly live: Live,
  ) {
    const gutter = (name: string): vscode.TextEditorDecorationType =>
      vscode.window.createTextEditorDecorationType({
        gutterIconPath: vscode.Uri.joinPath(extension.extensionUri, "media", name),
        gutterIconSize: "contain",
        overviewRulerColor: new vscode.ThemeColor("charts.blue"),
        overviewRulerLane: vscode.OverviewRulerLane.Left,
      });
    this.running = gutter("running.svg");
    this.waiting = gutter("waiting.svg");
    this.disposables.push(
      { dispose: () => this.ids.dispose() },
      this.running,
      this.waiting,
      vscode.window.onDidChangeTextEditorVisibleRanges((change) => this.dim(change.textEditor)),
      vscode.window.onDidChangeVisibleTextEditors(() => this.drawAll()),
      vscode.window.onDidChangeActiveColorTheme(() => {
        this.ids.dispose();
        this.ids = dimmed();
        this.drawAll();
      }),
      vscode.workspace.onDidChangeTextDocument((change) => this.typed(change)),
      live.onTasks((tasks) => void this.place(tasks)),
    );
    this.drawAll();
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of this.disposables) {
      one.dispose();
    }
  }

  private typed({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (!vscode.window.visibleTextEditors.some((editor) => editor.document === document)) {
      return;
    }
    this.due ||= contentChanges.some((change) => mayMark(document, change));
    if (!this.due) {
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.due = false;
      for (const editor of vscode.window.visibleTextEditors) {
        if (editor.document === document) {
          this.dim(editor);
        }
      }
      void this.place(this.live.tasksOf(document.uri.toString()));
    }, PAUSE);
  }

  private drawAll(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      this.dim(editor);
      this.drawGutter(editor);
    }
  }

  private dim(editor: vscode.TextEditor): void {
    if (!isOpenOutline(editor.document)) {
      return;
    }
    const spans: vscode.Range[] = [];
    for (const visible of editor.visibleRanges) {
      for (let line = visible.start.line; line <= visible.end.line; line += 1) {
        const span = idSpan(editor.document.lineAt(line).text);
        if (span !== undefined) {
          spans.push(new vscode.Range(line, span.start, line, span.end));
        }
      }
    }
    editor.setDecorations(this.ids, spans);
  }

  private async place(tasks: LiveTask[]): Promise<void> {
    const touched = new Set<string>();
    for (const task of tasks) {
      const key = `${task.uri}#${task.nodeId}`;
      touched.add(task.uri);
      const state = this.live.stateOf(task.uri, task.nodeId);
      if (state === undefined) {
        this.lines.delete(key);
        continue;
      }
      try {
        const place = await this.server.request("orchestrator/tree/locate", { uri: task.uri, nodeId: task.nodeId });
        if (this.live.stateOf(task.uri, task.nodeId) !== undefined) {
          this.lines.set(key, { line: place.range.start.line, waiting: state === "waiting" });
        }
      } catch {
        this.lines.delete(key); // the task is not in the text any more
      }
    }
    for (const editor of vscode.window.visibleTextEditors) {
      if (touched.has(editor.document.uri.toString())) {
        this.drawGutter(editor);
      }
    }
  }

  private drawGutter(editor: vscode.TextEditor): void {
    const uri = editor.document.uri.toString();
    const here = [...this.lines].filter(([key]) => key.startsWith(`${uri}#`)).map(([, place]) => place);
    const spans = (waiting: boolean): vscode.Range[] =>
      here.filter((place) => place.waiting === waiting).map((place) => new vscode.Range(place.line, 0, place.line, 0));
    editor.setDecorations(this.running, spans(false));
    editor.setDecorations(this.waiting, spans(true));
  }
}

/** Words within a line without an id change no mark: VS Code moves those of other lines along. */
function mayMark(document: vscode.TextDocument, { range, text }: vscode.TextDocumentContentChangeEvent): boolean {
  return !range.isSingleLine || /[\n^]/.test(text) || document.lineAt(range.start.line).text.includes("^");
}

/** Less where the theme is one of high contrast: who chose it wants to read everything. */
function dimmed(): vscode.TextEditorDecorationType {
  const { kind } = vscode.window.activeColorTheme;
  const contrast = kind === vscode.ColorThemeKind.HighContrast || kind === vscode.ColorThemeKind.HighContrastLight;
  return vscode.window.createTextEditorDecorationType({ opacity: contrast ? "0.8" : "0.45" });
}
