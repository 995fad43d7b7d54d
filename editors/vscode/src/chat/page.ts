/** The chat's page as it is first sent: its policy lets in our own script and style, and nothing from elsewhere. */

export interface PageParts {
  nonce: string;
  /** Where the webview's own files come from. */
  source: string;
  style: string;
  script: string;
}

export function chatPage({ nonce, source, style, script }: PageParts): string {
  const policy = `default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>Conversation</title>
</head>
<body data-orchestrator="chat">
<header id="top"><h1 id="title">Conversation</h1><span id="meter"></span>
<button type="button" id="find" title="Find in all of the conversation (Ctrl+F)">Find</button>
<button type="button" id="context" title="What a model would be sent for the next answer">Context</button>
<button type="button" id="task" title="Show the task in the editor">Task</button></header>
<div id="finding" role="search" hidden><input id="search" type="text" aria-label="Find in the conversation" placeholder="Find in all of the conversation"><span id="found" role="status"></span>
<button type="button" id="older" title="The one before (Enter)" aria-label="The one before">↑</button><button type="button" id="newer" title="The next one (Shift+Enter)" aria-label="The next one">↓</button></div>
<main id="log" tabindex="0" aria-label="Messages"><div id="above" aria-hidden="true"></div><p id="empty" hidden>Ask about this task, or say what you think of it. The model sees the task, what it stands below, and the results that it builds on.</p><div id="messages"></div><div id="below" aria-hidden="true"></div></main>
<div id="banner" role="alert" hidden></div>
<section id="writing" aria-label="Your message">
<div id="attached"></div>
<textarea id="box" rows="1" dir="auto" aria-label="Message"></textarea>
<div id="bar"><button type="button" id="attach" title="Attach files or the selection">Attach</button><button type="button" id="model" title="Choose the model">Model</button><span class="space"></span>
<button type="button" id="stop" hidden>Stop</button><button type="button" id="send" class="primary">Send</button></div>
</section>
<div id="status" class="quiet" role="status" aria-live="polite"></div>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
