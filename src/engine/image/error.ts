/** What every expected failure of images, layers and registries is; `code` is for programs, `message` for people. */
export class ImageError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
