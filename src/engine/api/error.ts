/** An answer that is an error, with the status and in the words that Docker's own engine has for it. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const badParameter = (message: string): ApiError => new ApiError(400, message);
export const notFound = (message: string): ApiError => new ApiError(404, message);
export const conflict = (message: string): ApiError => new ApiError(409, message);
export const noSuchContainer = (name: string): ApiError => notFound(`No such container: ${name}`);
