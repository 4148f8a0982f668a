/** The static i686 programs that the machine itself is made of (images/machine/provenance.json says from where). */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../machine/bin/", import.meta.url));

export function machineBinary(name: string): Uint8Array {
  return readFileSync(FOLDER + name);
}
