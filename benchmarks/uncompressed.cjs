// Loaded into VS Code's server by `benchmarks/vscode.py`: its windows are talked to without compression, as those of
// the desktop application are. In a browser each message costs the extension host zlib besides.

"use strict";

const { Server } = require("node:http");

const { emit } = Server.prototype;

Server.prototype.emit = function (event, request, ...rest) {
  if (event === "upgrade") {
    delete request.headers["sec-websocket-extensions"];
  }
  return emit.call(this, event, request, ...rest);
};
