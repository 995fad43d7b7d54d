import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { beforeEach, expect, test } from "vitest";

import { findServer, installedProgram, type Surroundings } from "../../src/server/find";
import { install, InstallError, type Progress } from "../../src/server/install";

let home: string;
let around: Surroundings;
let steps: string[];
const progress: Progress = { step: (title) => steps.push(title), line: () => undefined };

/** A Python that makes environments whose pip writes the program, unless it is told to fail. */
function fakePython(version: number): void {
  const bin = path.join(home, "bin");
  mkdirSync(bin, { recursive: true });
  const inner = [
    "#!/bin/sh",
    `echo "$@" >> ${home}/pip.log; env | grep PYTHON >> ${home}/env.log`,
    `[ -e ${home}/fail ] && { echo "No matching distribution" >&2; exit 1; }`,
    `[ -e ${home}/slow ] && exec sleep 30`,
    `printf '#!/bin/sh\\necho orchestrator 0.1.0\\n' > "$(dirname "$0")/orchestrator"; chmod +x "$(dirname "$0")/orchestrator"`,
  ].join("\n");
  writeFileSync(path.join(home, "inner"), inner);
  const outer = [
    "#!/bin/sh",
    `[ "$1" = -c ] && exit ${version >= 11 ? 0 : 1}`,
    `mkdir -p "$3/bin"; cp ${home}/inner "$3/bin/python"; chmod +x "$3/bin/python"`,
  ].join("\n");
  writeFileSync(path.join(bin, "python3"), outer);
  chmodSync(path.join(bin, "python3"), 0o755);
}

beforeEach(() => {
  home = realpathSync(mkdtempSync(path.join(tmpdir(), "install-")));
  steps = [];
  around = {
    configured: "",
    storage: path.join(home, "storage"),
    searchPath: path.join(home, "bin"),
    home,
    folders: [path.join(home, "work")],
    platform: "linux",
  };
});

test("it is installed, and found", async () => {
  fakePython(12);
  const program = await install(around, "orchestrator-ls[local]", progress, new AbortController().signal);
  expect(program).toBe(installedProgram(around.storage, "linux"));
  expect(findServer(around)).toMatchObject({ kind: "found", origin: "storage" });
  expect(readFileSync(path.join(home, "pip.log"), "utf8")).toContain("install --disable-pip-version-check --no-input");
  expect(readFileSync(path.join(home, "env.log"), "utf8")).toContain("PYTHONSAFEPATH=1");
  expect(steps).toHaveLength(4);
});

test("a failed installation leaves nothing", async () => {
  fakePython(12);
  writeFileSync(path.join(home, "fail"), "");
  await expect(install(around, "nothing", progress, new AbortController().signal)).rejects.toThrow("No matching distribution");
  expect(existsSync(path.join(around.storage, "server"))).toBe(false);
  expect(findServer(around)).toMatchObject({ kind: "missing", mend: "install" });
});

test("a failed update leaves the old one", async () => {
  fakePython(12);
  await install(around, "one", progress, new AbortController().signal);
  writeFileSync(path.join(home, "fail"), "");
  await expect(install(around, "two", progress, new AbortController().signal)).rejects.toThrow(InstallError);
  expect(findServer(around)).toMatchObject({ kind: "found", origin: "storage" });
});

test("cancelling ends the program that runs", async () => {
  fakePython(12);
  writeFileSync(path.join(home, "slow"), "");
  const abort = new AbortController();
  const begun: Progress = { step: (title) => title.startsWith("Installing") && setTimeout(() => abort.abort(), 50), line: () => undefined };
  await expect(install(around, "x", begun, abort.signal)).rejects.toThrow("cancelled");
  expect(existsSync(path.join(around.storage, "server"))).toBe(false);
});

test("an old Python is not enough, and one of the workspace is not used", async () => {
  fakePython(9);
  await expect(install(around, "x", progress, new AbortController().signal)).rejects.toThrow("Python 3.11 or later");
  fakePython(12);
  const inside = { ...around, folders: [home] };
  await expect(install(inside, "x", progress, new AbortController().signal)).rejects.toThrow("Python 3.11 or later");
});
