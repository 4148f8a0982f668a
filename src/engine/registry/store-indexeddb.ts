/** A registry's contents in the browser's IndexedDB, so that what was pushed is there at the next visit. */
import { createStore, get, promisifyRequest } from "idb-keyval";
import { registryStore, sizeOf, type KeyValueStore, type RegistryStore } from "./store";

/** @param name of the two databases: `NAME-blobs` and `NAME-repositories` */
export function indexedDbRegistryStore(name: string, options: { maxBytes?: number } = {}): RegistryStore {
  return registryStore(
    indexedDbKeyValueStore<Blob>(`${name}-blobs`),
    indexedDbKeyValueStore<string>(`${name}-repositories`),
    options,
  );
}

/** Values in a database of their own. Browsers keep blobs as files, so that a list of them reads none. */
export function indexedDbKeyValueStore<Value extends Blob | string>(database: string): KeyValueStore<Value> {
  const store = createStore(database, "values");
  return {
    get: (key) => get<Value>(key, store),
    // One transaction: other tabs of the page have the same database.
    update: (key, change) =>
      store(
        "readwrite",
        (values) =>
          new Promise<void>((resolve, reject) => {
            const former = values.get(key) as IDBRequest<Value | undefined>;
            former.onerror = () => reject(former.error!);
            former.onsuccess = () => {
              try {
                const value = change(former.result);
                if (value === undefined) values.delete(key);
                else values.put(value, key);
                promisifyRequest(values.transaction).then(resolve, reject);
              } catch (error) {
                values.transaction.abort();
                reject(error as Error);
              }
            };
          }),
      ),
    list: () =>
      store(
        "readonly",
        (values) =>
          new Promise<{ key: string; sizeBytes: number }[]>((resolve, reject) => {
            const all: { key: string; sizeBytes: number }[] = [];
            const cursor = values.openCursor();
            cursor.onerror = () => reject(cursor.error!);
            cursor.onsuccess = () => {
              const at = cursor.result;
              if (!at) return resolve(all);
              all.push({ key: String(at.key), sizeBytes: sizeOf(at.value as Value) });
              at.continue();
            };
          }),
      ),
  };
}
