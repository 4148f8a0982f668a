/** The body of every answer of 400 and above: https://docs.docker.com/reference/api/engine/version/v1.44/#section/Errors */
export interface ErrorResponse {
  message: string;
}

/** What several create and remove calls answer. */
export interface IDResponse {
  Id: string;
}
