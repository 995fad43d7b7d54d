import { chmodSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";

import { belongsTo, findServer, installedProgram, type Surroundings, workingDirectory } from "../../src/server/find";

let home: string;
let around: Surroundings;

function program(file: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o755);
  return file;
}

beforeEach(() => {
  home = realpathSync(mkdtempSync(path.join(tmpdir(), "find-")));
  around = {
    configured: "",
    storage: path.join(home, "storage"),
    searchPath: [path.join(home, "bin"), path.join(home, "work", "venv", "bin"), "relative/bin", ""].join(":"),
    home,
    folders: [path.join(home, "work")],
    platform: "linux",
  };
});

describe("finding the server", () => {
  test("the setting wins, with a home folder", () => {
    const wanted = program(path.join(home, "mine", "orchestrator"));
    program(path.join(home, "bin", "orchestrator"));
    program(installedProgram(around.storage, "linux"));
    expect(findServer({ ...around, configured: "~/mine/orchestrator" })).toEqual({ kind: "found", program: wanted, origin: "setting" });
  });

  test("a setting that leads nowhere is said, and nothing else is started", () => {
    program(path.join(home, "bin", "orchestrator"));
    expect(findServer({ ...around, configured: "/nowhere/orchestrator" })).toMatchObject({ kind: "missing", mend: "setting" });
    expect(findServer({ ...around, configured: "bin/orchestrator" })).toMatchObject({ kind: "missing", mend: "setting" });
  });

  test("what the extension installed comes before PATH", () => {
    program(path.join(home, "bin", "orchestrator"));
    const stored = program(installedProgram(around.storage, "linux"));
    expect(findServer(around)).toEqual({ kind: "found", program: stored, origin: "storage" });
  });

  test("PATH", () => {
    const found = program(path.join(home, "bin", "orchestrator"));
    expect(findServer(around)).toEqual({ kind: "found", program: found, origin: "path" });
  });

  test("a program inside the workspace is refused", () => {
    const inside = program(path.join(home, "work", "venv", "bin", "orchestrator"));
    const found = findServer(around);
    expect(found).toMatchObject({ kind: "missing", mend: "setting" });
    expect(found.kind === "missing" && found.message).toContain(inside);
    expect(findServer({ ...around, configured: inside })).toMatchObject({ kind: "found", origin: "setting" });
  });

  test("a link from PATH into the workspace is refused too", () => {
    const inside = program(path.join(home, "work", "tool"));
    mkdirSync(path.join(home, "bin"));
    symlinkSync(inside, path.join(home, "bin", "orchestrator"));
    expect(findServer(around)).toMatchObject({ kind: "missing", mend: "setting" });
  });

  test("a storage inside the workspace is not used", () => {
    const storage = path.join(home, "work", "storage");
    program(installedProgram(storage, "linux"));
    expect(findServer({ ...around, storage })).toMatchObject({ kind: "missing" });
  });

  test("nothing there: it can be installed", () => {
    expect(findServer(around)).toMatchObject({ kind: "missing", mend: "install" });
  });

  test("a folder of that name is no program", () => {
    mkdirSync(path.join(home, "bin", "orchestrator"), { recursive: true });
    expect(findServer(around)).toMatchObject({ kind: "missing", mend: "install" });
  });
});

test("the working directory is outside the workspace", () => {
  expect(workingDirectory(path.join(home, "storage"), around.folders)).toBe(path.join(home, "storage"));
  expect(workingDirectory(path.join(home, "work", "storage"), around.folders)).toBe("/");
});

test("a folder beside another with a longer name is not inside it", () => {
  expect(belongsTo("/a/work-other/x", ["/a/work"])).toBe(false);
  expect(belongsTo("/a/work/..x", ["/a/work"])).toBe(true);
  expect(belongsTo("/a/work", ["/a/work"])).toBe(true);
});
