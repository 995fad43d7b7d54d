/** Messages before those that a page has: the next ones, or as many as there are up to one that is wanted. */

import type { ChatMessage, ChatPageParams, ChatPageResult } from "../generated/protocol";

/** Asked for at once, on the way to a message far back. */
const MOST_AT_ONCE = 500;

export interface PageSource {
  request(method: "orchestrator/chat/page", params: ChatPageParams): Promise<ChatPageResult>;
}

export async function earlierMessages(source: PageSource, conversationId: string, before: string, upTo: string | null): Promise<{ messages: ChatMessage[]; earlier: number }> {
  const messages: ChatMessage[] = [];
  let from = before;
  for (;;) {
    const limit = upTo === null ? {} : { limit: MOST_AT_ONCE };
    const page = await source.request("orchestrator/chat/page", { conversationId, before: from, ...limit });
    messages.unshift(...page.messages);
    const [oldest] = page.messages;
    const there = upTo === null || page.messages.some((message) => message.messageId === upTo);
    if (there || oldest === undefined || page.earlier === 0) {
      return { messages, earlier: page.earlier };
    }
    from = oldest.messageId;
  }
}
