/** What went wrong, told to the person once, with what mends it. */

import * as vscode from "vscode";

import { fixOf } from "./fixes";

/** The answer, or undefined after its refusal was shown. */
export async function tell<T>(work: PromiseLike<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    void say("error", errorWords(error));
    return undefined;
  }
}

export function errorWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** With a button for what it asks the person to do, where this window can do that. */
export async function say(kind: "error" | "warning" | "information", message: string): Promise<void> {
  const show = { error: vscode.window.showErrorMessage, warning: vscode.window.showWarningMessage, information: vscode.window.showInformationMessage }[kind];
  const fix = fixOf(message);
  const chosen = await show(message, ...(fix === undefined ? [] : [fix.label]));
  if (fix !== undefined && chosen === fix.label) {
    await vscode.commands.executeCommand(fix.command, ...fix.args);
  }
}
