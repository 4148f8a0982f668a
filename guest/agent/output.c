#include "output.h"

#include <errno.h>
#include <unistd.h>

#include "frame.h"
#include "wire.h"

/* Behind OUTPUT_RESERVE, so that the acknowledgement always fits. */
#define ACK_BYTES (HEADER_BYTES + 8)
#define MESSAGE_BYTES 200

static uint8_t buffer[65536];
static size_t start, end;
static bool urgent;
static uint32_t received, acknowledged, sent;

size_t output_room(void) {
  size_t used = end - start;
  return used + ACK_BYTES >= sizeof buffer ? 0 : sizeof buffer - ACK_BYTES - used;
}

static uint8_t *space(size_t length) {
  if (sizeof buffer - end < length) {
    memmove(buffer, buffer + start, end - start);
    end -= start;
    start = 0;
  }
  return buffer + end;
}

static void header(uint8_t *at, uint8_t type, uint8_t channel, uint32_t stream, size_t length) {
  at[0] = type;
  at[1] = channel;
  put16(at + 2, length);
  put32(at + 4, stream);
}

void output_frame(uint8_t type, uint8_t channel, uint32_t stream, const void *payload, size_t length, enum urgency urgency) {
  uint8_t *at = space(HEADER_BYTES + length);
  header(at, type, channel, stream, length);
  if (length) memcpy(at + HEADER_BYTES, payload, length);
  end += HEADER_BYTES + length;
  sent += HEADER_BYTES + length;
  if (urgency == URGENT) urgent = true;
}

uint8_t *output_data(void) { return space(HEADER_BYTES + MAX_PAYLOAD_BYTES) + HEADER_BYTES; }

void output_data_done(uint8_t channel, uint32_t stream, size_t length) {
  header(buffer + end, FRAME_DATA, channel, stream, length);
  end += HEADER_BYTES + length;
  sent += HEADER_BYTES + length;
  urgent = true;
}

void output_error(uint32_t stream, uint8_t type, uint16_t code, int error, bool gone, const char *message) {
  uint8_t payload[6 + MESSAGE_BYTES];
  uint8_t *at = put16(put16(payload, code), error);
  *at++ = type;
  *at++ = gone;
  const char *parts[] = {message, error ? ": " : "", error ? strerror(error) : ""};
  for (size_t i = 0; i < 3; i++) {
    size_t length = strlen(parts[i]), left = payload + sizeof payload - at;
    if (length > left) length = left;
    memcpy(at, parts[i], length);
    at += length;
  }
  output_frame(FRAME_ERROR, 0, stream, payload, at - payload, URGENT);
}

void output_reset(void) {
  start = end = 0;
  received = acknowledged = sent = 0;
  memset(buffer, FRAME_PADDING, RESYNC_BYTES);
  end = RESYNC_BYTES;
  urgent = true;
}

void output_received(uint32_t total) { received = total; }

static void acknowledge(void) {
  uint8_t payload[8];
  put32(put32(payload, received), sent);
  acknowledged = received;
  output_frame(FRAME_ACK, 0, 0, payload, sizeof payload, URGENT);
}

void output_acknowledge_now(void) {
  if (output_room() >= ACK_BYTES) acknowledge();
}

bool output_pending(void) { return end > start; }
bool output_urgent(void) { return urgent; }

int output_flush(int fd) {
  if (end == start) return 0;
  if (received != acknowledged && sizeof buffer - (end - start) >= ACK_BYTES) acknowledge();
  while (end > start) {
    ssize_t written = write(fd, buffer + start, end - start);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? 0 : -1;
    }
    start += written;
  }
  start = end = 0;
  urgent = false;
  return 0;
}
