/* What a container printed, in a file of bounded size: pieces with their stream and time (src/protocol/boxd.ts). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* `max_bytes` for both halves together: when the newer is full, it takes the place of the older. */
void log_open(const char *path, uint32_t max_bytes);
bool log_kept(void);
void log_append(uint8_t stream, uint64_t when, const uint8_t *bytes, uint32_t length);

/* Where somebody who reads the log has got to. */
struct log_reader {
  int fd;
};
void log_reader_open(struct log_reader *reader);
void log_reader_close(struct log_reader *reader);
/*
 * The next bytes, up to `room`; 0 when all that was logged has been read, -1 when reading failed. Pieces come whole or in
 * parts, as they lie in the file.
 */
int log_read(struct log_reader *reader, uint8_t *bytes, uint32_t room);
