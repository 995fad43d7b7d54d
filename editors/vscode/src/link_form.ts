/** What a link to a task looks like. */

export function idOfLink(uri: { path: string; query: string; fragment: string }): string | undefined {
  const id = /^\/task\/([A-Za-z0-9-]{1,64})$/.exec(uri.path)?.[1];
  return uri.query === "" && uri.fragment === "" ? id : undefined;
}
