#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "boxd.h"
#include "bytes.h"

static char path[300], older[304];
static int file = -1;
static uint32_t half, size;

void log_open(const char *name, uint32_t max_bytes) {
  if (!*name || strlen(name) >= sizeof path) return;
  strcpy(path, name);
  sprintf(older, "%s.1", name);
  half = max_bytes / 2;
  file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  off_t end = file < 0 ? 0 : lseek(file, 0, SEEK_END);
  size = end > 0 ? end : 0;
}

bool log_kept(void) { return file >= 0; }

void log_append(uint8_t stream, uint64_t when, const uint8_t *bytes, uint32_t length) {
  if (file < 0) return;
  if (size && size + length + LOG_HEADER_BYTES > half) {
    rename(path, older);
    close(file);
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640);
    size = 0;
    if (file < 0) return;
  }
  uint8_t header[LOG_HEADER_BYTES] = {stream};
  put64(put32(header + 4, length), when);
  struct iovec pieces[2] = {{header, sizeof header}, {(void *)bytes, length}};
  off_t before = lseek(file, 0, SEEK_END);
  ssize_t written = writev(file, pieces, 2);
  /* A full disk must leave no half of a piece behind. */
  if (written != (ssize_t)(sizeof header + length)) {
    if (ftruncate(file, before)) return;
  } else
    size += written;
}

void log_reader_open(struct log_reader *reader) {
  reader->fd = open(older, O_RDONLY | O_CLOEXEC);
  if (reader->fd < 0) reader->fd = open(path, O_RDONLY | O_CLOEXEC);
}

void log_reader_close(struct log_reader *reader) {
  if (reader->fd >= 0) close(reader->fd);
  reader->fd = -1;
}

/* True when the file that is read has been put aside since, or is the older one: what follows is in another file. */
static bool superseded(int fd) {
  char target[320], link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return false;
  target[length] = 0;
  return strcmp(target, path) != 0;
}

int log_read(struct log_reader *reader, uint8_t *bytes, uint32_t room) {
  if (reader->fd < 0) return 0;
  ssize_t got = read(reader->fd, bytes, room);
  if (got != 0) return got < 0 ? (errno == EINTR ? 0 : -1) : got;
  if (!superseded(reader->fd)) return 0;
  close(reader->fd);
  reader->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (reader->fd < 0) return 0;
  got = read(reader->fd, bytes, room);
  return got < 0 ? -1 : got;
}
