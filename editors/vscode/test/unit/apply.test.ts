import { expect, test } from "vitest";

import { ApplyError, fenceOf, fileOfDiff, isDiff, placed } from "../../src/chat/apply";

const FILE = ["import os", "", "class Form:", "    def fields(self):", "        return []", "", "    def name(self):", "        return 'form'", "", "x = 1"];

function after(document: string[], code: string): string[] | undefined {
  const pieces = placed(document, code);
  return pieces?.reduceRight((lines, piece) => [...lines.slice(0, piece.first), ...piece.lines, ...lines.slice(piece.end)], document);
}

test("a fence names its language, and perhaps its file", () => {
  expect(fenceOf("python")).toEqual({ language: "python", file: "" });
  expect(fenceOf("python ui/login.py")).toEqual({ language: "python", file: "ui/login.py" });
  expect(fenceOf("python:ui/login.py")).toEqual({ language: "python", file: "ui/login.py" });
  expect(fenceOf('ts title="src/a b.ts"')).toEqual({ language: "ts", file: "src/a b.ts" });
  expect(fenceOf("js {1,3}")).toEqual({ language: "js", file: "" });
  expect(fenceOf("")).toEqual({ language: "", file: "" });
});

test("a definition replaces the one that begins as it does, at its indentation", () => {
  expect(after(FILE, "def fields(self):\n    return ['name']\n")).toEqual([
    ...FILE.slice(0, 3),
    "    def fields(self):",
    "        return ['name']",
    ...FILE.slice(5),
  ]);
  const braces = ["function a() {", "  return 1;", "}", "", "function b() {", "}"];
  expect(after(braces, "function a() {\n  const x = 2;\n\n  return x;\n}")).toEqual(["function a() {", "  const x = 2;", "", "  return x;", "}", ...braces.slice(3)]);
});

test("the file anew replaces all of it", () => {
  const anew = [...FILE.slice(0, 9), "x = 2"].join("\n");
  expect(after(FILE, anew)).toEqual(anew.split("\n"));
});

test("what is not there yet, or twice, goes to the cursor", () => {
  expect(placed(FILE, "def other():\n    pass\n")).toBeUndefined();
  expect(placed(FILE, "import os\nimport sys\n")).toBeUndefined();
  expect(placed(["def a():", "    1", "def a():", "    2"], "def a():\n    3\n")).toBeUndefined();
  expect(placed([], "def a():\n    3\n")).toBeUndefined();
});

test("a diff is made hunk by hunk, where its lines stand", () => {
  const diff = "--- a/form.py\n+++ b/form.py\n@@ -5,1 +5,1 @@\n     def name(self):\n-        return 'form'\n+        return 'login'\n@@ -10 +10,2 @@\n-x = 1\n+x = 2\n+y = 3\n";
  expect(isDiff(diff)).toBe(true);
  expect(fileOfDiff(diff)).toBe("form.py");
  expect(after(FILE, diff)).toEqual([...FILE.slice(0, 7), "        return 'login'", "", "x = 2", "y = 3"]);
});

test("a diff that does not fit is refused", () => {
  expect(() => placed(FILE, "@@ -1 +1 @@\n-nothing\n+something\n")).toThrow(ApplyError);
  expect(isDiff("- a list\n- of things\n")).toBe(false);
});
