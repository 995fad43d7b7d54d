/** What went wrong, told to the person once. */

import * as vscode from "vscode";

/** The answer, or undefined after its refusal was shown. */
export async function tell<T>(work: PromiseLike<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(text);
    return undefined;
  }
}
