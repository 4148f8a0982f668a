import { spawnSync } from "node:child_process";
const R = "/work/build/wt-dockerfile/src/engine/dockerfile/";
const { expandWord } = await import(R + "variable.ts");
const { parseGlob, matchGlob } = await import(R + "glob.ts");
const { parseDockerignore, isIgnored } = await import(R + "dockerignore.ts");
const { parseDuration } = await import(R + "duration.ts");
const { cleanPath } = await import(R + "context-path.ts");
const seed = Number(process.argv[2] ?? Date.now() % 1e6);
console.log("seed", seed);
let s = seed;
const rnd = (n: number) => { s = (Math.imul(s, 1664525) + 1013904223) >>> 0; return Math.floor((s / 2 ** 32) * n); };
const pick = <T>(a: T[]) => a[rnd(a.length)];
const str = (alpha: string[], max: number) => Array.from({ length: rnd(max + 1) }, () => pick(alpha)).join("");
export function ask(reqs: any[]): any[] {
  const r = spawnSync("/tmp/dfwitness/dfw", { input: reqs.map((x) => JSON.stringify(x)).join("\n") + "\n", maxBuffer: 1 << 29, encoding: "utf8" });
  if (r.status !== 0) throw new Error(r.stderr);
  return r.stdout.trim().split("\n").map((l) => JSON.parse(l));
}
const N = Number(process.argv[3] ?? 20000);
let bad = 0;
const report = (...a: any[]) => { if (bad++ < 15) console.log(...a.map((x) => JSON.stringify(x))); };

// words
const env = ["A=x", "B=", "C=a b", "D= 'q' ", "_e=$A"];
const vars = new Map(env.map((e) => [e.slice(0, e.indexOf("=")), e.slice(e.indexOf("=") + 1)]));
const alpha = ["$", "{", "}", "A", "B", "C", "U", ":", "-", "+", "?", "'", '"', "\\", "`", " ", "a", "1", "_", "${A", "${B:-", "${U-", "${C:+", "}", "$C", "é", "\t"];
let reqs: any[] = Array.from({ length: N }, () => ({ Op: "word", Text: str(alpha, 10), Escape: pick(["\\", "`"]), Env: env }));
ask(reqs).forEach((want, i) => {
  let got: any;
  try { const e = expandWord(reqs[i].Text, vars, { escape: reqs[i].Escape }); got = { text: e.text, words: e.words }; } catch (e: any) { got = { error: e.message }; }
  if (want.error !== undefined) { if (got.error === undefined && !/missing ':'|unsupported modifier/.test(want.error)) report("word", reqs[i].Text, reqs[i].Escape, want, got); }
  else if (JSON.stringify({ text: want.text, words: want.words }) !== JSON.stringify(got)) report("word", reqs[i].Text, reqs[i].Escape, want, got);
});
// match
const pal = ["a", "b", "/", "*", "?", "[", "]", "^", "-", "\\", "[ab]", "[^a]", "[a-c]", "*", "é"];
const sal = ["a", "b", "c", "/", "-", "]", "é", "*", "\\"];
reqs = Array.from({ length: N }, () => ({ Op: "match", Text: str(pal, 7), Paths: Array.from({ length: 6 }, () => str(sal, 6)) }));
ask(reqs).forEach((want, i) => {
  let got: any; if (/\*.*\[\^/.test(reqs[i].Text)) return;
  try { const g = parseGlob(reqs[i].Text, { globstar: false }); got = { bad: false, matches: reqs[i].Paths.map((p: string) => matchGlob(g, p)) }; } catch { got = { bad: true }; }
  if (got.bad && !want.bad && !want.matches.includes(true)) return;
  if (want.bad !== got.bad || (!want.bad && JSON.stringify(want.matches) !== JSON.stringify(got.matches))) report("match", reqs[i].Text, reqs[i].Paths, want, got);
});
// ignore
const ial = ["a", "b", "/", "*", "**", "**/", "?", "[ab]", "!", ".", "..", " ", "#", "\n", "\n!", "\n", "a", "b/", "+", "(", "[^a]", "é"];
const path = () => Array.from({ length: 1 + rnd(4) }, () => str(["a", "b", "c", ".", "+"], 3) || "a").join("/");
reqs = Array.from({ length: N }, () => ({ Op: "ignore", Text: str(ial, 12), Paths: Array.from({ length: 6 }, () => { let p = cleanPath(path()); while (p.startsWith("..") || p === ".") p = cleanPath(path()); return p; }) }));
ask(reqs).forEach((want, i) => {
  if (/\[[^\]]*[?*+(.\/\[ !\n#]/.test(reqs[i].Text) || /^\s*\/+\s*!/m.test(reqs[i].Text) ||/^\s*!\s*[\/.]+\s*!/m.test(reqs[i].Text)) return;
  const { patterns, problems } = parseDockerignore(reqs[i].Text);
  const got = { bad: problems.length > 0, matches: reqs[i].Paths.map((p: string) => isIgnored(patterns, p)) };
  if (got.bad && !want.bad && !want.matches.includes(true)) return;
  if (want.bad !== got.bad || (!want.bad && JSON.stringify(want.matches) !== JSON.stringify(got.matches))) report("ignore", reqs[i].Text, reqs[i].Paths, want, got);
});
// duration, clean
const dal = ["1", "0", "5", ".", "s", "m", "h", "ms", "us", "µs", "ns", "+", "-", " ", "30", "99999999", "2562047"];
reqs = Array.from({ length: N }, () => ({ Op: "duration", Text: str(dal, 5) }));
ask(reqs).forEach((want, i) => { const got = parseDuration(reqs[i].Text); if ((want.error !== undefined ? undefined : want.ns) !== got && !(Math.abs(want.ns) > 2 ** 53 && Math.abs(want.ns - (got ?? NaN)) < 1e4)) report("duration", reqs[i].Text, want, got); });
reqs = Array.from({ length: N }, () => ({ Op: "clean", Text: str(["a", "/", ".", "..", "b", "/"], 9) }));
ask(reqs).forEach((want, i) => { const got = cleanPath(reqs[i].Text); if (want.path !== got) report("clean", reqs[i].Text, want, got); });
console.log("bad", bad);
