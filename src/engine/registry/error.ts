/** Errors of registries, on the wire and in the client (OCI distribution specification, "Error Codes"). */
import { ImageError } from "../image/error";

/** The specification's codes, with the status the reference implementation gives each. */
export const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
} as const;

export type RegistryErrorCode = keyof typeof STATUS;

/** A request the server refuses; becomes its response. */
export class RefusedError extends Error {
  readonly code: RegistryErrorCode;
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Record<string, string>;
  constructor(
    code: RegistryErrorCode,
    message: string,
    more: { status?: number; detail?: unknown; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "RefusedError";
    this.code = code;
    this.status = more.status ?? STATUS[code];
    this.detail = more.detail;
    this.headers = more.headers ?? {};
  }
}

/** A registry that did not do what the client asked; `status` is absent when it could not be reached. */
export class RegistryError extends ImageError {
  readonly status?: number;
  constructor(code: string, message: string, status?: number, options?: ErrorOptions) {
    super(code, message, options);
    this.status = status;
  }
}
