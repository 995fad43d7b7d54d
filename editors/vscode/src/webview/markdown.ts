/**
 * Markdown of a message as nodes of the page: no HTML, no images, links without an address.
 *
 * Invariant: nothing in a message becomes an element that it names, or loads anything ("hostile Markdown is text").
 */

import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import lua from "highlight.js/lib/languages/lua";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import shell from "highlight.js/lib/languages/shell";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import MarkdownIt from "markdown-it";
import type { Token } from "markdown-it";

import { type Fence, fenceOf } from "../chat/apply";

const LANGUAGES = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  lua,
  makefile,
  markdown,
  php,
  python,
  ruby,
  rust,
  shell,
  sql,
  swift,
  typescript,
  xml,
  yaml,
};
for (const [name, language] of Object.entries(LANGUAGES)) {
  hljs.registerLanguage(name, language);
}
/** Longer code is shown without colours: it would hold up the page. */
const MOST_COLOURED = 20_000;

/** Headings of a message stand below the one that says who wrote it. */
const BELOW = 2;

const reader = new MarkdownIt({ html: false, linkify: true, typographer: false });
reader.validateLink = () => true; // where a link leads is decided outside, by a list of what it may be
reader.core.ruler.push("ours", ({ tokens, Token: Made }) => {
  const open: { token: Token; right: boolean | undefined }[] = [];
  tokens.forEach((token, index) => {
    if (token.type === "heading_open" || token.type === "heading_close") {
      token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + BELOW)}`;
    }
    const aligned = /^text-align:(center|right)$/.exec(String(token.attrGet("style") ?? ""))?.[1];
    token.attrs = token.attrs?.filter(([name]) => name !== "style") ?? null; // the page's policy lets no style in that is not a file's
    if (aligned !== undefined) {
      token.attrSet("class", aligned);
    }
    if (token.nesting === 1) {
      open.push({ token, right: undefined });
    } else if (token.nesting === -1) {
      open.pop();
    } else if (token.type === "inline") {
      const item = tokens[index - 2];
      if (item?.type === "list_item_open") {
        tick(item, token, new Made("html_inline", "", 0));
      }
      direct(open, token.content);
    }
  });
});

/** A box that shows and cannot be ticked, as the outline itself would have it. */
function tick(item: Token, inline: Token, box: Token): void {
  const [first] = inline.children ?? [];
  const mark = /^\[([ xX])\]\s+/.exec(first?.type === "text" ? first.content : "");
  if (first === undefined || mark === null) {
    return;
  }
  const done = mark[1] !== " ";
  item.attrSet("class", "task");
  first.content = first.content.slice(mark[0].length);
  box.content = `<input type="checkbox" disabled${done ? " checked" : ""} aria-label="${done ? "Done" : "Not done"}">`;
  inline.children?.unshift(box);
}

/** Blocks run from the right where their first letter is one of a script that does. */
function direct(open: { token: Token; right: boolean | undefined }[], text: string): void {
  const letter = /\p{L}/u.exec(text)?.[0];
  if (letter === undefined) {
    return;
  }
  const right = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(letter);
  let around = false;
  for (const block of open) {
    if (block.right === undefined) {
      block.right = right;
      if (right !== around) {
        block.token.attrSet("dir", right ? "rtl" : "ltr");
      }
    }
    around = block.right;
  }
}

reader.renderer.rules["table_open"] = (tokens, index, options, _, renderer) =>
  `<div class="table" role="group" aria-label="Table" tabindex="0">${renderer.renderToken(tokens, index, options)}`;
reader.renderer.rules["table_close"] = (tokens, index, options, _, renderer) => `${renderer.renderToken(tokens, index, options)}</div>`;
reader.renderer.rules["link_open"] = (tokens, index) => link(String(tokens[index]?.attrGet("href") ?? ""));
/** Nothing is loaded: whoever wants to see it follows the link. */
reader.renderer.rules["image"] = (tokens, index) => {
  const address = String(tokens[index]?.attrGet("src") ?? "");
  return `${link(address)}${reader.utils.escapeHtml(tokens[index]?.content === "" ? address : String(tokens[index]?.content))} (picture)</a>`;
};

/** An address in `href` would be followed by a middle click: it goes where the extension can look at it. */
function link(address: string): string {
  const text = reader.utils.escapeHtml(address);
  return `<a role="link" tabindex="0" data-href="${text}" title="${text}">`;
}

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
    `<pre tabindex="0" dir="ltr"><code>${shown}</code></pre></figure>`
  );
}

export function render(text: string): string {
  return reader.render(text);
}
