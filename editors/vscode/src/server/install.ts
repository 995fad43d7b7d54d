/**
 * Installs the server into a folder of the extension's own: a virtual environment, filled by pip.
 *
 * Apart from the command that shows its progress because it knows processes and nothing of editors.
 *
 * Invariant: an installation that failed or was cancelled leaves nothing that `findServer` would find
 * ("a failed installation leaves nothing").
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import * as path from "node:path";

import { installedProgram, search, type Surroundings } from "./find";

export const DISTRIBUTION = "orchestrator-ls[local]";

export interface Progress {
  step(title: string): void;
  line(text: string): void;
}

export class InstallError extends Error {}

/** Oldest first choice wins: a name that says its version is surely Python 3. */
const NAMES = ["python3.13", "python3.12", "python3.11", "python3", "python"];
const OLDEST = "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 1)";

/** Answers the program. Raises InstallError with what to do, also when it was cancelled. */
export async function install(
  around: Surroundings,
  distribution: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  progress.step("Looking for Python 3.11 or later");
  const python = await findPython(around, signal);
  mkdirSync(around.storage, { recursive: true });
  const place = path.join(around.storage, "server");
  const before = path.join(around.storage, "server.before");
  rmSync(before, { recursive: true, force: true });
  if (existsSync(place)) {
    renameSync(place, before); // a virtual environment cannot be moved once it is made, so the old one steps aside
  }
  try {
    progress.step("Making an environment");
    await run(python, ["-m", "venv", place], around, progress, signal);
    const inside = path.join(path.dirname(installedProgram(around.storage, around.platform)), "python");
    progress.step(`Installing ${distribution}`);
    const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"];
    await run(inside, [...pip, distribution], around, progress, signal);
    const program = installedProgram(around.storage, around.platform);
    progress.step("Trying it");
    await run(program, ["--version"], around, progress, signal);
    rmSync(before, { recursive: true, force: true });
    return program;
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    if (existsSync(before)) {
      renameSync(before, place);
    }
    throw error;
  }
}

async function findPython(around: Surroundings, signal: AbortSignal): Promise<string> {
  for (const name of NAMES) {
    const { program } = search(name, around);
    if (program === undefined) {
      continue;
    }
    try {
      await run(program, ["-c", OLDEST], around, undefined, signal);
      return program;
    } catch (error) {
      if (signal.aborted) {
        throw error;
      }
    }
  }
  throw new InstallError("Python 3.11 or later is not in PATH. Install it from your system, then try again.");
}

function run(
  program: string,
  argv: string[],
  around: Surroundings,
  progress: Progress | undefined,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new InstallError("The installation was cancelled."));
      return;
    }
    // A working directory of our own and no PYTHONPATH: nothing of a workspace is imported.
    const environment: NodeJS.ProcessEnv = { ...process.env, PYTHONSAFEPATH: "1", PYTHONNOUSERSITE: "1" };
    delete environment["PYTHONPATH"];
    delete environment["PYTHONHOME"];
    mkdirSync(around.storage, { recursive: true });
    const child = spawn(program, argv, { cwd: around.storage, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    const last: string[] = [];
    const read = (chunk: Buffer): void => {
      for (const line of chunk.toString("utf8").split(/\r?\n/)) {
        if (line.trim() !== "") {
          progress?.line(line);
          last.push(line.trim());
          last.splice(0, last.length - 4);
        }
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    const stop = (): void => {
      child.kill();
    };
    signal.addEventListener("abort", stop, { once: true });
    child.on("error", (error) => reject(new InstallError(`${program} could not be started: ${error.message}.`)));
    child.on("close", (code) => {
      signal.removeEventListener("abort", stop);
      if (code === 0) {
        resolve();
      } else if (signal.aborted) {
        reject(new InstallError("The installation was cancelled."));
      } else {
        reject(new InstallError(`${path.basename(program)} ${argv.slice(0, 3).join(" ")} failed. ${last.join(" ")}`));
      }
    });
  });
}
