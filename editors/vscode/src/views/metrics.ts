/** Figures of what was asked and what came of it, as a page with the theme's colours, and as CSV. */

import * as vscode from "vscode";

import type { Context } from "../context";
import type { MetricsTable } from "../generated/protocol";
import { saveAs, written } from "../saving";
import { tell } from "../talk";
import { metricsCsv, metricsPage, TABLES } from "./metrics_page";

const DAYS = 30;

export async function metrics(context: Context): Promise<void> {
  const tables = await ask(context);
  if (tables === undefined) {
    return;
  }
  const panel = context.metrics.panel ?? vscode.window.createWebviewPanel("orchestrator.metrics", "Metrics", vscode.ViewColumn.Active, {
    enableCommandUris: ["orchestrator.metrics", "orchestrator.exportMetrics"],
    localResourceRoots: [vscode.Uri.joinPath(context.extension.extensionUri, "media")],
  });
  if (context.metrics.panel === undefined) {
    context.metrics.panel = panel;
    const icon = (name: string): vscode.Uri => vscode.Uri.joinPath(context.extension.extensionUri, "media", name);
    panel.iconPath = { light: icon("graph-light.svg"), dark: icon("graph-dark.svg") };
    panel.onDidDispose(() => {
      context.metrics.panel = undefined;
    });
  }
  const style = panel.webview.asWebviewUri(vscode.Uri.joinPath(context.extension.extensionUri, "media", "metrics.css")).toString();
  const policy = `default-src 'none'; style-src ${panel.webview.cspSource}`;
  panel.webview.html = metricsPage(tables, { policy, style }, `of the last ${DAYS} days`);
  panel.reveal();
}

export async function exportMetrics(context: Context): Promise<void> {
  const tables = await ask(context);
  const uri = tables === undefined ? undefined : await saveAs("Export Metrics", "metrics.csv", { CSV: ["csv"] });
  if (tables !== undefined && uri !== undefined) {
    await written(uri, metricsCsv(tables), "The metrics were exported.");
  }
}

async function ask(context: Context): Promise<MetricsTable[] | undefined> {
  const since = Date.now() / 1000 - DAYS * 86_400;
  const found = await tell(context.server.request("orchestrator/metrics/get", { by: ["all", ...TABLES], since }));
  return found?.tables;
}
