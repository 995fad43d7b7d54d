// Bundles the extension into dist/; `--tests` also the tests that run inside the extension host.
import { build } from "esbuild";
import { existsSync } from "node:fs";

const shared = {
  bundle: true,
  minify: !process.argv.includes("--tests"),
  legalComments: "none",
  logLevel: "warning",
  treeShaking: true,
};
const node = { ...shared, platform: "node", format: "cjs", target: "node20", external: ["vscode"], mainFields: ["module", "main"] };
/** The library that speaks to the server is a file of its own, which is read when the server is started. */
const LIBRARY = "vscode-languageclient/node";
const apart = {
  name: "apart",
  setup: (made) => made.onResolve({ filter: new RegExp(`^${LIBRARY}$`) }, () => ({ path: "./languageclient.js", external: true })),
};

// By `require`: what an extension brings in otherwise does not find the module `vscode`.
const required = { supported: { "dynamic-import": false } };

await build({ ...node, ...required, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js", plugins: [apart] });
await build({ ...node, entryPoints: [LIBRARY], outfile: "dist/languageclient.js" });
if (existsSync("src/webview/chat.ts")) {
  await build({ ...shared, platform: "browser", format: "iife", target: "es2022", entryPoints: ["src/webview/chat.ts"], outfile: "dist/chat.js" });
}
if (process.argv.includes("--tests")) {
  await build({ ...node, entryPoints: ["test/host/door.ts"], outfile: "dist/test/index.js" });
}
