/** What the filter finds in each outline: asked once, and again when the filter or the text is another one. */

import * as vscode from "vscode";

import type { TreeSearchParams } from "../generated/protocol";
import type { ServerControl } from "../server/control";
import { FilteredTree } from "./filter";

export type Wanted = Omit<TreeSearchParams, "uri">;

export class Searches {
  private readonly asked = new Map<string, Promise<FilteredTree>>();
  private readonly answered = new Map<string, FilteredTree>();

  /** `subscribe`: have the server tell of changes of the outline. */
  constructor(
    private readonly server: ServerControl,
    private readonly subscribe: (uri: string) => Promise<unknown>,
  ) {}

  /** What is known by now; undefined also where no filter asks. */
  get(uri: string): FilteredTree | undefined {
    return this.answered.get(uri);
  }

  /** Undefined: it cannot be told. */
  async find(uri: string, wanted: Wanted): Promise<FilteredTree | undefined> {
    let asking = this.asked.get(uri);
    if (asking === undefined) {
      asking = this.ask(uri, wanted);
      this.asked.set(uri, asking);
    }
    try {
      const found = await asking;
      if (this.asked.get(uri) === asking) {
        this.answered.set(uri, found);
      }
      return found;
    } catch (error) {
      this.asked.delete(uri);
      this.server.output.debug(`An outline cannot be filtered: ${String(error)}`);
      return undefined;
    }
  }

  /** Of one outline, or of all. */
  forget(uri?: string): void {
    if (uri === undefined) {
      this.asked.clear();
      this.answered.clear();
    } else {
      this.asked.delete(uri);
      this.answered.delete(uri);
    }
  }

  private async ask(uri: string, wanted: Wanted): Promise<FilteredTree> {
    await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
    await this.subscribe(uri);
    return new FilteredTree(uri, await this.server.request("orchestrator/tree/search", { uri, ...wanted }));
  }
}
