/** Links above documents under `orchestrator:` and above prompt files. Lenses of outlines are the server's. */

import * as vscode from "vscode";

import { addressOf, DOCUMENT_SCHEME, type Offer, offersOf, promptOffers, promptOfFile } from "../documents";

const HEAD_LINES = 40;

export function documentLenses(): vscode.Disposable {
  return vscode.languages.registerCodeLensProvider(
    [{ scheme: DOCUMENT_SCHEME }, { scheme: "file", language: "markdown", pattern: "**/prompts/*.md" }],
    { provideCodeLenses: (document) => offered(document).map((offer) => lensOf(offer, document.uri)) },
  );
}

function offered(document: vscode.TextDocument): Offer[] {
  if (document.uri.scheme === DOCUMENT_SCHEME) {
    const address = addressOf(document.uri.path);
    return address === undefined ? [] : offersOf(address);
  }
  const name = promptOfFile(document.uri.path, document.getText(new vscode.Range(0, 0, HEAD_LINES, 0)));
  return name === undefined ? [] : promptOffers(name, true);
}

function lensOf(offer: Offer, uri: vscode.Uri): vscode.CodeLens {
  const args = offer.args.length > 0 ? offer.args : [uri];
  return new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), { title: offer.title, command: `orchestrator.${offer.command}`, arguments: args });
}
