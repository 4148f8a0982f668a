/** The unpacked snapshot kept in the browser, so that the next visit neither fetches nor unpacks it. */
import { createStore, get, set } from "idb-keyval";

/** Keeps one unpacked snapshot. Both methods may reject (no storage, no room): then nothing is kept. */
export interface UnpackedKeep {
  load(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Takes the place of what was kept before: another build's is of no use any more. */
  store(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

const DATABASE = "glassbox-machine";
const KEY = "snapshot";

/** In IndexedDB, which plain-http pages have too. */
export function indexedDbKeep(): UnpackedKeep {
  const store = () => createStore(DATABASE, "unpacked");
  return {
    async load() {
      // Making a database takes longer than asking whether there is one, and a first visit has none.
      const databases = await indexedDB.databases?.();
      if (databases && !databases.some(({ name }) => name === DATABASE)) return undefined;
      const blob = await get<Blob>(KEY, store());
      return blob && new Uint8Array(await blob.arrayBuffer());
    },
    // A blob is read three times as fast as an array.
    store: (bytes) => set(KEY, new Blob([bytes]), store()),
  };
}
