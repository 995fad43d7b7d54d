/**
 * What a message of the server asks a person to do in a terminal, as something that this window does.
 *
 * Apart from what shows messages because a conversation, a notification and a refusal show the same ones.
 */

export interface Fix {
  label: string;
  command: string;
  args: string[];
}

/** The first that the message names. Undefined: it names nothing that can be done from here. */
export function fixOf(message: string): Fix | undefined {
  const key = /`orchestrator auth set ([A-Za-z0-9][\w.-]{0,63})`/.exec(message)?.[1];
  if (key !== undefined) {
    return { label: "Set a Key…", command: "orchestrator.setKey", args: [key] };
  }
  if (/`orchestrator models pull\b/.test(message)) {
    return { label: "Fetch the Small Model", command: "orchestrator.pullModel", args: [] };
  }
  if (message.includes("`orchestrator config`")) {
    return { label: "Open Settings", command: "orchestrator.openSettings", args: [] };
  }
  if (message.includes("`orchestrator trust add`")) {
    return { label: "Read Them…", command: "orchestrator.trust", args: [] };
  }
  if (message.includes("`orchestrator doctor`")) {
    return { label: "Doctor", command: "orchestrator.doctor", args: [] };
  }
  return undefined;
}
