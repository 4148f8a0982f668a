/**
 * The head of each frame of an attached, exec or logs stream without a terminal: the stream's number, three zeros, and
 * the payload's length in bytes, big-endian.
 */
export const STREAM_HEADER_BYTES = 8;

export const STREAM_STDIN = 0;
export const STREAM_STDOUT = 1;
export const STREAM_STDERR = 2;
/** A failure of the engine itself, as text. */
export const STREAM_SYSTEM_ERROR = 3;

export const MEDIA_TYPE_RAW_STREAM = "application/vnd.docker.raw-stream";
export const MEDIA_TYPE_MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream";
