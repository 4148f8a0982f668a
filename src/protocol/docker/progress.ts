/** How far one layer, or one step, is. */
export interface ProgressDetail {
  current?: number;
  total?: number;
  start?: number;
  hidecounts?: boolean;
  units?: string;
}

/**
 * One JSON line of what pull, push, load, import and build stream. An `error` ends the stream; the status was 200 long
 * before. Pull and push give one `id` a layer; build gives `stream` texts and `aux: { ID }`.
 */
export interface ProgressMessage {
  stream?: string;
  status?: string;
  id?: string;
  /** A drawn bar, for clients that do not draw their own. */
  progress?: string;
  progressDetail?: ProgressDetail;
  error?: string;
  errorDetail?: { code?: number; message: string };
  aux?: BuildResultAux | PushResultAux | Record<string, unknown>;
}

export interface BuildResultAux {
  ID: string;
}

export interface PushResultAux {
  Tag: string;
  Digest: string;
  Size: number;
}
