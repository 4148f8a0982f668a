/** The session kept for the next visit: the whole machine, and where in the lesson it was. */
import type { SavedState } from "../protocol/machine";
import type { Keep } from "./storage";

/** What is known about a kept session without loading it. */
export interface SessionInfo {
  build: string;
  savedAt: number;
  sizeBytes: number;
  lesson?: string;
  step?: string;
}

const STATE = "session.state";
const INFO = "session.info";

/** Rejects when the browser has no room; what was kept before then still is. */
export async function keepSession(keep: Keep, state: SavedState, place: { lesson?: string; step?: string }) {
  const info: SessionInfo = {
    build: state.build,
    savedAt: state.savedAt,
    sizeBytes: state.bytes.byteLength,
    ...place,
  };
  await keep.set({ [STATE]: state, [INFO]: info });
  return info;
}

export const sessionInfo = (keep: Keep) => keep.get<SessionInfo>(INFO);

export const loadSession = (keep: Keep) => keep.get<SavedState>(STATE);

export const discardSession = (keep: Keep) => keep.delete(INFO, STATE);
