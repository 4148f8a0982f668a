#include "input.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "frame.h"
#include "guard.h"
#include "output.h"
#include "process.h"
#include "socket.h"
#include "stream.h"
#include "system.h"
#include "wire.h"

/* Holds a whole frame behind whatever part of another. */
static uint8_t buffer[4 * CHUNK_BYTES];
static uint32_t start, end;
static uint32_t received;

/* Rest of an over-long frame, and how many zeros in a row it just had. */
static uint32_t skipping, zeros;

int input_read(int fd) {
  if (start == end) start = end = 0;
  if (end == sizeof buffer) {
    memmove(buffer, buffer + start, end - start);
    end -= start;
    start = 0;
  }
  if (end == sizeof buffer) return 0;
  ssize_t length = read(fd, buffer + end, sizeof buffer - end);
  if (length < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (length == 0) return -1;
  end += length;
  received += length;
  output_received(received);
  return length;
}

void input_forget(void) {
  start = end = received = skipping = 0;
  process_forget_request();
}

static void skip(void) {
  while (skipping && start < end) {
    zeros = buffer[start] == FRAME_PADDING ? zeros + 1 : 0;
    start++;
    skipping--;
    if (zeros == RESYNC_RUN_BYTES) skipping = 0;
  }
}

static void reset(const uint8_t *nonce) {
  streams_drop();
  process_forget_request();
  output_reset();
  guard_hello(nonce);
  /* Counting begins behind the reset, on both sides. */
  received = end - start;
  output_received(received);
}

/* Payload sizes: exactly `least`, unless `most` is greater. */
struct shape {
  uint16_t least, most;
};

static const struct shape shapes[] = {
    [FRAME_RESET] = {NONCE_BYTES, NONCE_BYTES},
    [FRAME_RUN] = {1, MAX_PAYLOAD_BYTES},
    [FRAME_CONNECT] = {8, 8 + 256},
    [FRAME_LISTEN] = {12, 12 + 256},
    [FRAME_RESIZE] = {4, 4},
    [FRAME_KILL] = {2, 2},
    [FRAME_CLOCK] = {8, 8},
    [FRAME_RESEED] = {1, MAX_ENTROPY_BYTES},
    [FRAME_KILL_ALL] = {1, 1},
    [FRAME_DATA] = {1, MAX_PAYLOAD_BYTES},
    [FRAME_CREDIT] = {4, 4},
    /* Last, so that the table spans every type from the host; SYNC, CLOSE and END have no payload. */
    [FRAME_CREDIT + 1] = {0, 0},
};

static bool from_host(uint8_t type) {
  return (type >= FRAME_RESET && type <= FRAME_KILL_ALL) || (type >= FRAME_DATA && type <= FRAME_CREDIT);
}

/* The stream a frame speaks to. NULL after an answer was given, or when the stream ended by itself a moment ago. */
static struct stream *target(uint8_t type, uint32_t id) {
  struct stream *stream = stream_find(id);
  if (!stream && !stream_ended(id)) output_error(id, type, ERROR_UNKNOWN_STREAM, 0, false, "no stream has this id");
  return stream;
}

static void handle(uint8_t type, uint8_t channel, uint32_t id, const uint8_t *payload, uint32_t length) {
  struct stream *stream;
  switch (type) {
    case FRAME_RESET:
      reset(payload);
      return;
    case FRAME_SYNC:
      output_acknowledge_now();
      return;
    case FRAME_RUN:
      process_request(id, channel, payload, length);
      return;
    case FRAME_CONNECT:
      socket_connect(id, payload, length);
      return;
    case FRAME_LISTEN:
      socket_listen(id, payload, length);
      return;
    case FRAME_CLOCK:
      system_clock(id, payload);
      return;
    case FRAME_RESEED:
      system_reseed(id, payload, length);
      return;
    case FRAME_KILL_ALL:
      system_kill_all(id, payload[0]);
      return;
  }
  if (!(stream = target(type, id))) return;
  switch (type) {
    case FRAME_RESIZE:
      process_resize(stream, get16(payload), get16(payload + 2));
      return;
    case FRAME_KILL:
      process_kill(stream, payload[0], payload[1]);
      return;
    case FRAME_CLOSE:
      stream_drop(stream);
      return;
    case FRAME_DATA:
      stream_data(stream, channel, payload, length);
      return;
    case FRAME_END:
      stream_end(stream, channel);
      return;
    case FRAME_CREDIT:
      stream_credit(stream, channel, get32(payload));
      return;
  }
}

bool input_handle(void) {
  while (output_room() >= OUTPUT_RESERVE) {
    skip();
    while (!skipping && start < end && buffer[start] == FRAME_PADDING) start++;
    if (end - start < HEADER_BYTES) return true;
    const uint8_t *frame = buffer + start;
    uint8_t type = frame[0], channel = frame[1];
    uint32_t length = get16(frame + 2), id = get32(frame + 4);
    if (length > MAX_PAYLOAD_BYTES) {
      output_error(id, type, ERROR_TOO_LONG, 0, false, "the payload is longer than a frame may carry; skipped");
      start += HEADER_BYTES;
      skipping = length;
      zeros = 0;
      continue;
    }
    if (end - start < HEADER_BYTES + length) {
      /* Whole frames are contiguous: make room behind a part that reached the end of the buffer. */
      if (start + HEADER_BYTES + length > sizeof buffer) {
        memmove(buffer, buffer + start, end - start);
        end -= start;
        start = 0;
      }
      return true;
    }
    start += HEADER_BYTES + length;
    if (!from_host(type))
      output_error(id, type, ERROR_UNKNOWN_TYPE, 0, false, "no frame from the host has this type");
    else if (length < shapes[type].least || length > shapes[type].most)
      output_error(id, type, ERROR_BAD_LENGTH, 0, false, "the payload has the wrong length for its type");
    else
      handle(type, channel, id, frame + HEADER_BYTES, length);
  }
  return false;
}
