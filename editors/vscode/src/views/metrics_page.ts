/**
 * The page of figures: tables and bars, without a script.
 *
 * Apart from the panel because it is a function from figures to text.
 *
 * Invariant: every name from a file or a model is text in it ("names in the figures are text").
 */

import type { MetricsRow, MetricsTable } from "../generated/protocol";
import { counted, money } from "../words";

export const TABLES = ["day", "model", "executor", "role", "prompt"] as const;
const MOST_DAYS = 62;
const TITLES: Record<string, string> = {
  day: "By day",
  model: "By model",
  executor: "By executor",
  role: "By what the call was for",
  prompt: "By prompt",
};

export function metricsPage(tables: readonly MetricsTable[], nonce: { policy: string; style: string }, since: string): string {
  const all = tables.find((table) => table.by === "all")?.rows[0];
  const parts = tables.filter((table) => table.by !== "all" && table.rows.length > 0).map((table) => section(table, table.by === "day" ? dayChart(table.rows) : ""));
  const body =
    all === undefined || all.calls === 0
      ? "<p>Nothing was asked of a model yet. Split or run a task, then look again.</p>"
      : `${summary(all)}${parts.join("")}`;
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${nonce.policy}">
<link rel="stylesheet" href="${nonce.style}"><title>Metrics</title></head>
<body data-orchestrator="metrics"><main><h1>Metrics</h1>
<p>Computed on this computer from its own journal, ${text(since)}.
<a href="command:orchestrator.metrics">Refresh</a> <a href="command:orchestrator.exportMetrics">Export as CSV</a></p>
${body}</main></body></html>`;
}

function summary(row: MetricsRow): string {
  const figures: [string, string][] = [
    [money(row.costUsd), row.unpricedCalls > 0 ? `cost; ${counted(row.unpricedCalls, "call")} without a known price` : "cost"],
    [String(row.calls), "calls"],
    [percent(row.completion), "of tasks completed"],
    [percent(row.acceptance), "of splits accepted"],
    [percent(row.editAcceptance), "of edits approved"],
    [row.conversationMean === null ? "–" : row.conversationMean.toFixed(1), "messages in a conversation"],
  ];
  return `<dl class="figures">${figures.map(([value, name]) => `<div><dt>${text(name)}</dt><dd>${text(value)}</dd></div>`).join("")}</dl>`;
}

/** A column for each day between the first and the last, those without a call among them. Empty for a single day. */
export function dayChart(rows: readonly MetricsRow[]): string {
  const byDay = new Map(rows.map((row) => [row.name, row]));
  const names = [...byDay.keys()].filter((name) => /^\d{4}-\d{2}-\d{2}$/.test(name)).sort();
  const days: string[] = [];
  const last = Date.parse(names.at(-1) ?? "");
  for (let day = Date.parse(names[0] ?? ""); day <= last && days.length < MOST_DAYS; day += 86_400_000) {
    days.push(new Date(day).toISOString().slice(0, 10));
  }
  if (days.length < 2) {
    return "";
  }
  const tokens = (name: string): number => (byDay.get(name)?.inputTokens ?? 0) + (byDay.get(name)?.outputTokens ?? 0);
  const most = Math.max(...days.map(tokens), 1);
  const wide = 640 / days.length;
  const columns = days.map((name, index) => {
    const height = tokens(name) === 0 ? 0 : Math.max(2, Math.round((110 * tokens(name)) / most));
    const about = `${name}: ${tokens(name).toLocaleString("en")} tokens, ${money(byDay.get(name)?.costUsd ?? (byDay.has(name) ? null : 0))}`;
    const place = `x="${(index * wide + wide * 0.1).toFixed(1)}" width="${(wide * 0.8).toFixed(1)}"`;
    return `<g><title>${text(about)}</title><rect class="empty" ${place} y="0" height="120"/><rect ${place} y="${120 - height}" height="${height}" rx="2"/></g>`;
  });
  const [first = "", end = ""] = [days[0], days.at(-1)];
  return (
    `<figure class="days"><svg viewBox="0 0 640 120" preserveAspectRatio="none" role="img" aria-label="Tokens by day, from ${first} to ${end}; the table has the figures">${columns.join("")}</svg>` +
    `<figcaption><span>${first}</span><span>at most ${most.toLocaleString("en")} tokens a day</span><span>${end}</span></figcaption></figure>`
  );
}

function section(table: MetricsTable, chart: string): string {
  const most = Math.max(...table.rows.map((row) => row.inputTokens + row.outputTokens), 1);
  const rows = table.rows.map((row) => {
    const tokens = row.inputTokens + row.outputTokens;
    const width = Math.max(1, Math.round((120 * tokens) / most));
    return (
      `<tr><th scope="row">${text(row.name === "" ? "(none)" : row.name)}</th><td>${row.calls}</td><td>${row.failedCalls}</td>` +
      `<td>${tokens.toLocaleString("en")}</td><td aria-hidden="true"><svg width="120" height="10"><rect width="${width}" height="10" rx="2"/></svg></td>` +
      `<td>${text(money(row.costUsd))}</td><td>${percent(row.completion)}</td><td>${row.latencyP50 === null ? "–" : `${row.latencyP50.toFixed(1)} s`}</td></tr>`
    );
  });
  return (
    `<section><h2>${TITLES[table.by] ?? text(table.by)}</h2>${chart}<table><thead><tr><th scope="col">Name</th><th scope="col">Calls</th>` +
    '<th scope="col">Failed</th><th scope="col">Tokens</th><td></td><th scope="col">Cost</th><th scope="col">Completed</th>' +
    `<th scope="col">Latency</th></tr></thead><tbody>${rows.join("")}</tbody></table></section>`
  );
}

/** For a spreadsheet: a table under the other, quoted, and no cell that it would take for a formula. */
export function metricsCsv(tables: readonly MetricsTable[]): string {
  const cell = (value: string | number | null): string => {
    const plain = value === null ? "" : String(value);
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
    return `"${safe.replace(/"/g, '""')}"`;
  };
  const lines: string[] = [];
  for (const table of tables) {
    for (const row of table.rows) {
      const values = Object.entries(row).map(([key, value]) => [key, value] as const);
      if (lines.length === 0) {
        lines.push(["by", ...values.map(([key]) => key)].map(cell).join(","));
      }
      lines.push([table.by, ...values.map(([, value]) => value as string | number | null)].map(cell).join(","));
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}

function percent(rate: number | null): string {
  return rate === null ? "–" : `${Math.round(100 * rate)} %`;
}

function text(words: string): string {
  return words.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
