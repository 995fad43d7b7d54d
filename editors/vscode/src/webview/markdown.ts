/**
 * Markdown of a message as nodes of the page: no HTML, no images, links without an address.
 *
 * Invariant: nothing in a message becomes an element that it names, or loads anything ("hostile Markdown is text").
 */

import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import MarkdownIt from "markdown-it";

import { type Fence, fenceOf } from "../chat/apply";

const LANGUAGES = { bash, css, diff, go, java, javascript, json, markdown, python, rust, sql, typescript, xml, yaml };
for (const [name, language] of Object.entries(LANGUAGES)) {
  hljs.registerLanguage(name, language);
}
/** Longer code is shown without colours: it would hold up the page. */
const MOST_COLOURED = 20_000;

const reader = new MarkdownIt({ html: false, linkify: true, typographer: false }).disable(["image"]);
reader.validateLink = () => true; // where a link leads is decided outside, by a list of what it may be
reader.renderer.rules["link_open"] = (tokens, index) => {
  const href = String(tokens[index]?.attrGet("href") ?? "");
  // An address in `href` would be followed by a middle click: it goes where the extension can look at it.
  return `<a role="link" tabindex="0" data-href="${reader.utils.escapeHtml(href)}" title="${reader.utils.escapeHtml(href)}">`;
};
reader.renderer.rules["fence"] = (tokens, index) => {
  const token = tokens[index];
  return token === undefined ? "" : code(token.content, fenceOf(token.info));
};
reader.renderer.rules["code_block"] = (tokens, index) => code(tokens[index]?.content ?? "", { language: "", file: "" });

function code(text: string, { language, file }: Fence): string {
  const known = language !== "" && hljs.getLanguage(language) !== undefined && text.length <= MOST_COLOURED;
  const shown = known ? hljs.highlight(text, { language, ignoreIllegals: true }).value : reader.utils.escapeHtml(text);
  const label = reader.utils.escapeHtml(file !== "" ? file : language === "" ? "text" : language);
  const button = (does: string, words: string, title: string): string => `<button type="button" data-do="${does}" title="${title}">${words}</button>`;
  return (
    `<figure class="code" data-file="${reader.utils.escapeHtml(file)}"><figcaption><span>${label}</span>` +
    button("copy", "Copy", "Copy the code") +
    button("insert", "Insert", "Insert at the cursor of the editor") +
    `${button("apply", "Apply…", "Propose it as an edit of its file, which you look at before it is made")}</figcaption>` +
    `<pre tabindex="0"><code>${shown}</code></pre></figure>`
  );
}

export function render(text: string): string {
  return reader.render(text);
}
