/** What the status item says: the server, the model, what runs, what today cost, who needs the person. */

import { counted, money } from "../words";

export interface Status {
  state: "stopped" | "starting" | "ready" | "missing" | "failed";
  /** Of the server, or what is wrong. */
  about: string;
  /** Where it is missing: what helps. */
  mend?: "install" | "setting";
  /** `provider/model` that does a simple task; empty: not known. */
  model: string;
  /** Runs under way. */
  running: number;
  /** How many of them this window's server does: VS Code shows the progress of the last one beside the item. */
  here: number;
  waiting: number;
  spentToday: number;
  trusted: boolean;
}

export interface StatusWords {
  text: string;
  /** Of plain text; a blank line between them. */
  lines: string[];
  background: "warning" | "error" | undefined;
}

export function statusWords(status: Status): StatusWords {
  const words = wordsOf(status);
  if (!status.trusted) {
    words.text += " $(shield)";
    words.lines.push("This workspace is not trusted: everything can be read, nothing runs.");
  }
  return words;
}

function wordsOf(status: Status): StatusWords {
  switch (status.state) {
    case "missing":
      return { text: `$(warning) Orchestrator: ${status.mend === "setting" ? "not found" : "not installed"}`, lines: [status.about], background: "warning" };
    case "failed":
      return { text: "$(error) Orchestrator: not running", lines: [status.about], background: "error" };
    case "starting":
      return { text: "$(loading~spin) Orchestrator", lines: ["The server starts."], background: undefined };
    case "stopped":
      return { text: "$(circle-slash) Orchestrator", lines: ["The server is stopped."], background: undefined };
    case "ready":
      return ready(status);
  }
}

function ready(status: Status): StatusWords {
  const { running, here, waiting, model, spentToday } = status;
  const saidBeside = running === 1 && here === 1;
  const doing = running > 0 && !saidBeside ? `$(loading~spin) ${counted(running, "run")}` : "$(checklist) Orchestrator";
  const first = waiting > 0 ? `$(bell-dot) ${counted(waiting, "question")}` : doing;
  // The provider is in the tooltip: what is read all day long is the model.
  const name = model.slice(model.indexOf("/") + 1);
  const parts = [first, name, spentToday > 0 ? money(spentToday) : ""].filter((part) => part !== "");
  return {
    text: parts.join(" · "),
    lines: [
      `Server ${status.about} is ready.`,
      model === "" ? "No model is set." : `Model: ${model}${model.startsWith("local/") ? " (basic offline model)" : ""}`,
      `${counted(running, "run")} under way, ${counted(waiting, "question")} for you.`,
      `Today: ${money(spentToday)}`,
    ],
    background: waiting > 0 ? "warning" : undefined,
  };
}
