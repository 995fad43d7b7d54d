/** What benchmarks ask of the extension host. */

import Module from "node:module";
import * as vscode from "vscode";

import type { Context } from "../../src/context";
import type { ChatMessage } from "../../src/generated/protocol";

const OURS = "orchestrator.orchestrator";

/** Milliseconds of processor time of this process, all its threads. */
export function processorTime(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

/** Milliseconds of processor time of this thread. */
function threadTime(work: () => unknown): { result: unknown; spent: number } {
  const clock = process as unknown as { threadCpuUsage(since?: NodeJS.CpuUsage): NodeJS.CpuUsage };
  const before = clock.threadCpuUsage();
  const result = work();
  const { user, system } = clock.threadCpuUsage(before);
  return { result, spent: (user + system) / 1000 };
}

/** What it takes until the extension is there: in all, and its own code, which is read and then called. */
export async function activation(): Promise<{ wall: number; read: number; called: number }> {
  const extension = vscode.extensions.getExtension(OURS);
  if (extension === undefined || extension.isActive) {
    throw new Error("It is not there, or active already: nothing can be measured.");
  }
  const taken = { read: 0, called: 0 };
  interface Loaded {
    filename: string;
    exports: { activate?: (...given: unknown[]) => unknown };
  }
  const prototype = (Module as unknown as { prototype: { load: (this: Loaded, file: string) => void } }).prototype;
  const { load } = prototype;
  prototype.load = function (file): void {
    if (!file.startsWith(extension.extensionPath)) {
      load.call(this, file);
      return;
    }
    taken.read += threadTime(() => load.call(this, file)).spent;
    const { activate } = this.exports;
    if (activate !== undefined) {
      this.exports = {
        ...this.exports,
        activate: (...given) => {
          const { result, spent } = threadTime(() => activate(...given));
          taken.called = spent;
          return result;
        },
      };
    }
  };
  const began = performance.now();
  try {
    await extension.activate();
    const { read, called } = taken; // what is read later, when the server is started, holds up nobody
    return { wall: performance.now() - began, read, called };
  } finally {
    prototype.load = load;
  }
}

/** Messages as the server would tell them, each a paragraph and a list, into the conversation that is open. */
export async function fillChat(context: Context, count: number): Promise<number> {
  interface Open {
    conversationId: string;
    seq: number;
  }
  const [open] = (context.chats as unknown as { open: Set<Open> }).open;
  if (open === undefined) {
    throw new Error("No conversation is open.");
  }
  for (let number = 0; number < count; number += 1) {
    const seq = open.seq + 1;
    const message: ChatMessage = {
      messageId: `f${seq}`,
      parentId: null,
      speaker: seq % 2 === 0 ? "user" : "assistant",
      text: `Message ${seq} says **something** about \`it\`, in a paragraph of some length that fills a line or two.\n\n- one\n- two\n`,
      created: 1,
      ending: "end",
    };
    context.chats.update({ conversationId: open.conversationId, messageId: message.messageId, seq, update: { kind: "message", message } });
    if (number % 20 === 19) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return open.seq;
}
