import { writeLibrary } from "./write";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Usage: node --import tsx images/library/main.ts FOLDER");
  process.exitCode = 2;
} else {
  const sizes = await writeLibrary(folder);
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  console.log(`${sizes.size} files, ${bytes} bytes, below ${folder}/v2`);
}
