import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { importScenario, type ScenarioFiles } from "../../lesson/scenario";
import { UsageError, type Command } from "../command";
import { COURSE_OPTIONS } from "./choice";
import { newLesson } from "./new";

/** Bytes of a scenario's file; assets that are larger are none of its text. */
const MAX_FILE_BYTES = 256 * 1024;

const OPTIONS = { ...COURSE_OPTIONS, name: { type: "string" } } as const;

/** `glassbox lesson import FOLDER`: a Killercoda or Katacoda scenario as a lesson, and a report of what it could not take. */
export const importCommand: Command = async (args) => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw new UsageError("name one folder with a scenario's index.json");
  const path = resolve(folder);
  if (!existsSync(path) || !statSync(path).isDirectory()) throw new UsageError(`there is no folder ${folder}`);
  const imported = importScenario(scenarioFiles(path));
  const name = (values.name ?? basename(path))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (name === "") throw new UsageError("give the lesson a name, with --name");
  const made = await newLesson(resolve(values.course), name, imported.files);
  process.stdout.write(`${relative(process.cwd(), made)}/: ${Object.keys(imported.files).length - 1} steps\n`);
  if (imported.report.length > 0) process.stdout.write("Not carried over, or to be done by hand:\n");
  for (const line of imported.report) process.stdout.write(`  ${line}\n`);
  return 0;
};

function scenarioFiles(folder: string): ScenarioFiles {
  const files: ScenarioFiles = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || statSync(path).size > MAX_FILE_BYTES) continue;
    files[relative(folder, path).replaceAll("\\", "/")] = readFileSync(path, "utf8");
  }
  return files;
}
