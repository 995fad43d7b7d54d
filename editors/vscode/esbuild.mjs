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

await build({ ...node, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js" });
if (existsSync("src/webview/chat.ts")) {
  await build({ ...shared, platform: "browser", format: "iife", target: "es2022", entryPoints: ["src/webview/chat.ts"], outfile: "dist/chat.js" });
}
if (process.argv.includes("--tests")) {
  await build({ ...node, entryPoints: ["test/host/index.ts"], outfile: "dist/test/index.js", external: ["vscode", "mocha"] });
}
