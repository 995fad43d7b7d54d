/**
 * Which program is the language server.
 *
 * Apart from the client because it knows paths and nothing of editors; tested without one.
 *
 * Invariant: no program inside a workspace folder is started unless the machine's setting names it
 * ("a program inside the workspace is refused").
 */

import { accessSync, constants, realpathSync, statSync } from "node:fs";
import * as path from "node:path";

export interface Surroundings {
  /** The setting `orchestrator.server.path`. */
  configured: string;
  /** Where `install` puts the server. */
  storage: string;
  /** `PATH`. */
  searchPath: string;
  home: string;
  /** Real or not, the folders of the workspace. */
  folders: readonly string[];
  platform: NodeJS.Platform;
}

export type Found =
  | { kind: "found"; program: string; origin: "setting" | "storage" | "path" }
  /** `mend` says what the page offers. */
  | { kind: "missing"; message: string; mend: "install" | "setting" };

export function findServer(around: Surroundings): Found {
  if (around.configured.trim() !== "") {
    return configured(around);
  }
  const stored = installedProgram(around.storage, around.platform);
  if (isProgram(stored) && !belongsTo(stored, around.folders)) {
    return { kind: "found", program: stored, origin: "storage" };
  }
  const searched = search("orchestrator", around);
  if (searched.program !== undefined) {
    return { kind: "found", program: searched.program, origin: "path" };
  }
  if (searched.refused !== undefined) {
    return {
      kind: "missing",
      mend: "setting",
      message:
        `${searched.refused} is inside the workspace, and programs of a workspace are not started by themselves. ` +
        "Install the server for yourself, or name it in the user setting “orchestrator.server.path”.",
    };
  }
  return {
    kind: "missing",
    mend: "install",
    message: "The program “orchestrator” is not installed. Install it here, or give its path in the settings.",
  };
}

function configured(around: Surroundings): Found {
  const program = withHome(around.configured.trim(), around.home);
  if (!path.isAbsolute(program)) {
    return { kind: "missing", mend: "setting", message: `${program} in the setting “orchestrator.server.path” is no absolute path.` };
  }
  if (!isProgram(program)) {
    return {
      kind: "missing",
      mend: "setting",
      message: `${program} in the setting “orchestrator.server.path” is not there or cannot be executed.`,
    };
  }
  return { kind: "found", program, origin: "setting" };
}

/** The program that an installation in `storage` has, whether or not it is there. */
export function installedProgram(storage: string, platform: NodeJS.Platform): string {
  return platform === "win32"
    ? path.join(storage, "server", "Scripts", "orchestrator.exe")
    : path.join(storage, "server", "bin", "orchestrator");
}

/** By name in `PATH`: absolute entries only, since a relative one means another program in every folder. */
export function search(
  name: string,
  around: Pick<Surroundings, "searchPath" | "folders" | "platform">,
): { program?: string; refused?: string } {
  const endings = around.platform === "win32" ? [".exe", ".cmd"] : [""];
  let refused: string | undefined;
  for (const folder of around.searchPath.split(around.platform === "win32" ? ";" : ":")) {
    if (!path.isAbsolute(folder)) {
      continue;
    }
    for (const ending of endings) {
      const program = path.join(folder, name + ending);
      if (!isProgram(program)) {
        continue;
      }
      if (!belongsTo(program, around.folders)) {
        return { program };
      }
      refused ??= program;
    }
  }
  return refused === undefined ? {} : { refused };
}

/** A folder to start the server in: nothing of a workspace may be found through the working directory. */
export function workingDirectory(storage: string, folders: readonly string[]): string {
  return belongsTo(storage, folders) ? path.parse(storage).root : storage;
}

/** Whether the file, or what it links to, is in one of the folders. */
export function belongsTo(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => isInside(file, folder) || isInside(real(file), real(folder)));
}

function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === "" || (relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative));
}

function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function withHome(file: string, home: string): string {
  return file === "~" || file.startsWith("~/") ? path.join(home, file.slice(1)) : file;
}
