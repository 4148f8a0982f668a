/** A lesson that comes from elsewhere: a zip, or files. Nothing about it is trusted. */
import { strFromU8, unzip } from "fflate";
import type { Lesson } from "../protocol/lesson";
import { parseLesson, type LessonFiles } from "./parse";
import { describeProblem } from "./problem";
import { LIMITS } from "./schema";

export interface PackedFile {
  name: string;
  bytes: Uint8Array;
}

/** Bytes of a zip, or of all files together. */
export const MAX_PACK_BYTES = 2 * 1024 * 1024;
/** Problems shown; an author wants them all, a visitor the first. */
const PROBLEMS_SHOWN = 8;

export type ReadPack = { ok: true; lesson: Lesson } | { ok: false; what: string; problems: string[] };

/** Reads and validates a lesson; its id is `elsewhere/NAME`, so that it is never taken for one of the course. */
export async function readPack(packed: PackedFile[]): Promise<ReadPack> {
  const size = packed.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (size > MAX_PACK_BYTES) return refused(`It is larger than ${MAX_PACK_BYTES / 1024 ** 2} MiB, so it is no lesson.`);
  let files = packed;
  if (packed.length === 1 && isZip(packed[0].bytes)) {
    try {
      files = await unpack(packed[0].bytes);
    } catch (error) {
      return refused(`The zip could not be read (${(error as Error).message}).`);
    }
  }
  const about = files.find(({ name }) => baseName(name) === "lesson.yaml");
  if (!about) return refused("There is no lesson.yaml in it.");
  const folder = about.name.slice(0, -"lesson.yaml".length);
  const texts: LessonFiles = Object.create(null) as LessonFiles;
  for (const { name, bytes } of files) {
    // Of a zip with several folders, the one with the first lesson.yaml.
    if (!name.startsWith(folder) || name.slice(folder.length).includes("/")) continue;
    if (/\.(md|yaml)$/.test(name)) texts[name.slice(folder.length)] = strFromU8(bytes);
  }
  const name = idOf(folder.split("/").at(-2) ?? packed[0].name.replace(/\.zip$/, ""));
  const read = parseLesson(texts, { id: `elsewhere/${name}` });
  if (read.ok) return read;
  const problems = read.problems.slice(0, PROBLEMS_SHOWN).map(describeProblem);
  if (read.problems.length > PROBLEMS_SHOWN) problems.push(`and ${read.problems.length - PROBLEMS_SHOWN} more`);
  return { ok: false, what: "The lesson has mistakes.", problems };
}

function refused(what: string): ReadPack {
  return { ok: false, what, problems: [] };
}

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/^\d\d-/, "")
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 60);
  return /[a-z0-9]/.test(id) ? id : "lesson";
}

// Sizes are looked at before anything is unpacked: a small zip may say that it is an enormous file.
function unpack(zip: Uint8Array): Promise<PackedFile[]> {
  let count = 0;
  const wanted = ({ name, originalSize }: { name: string; originalSize: number }): boolean => {
    if (!/\.(md|yaml)$/.test(name) || originalSize > 4 * LIMITS.fileSize) return false;
    count += 1;
    return count <= LIMITS.files;
  };
  return new Promise((resolve, reject) => {
    unzip(zip, { filter: wanted }, (error, entries) => {
      if (error) reject(error);
      else resolve(Object.entries(entries).map(([name, bytes]) => ({ name, bytes })));
    });
  });
}
