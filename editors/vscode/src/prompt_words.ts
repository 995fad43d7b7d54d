/** What a trial of a prompt says, as a page. */

import type { PromptsTestResult } from "./generated/protocol";
import { money } from "./words";

export function trialText(name: string, task: string, result: PromptsTestResult): string {
  const parts = [`# ${name}, tried on: ${task}`, `About ${result.tokens.toLocaleString("en")} tokens.`];
  if (result.answer != null) {
    const took = result.seconds == null ? "" : `, ${result.seconds.toFixed(1)} s`;
    parts.push(`## Answer of ${result.model ?? "the model"} (${money(result.costUsd)}${took})`, fenced(result.answer));
  }
  if (result.system !== "") {
    parts.push("## System", fenced(result.system));
  }
  parts.push("## Message", fenced(result.user));
  return `${parts.join("\n\n")}\n`;
}

/** With a fence that is longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((ticks) => ticks[0].length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}
