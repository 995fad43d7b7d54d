/**
 * A message to the server in one write instead of two, the header and the text behind it.
 *
 * Each write wakes the server, which on a machine with few cores takes the processor from the window: that was the
 * largest part of what a key cost. The library's writer has no setting for it; another one than we know is left as it is.
 */

import type { MessageWriter } from "vscode-languageclient/node";

/** What the library's writer writes to. */
interface Target {
  write(data: string | Uint8Array, encoding?: "ascii" | "utf-8"): Promise<void>;
}

export function writeWhole(writer: MessageWriter): void {
  const { writable: target } = writer as MessageWriter & { writable?: Target };
  if (target === undefined) {
    return;
  }
  const write = target.write.bind(target);
  let header = "";
  target.write = (data, encoding) => {
    if (typeof data === "string" && data.startsWith("Content-Length: ")) {
      header = data;
      return Promise.resolve();
    }
    if (header === "" || typeof data === "string") {
      return write(data, encoding);
    }
    const whole = Buffer.concat([Buffer.from(header, "ascii"), data]);
    header = "";
    return write(whole);
  };
}
