/** What the page keeps between visits: IndexedDB, or memory where the browser denies it. */
import { createStore, delMany, get, setMany } from "idb-keyval";

export interface Keep {
  get<T>(key: string): Promise<T | undefined>;
  /** All of them or none; rejects when there is no room. */
  set(entries: Record<string, unknown>): Promise<void>;
  delete(...keys: string[]): Promise<void>;
  /** False when everything is gone with the tab. */
  lasting: boolean;
}

/** Keeps things in this tab alone. */
export function memoryKeep(): Keep {
  const kept = new Map<string, unknown>();
  return {
    get: async <T>(key: string) => kept.get(key) as T | undefined,
    set: async (entries) => Object.entries(entries).forEach(([key, value]) => kept.set(key, value)),
    delete: async (...keys) => keys.forEach((key) => kept.delete(key)),
    lasting: false,
  };
}

/** Opens the browser's store; falls back to memory when it is denied (private windows, sandboxed frames). */
export async function openKeep(): Promise<Keep> {
  try {
    const store = createStore("glassbox", "kept");
    await get("probe", store);
    return {
      get: <T>(key: string) => get<T>(key, store),
      set: (entries) => setMany(Object.entries(entries), store),
      delete: (...keys) => delMany(keys, store),
      lasting: true,
    };
  } catch {
    return memoryKeep();
  }
}
