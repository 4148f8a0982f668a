/** Paths within a build context, as Go's filepath.Clean makes them. */

/** The shortest path that means the same, by its text alone: no "." and "..", no double or trailing "/"; "." if empty. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.length > 0 && names.at(-1) !== "..") names.pop();
    else if (!rooted) names.push(name);
  }
  return (rooted ? "/" : "") + names.join("/") || ".";
}

/** The same for a path in a context, which is its own root: `../a`, `/a` and `./a` are all `a`; "" is the context. */
export function contextPath(path: string): string {
  return cleanPath(`/${path}`).slice(1);
}
