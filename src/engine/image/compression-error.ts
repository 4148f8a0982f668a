import { ImageError } from "./error";

export type CompressionErrorCode = "damaged" | "bomb";

/** Compressed content that is damaged, or that becomes too large. */
export class CompressionError extends ImageError {
  constructor(code: CompressionErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
