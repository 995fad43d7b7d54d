/** What stands below a message: how it ended, where it did not simply end, and what it took. */

import type { ChatCall, ChatMessage } from "../generated/protocol";
import { counted, money } from "../words";

const ENDINGS: Record<string, string> = {
  cancelled: "Stopped.",
  interrupted: "Cut off when the program ended.",
  maxTokens: "Cut off: the answer was as long as it may be.",
  refusal: "The model declined to answer.",
};

/** Empty: it is whole, or still being written. */
export function endingWords({ ending, reason }: Pick<ChatMessage, "ending" | "reason">): string {
  const why = reason ?? "";
  return ending === "error" ? (why === "" ? "The answer failed." : why) : (ENDINGS[ending] ?? "");
}

/** As it is told with the answer, and as it is found in the store later. */
export function usageWords({ model, usage }: Pick<ChatCall, "model" | "usage">): string {
  return [model, counted(usage.outputTokens ?? 0, "token"), money(usage.costUsd)].join(" · ");
}
