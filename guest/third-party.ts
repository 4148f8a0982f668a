/**
 * Writes THIRD_PARTY.md: what the guest and the page are made of, with versions and licences, from the recipes, the provenance of the
 * committed images and the installed packages.
 *
 *   node --import tsx guest/third-party.ts
 */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { RECIPES } from "./recipes";
import { readProvenance } from "./images";

const ROOT = new URL("../", import.meta.url);

/** Dependencies that run when the site or the images are built, and of which nothing is served. */
const BUILD_TIME = ["@bokuweb/zstd-wasm", "@sveltejs/vite-plugin-svelte", "sirv", "tsx", "vite", "yaml"];

interface PackageJson {
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}

function packageJson(path: string): PackageJson {
  return JSON.parse(readFileSync(new URL(path, ROOT), "utf8")) as PackageJson;
}

/** The file's text. @throws Error when a dependency is not installed. */
export async function thirdParty(): Promise<string> {
  const { toolchain } = await readProvenance();
  const sources = RECIPES.flatMap(({ source, license, outputs }) => {
    if (!source) return [];
    const what = Object.keys(outputs).map((name) => name.replace(/^bin\//, ""));
    const contained = source.package === "linux" ? ["bzImage"] : what.length > 0 ? what : ["linked into setpriv"];
    return [[contained.join(", "), `${source.package} ${source.version}`, license.spdx, `licenses/${source.package}/`]];
  });
  const binaries = [
    ["linked into every program", `musl ${toolchain["musl-dev"]}`, "MIT", "licenses/musl/"],
    ["bios.bin, vgabios.bin", `seabios ${toolchain.seabios}`, "LGPL-3.0-only", "licenses/seabios/"],
  ];
  const names = Object.keys(packageJson("package.json").dependencies ?? {}).filter(
    (name) => !BUILD_TIME.includes(name),
  );
  const packages = names.map((name) => {
    const { version, license } = packageJson(`node_modules/${name}/package.json`);
    return [name, version, license ?? "see the package"];
  });
  return `# Third-party software

Made by \`node --import tsx guest/third-party.ts\`; a test keeps it true.

## In the guest

Built from Debian's source packages by the recipes under \`guest/\` (\`npm run images\`), unchanged but for the patches beside them. Hashes of
sources and files are in \`images/machine/provenance.json\`, the licence texts under \`images/machine/licenses/\`.

${table(["File in `images/machine/`", "Debian package", "Licence", "Text"], [...sources, ...binaries])}

The complete source of each package, at exactly this version, is what \`apt-get source\` of Debian fetches; the SHA-256 of its \`.dsc\` is in
the provenance.

## In the page and the \`glassbox\` command

Taken from npm at the exact versions of \`package-lock.json\`; each package carries its licence text.

${table(["Package", "Version", "Licence"], packages)}
`;
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await writeFile(fileURLToPath(new URL("THIRD_PARTY.md", ROOT)), await thirdParty());
}
