/** Reading of the JSON documents images consist of: bounded, checked against a schema, with errors that say where. */
import * as v from "valibot";
import { ImageError } from "./error";

/** The largest manifest or config: what the distribution specification has every registry accept. */
export const MAX_DOCUMENT_BYTES = 4 * 2 ** 20;

/** A manifest, index, config or other document that is not what it should be. */
export class DocumentError extends ImageError {
  constructor(message: string, options?: ErrorOptions) {
    super("invalid-document", message, options);
  }
}

/** A schema's members without the index signature that unknown members give it. */
export type Known<T> = { [Key in keyof T as string extends Key ? never : Key]: T[Key] };

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** The JSON value in `bytes`; `what` names the document in messages. @throws DocumentError */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    throw new DocumentError(`${what} is larger than ${MAX_DOCUMENT_BYTES} bytes`);
  }
  try {
    return JSON.parse(strictUtf8.decode(bytes));
  } catch (error) {
    throw new DocumentError(`${what} is no JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** `value`, if it is as `schema` says. @throws DocumentError, which names the first place where it is not. */
export function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  throw new DocumentError(`${what} is invalid: ${path === null ? "" : `${path}: `}${issue.message}`);
}
