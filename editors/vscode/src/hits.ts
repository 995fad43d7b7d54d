/** How a hit of the history is said in one row of a list. */

import type { HistoryHit } from "./generated/protocol";
import { ago, shortened } from "./words";

const KINDS: Record<HistoryHit["kind"], [icon: string, word: string]> = {
  message: ["comment-discussion", "said"],
  result: ["pass", "result"],
  split: ["sparkle", "split"],
};

export function hitWords(hit: HistoryHit, now: number): { label: string; description: string; detail: string } {
  const [icon, word] = KINDS[hit.kind];
  const near = hit.nearness === null ? "" : `${Math.round(100 * hit.nearness)} % alike`;
  const about = [word, ago(hit.created, now), hit.model, near].filter((part) => part !== "");
  // A label may name icons as $(name), which a title must not.
  const title = shortened(hit.title, 80).replaceAll("$(", "$ (");
  return { label: `$(${icon}) ${title}`, description: about.join(" · "), detail: shortened(hit.excerpt, 160).replaceAll("$(", "$ (") };
}
