#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "output.h"
#include "process.h"
#include "socket.h"
#include "wire.h"

/* Reads of one descriptor in one wakeup, so that a flood on one stream leaves room for the others. */
#define READS_PER_WAKEUP 4

static struct stream streams[STREAM_SLOTS];
static uint8_t rings[STREAM_SLOTS][STREAM_WINDOW_BYTES];
static uint32_t last_host_id, last_agent_id = AGENT_STREAMS - 1;

/* Whose descriptor each poll entry is, and in which role. */
enum role { ROLE_IN, ROLE_OUT, ROLE_ERR, ROLE_REPORT };
static struct {
  uint32_t id;
  uint8_t slot, role;
} polled[POLL_ENTRIES];

static uint8_t *ring_of(struct stream *stream) { return rings[stream - streams]; }

static struct stream *free_slot(void) {
  for (int i = 0; i < STREAM_SLOTS; i++)
    if (streams[i].kind == FREE) return &streams[i];
  return NULL;
}

static int free_slots(void) {
  int count = 0;
  for (int i = 0; i < STREAM_SLOTS; i++) count += streams[i].kind == FREE;
  return count;
}

static struct stream *occupy(struct stream *stream, uint32_t id, enum kind kind) {
  memset(stream, 0, sizeof *stream);
  stream->id = id;
  stream->kind = kind;
  stream->in_fd = stream->out_fd[0] = stream->out_fd[1] = stream->report_fd = -1;
  stream->in_credit = STREAM_WINDOW_BYTES;
  return stream;
}

struct stream *stream_open(uint8_t type, uint32_t id, enum kind kind) {
  if (id >= AGENT_STREAMS || id <= last_host_id) {
    output_error(id, type, ERROR_STREAM_ORDER, 0, false, "a new stream needs an id above every earlier one");
    return NULL;
  }
  last_host_id = id;
  struct stream *stream = free_slot();
  if (!stream) {
    output_error(id, type, ERROR_NO_SLOT, 0, true, "every stream slot is taken");
    return NULL;
  }
  return occupy(stream, id, kind);
}

struct stream *stream_accept(enum kind kind) {
  struct stream *stream = free_slots() > RESERVED_SLOTS ? free_slot() : NULL;
  return stream ? occupy(stream, ++last_agent_id, kind) : NULL;
}

struct stream *stream_find(uint32_t id) {
  for (int i = 0; i < STREAM_SLOTS; i++)
    if (streams[i].kind != FREE && streams[i].id == id) return &streams[i];
  return NULL;
}

struct stream *stream_of_pid(pid_t pid) {
  for (int i = 0; i < STREAM_SLOTS; i++)
    if (streams[i].kind == PROCESS && streams[i].pid == pid) return &streams[i];
  return NULL;
}

bool stream_ended(uint32_t id) {
  if (id >= AGENT_STREAMS) return id <= last_agent_id;
  return id != 0 && id <= last_host_id;
}

/* Closes one role; the descriptor itself when no other role has it. */
static void release(struct stream *stream, int *role) {
  int fd = *role;
  if (fd < 0) return;
  *role = -1;
  if (stream->in_fd != fd && stream->out_fd[0] != fd) close(fd);
}

void stream_settle(struct stream *stream) {
  if (stream->kind == PROCESS && (stream->pid || stream->out_fd[0] >= 0 || stream->out_fd[1] >= 0)) return;
  if (stream->kind == SOCKET && (stream->in_fd >= 0 || stream->out_fd[0] >= 0)) return;
  if (stream->kind == CONNECTING || stream->kind == LISTENER) return;
  release(stream, &stream->in_fd);
  stream->kind = FREE;
}

void stream_drop(struct stream *stream) {
  /* Not reaped yet, so the group's number cannot have gone to another. */
  if (stream->kind == PROCESS && stream->pid) {
    kill(-stream->pid, SIGKILL);
    kill(stream->pid, SIGKILL);
  }
  release(stream, &stream->in_fd);
  release(stream, &stream->out_fd[0]);
  release(stream, &stream->out_fd[1]);
  release(stream, &stream->report_fd);
  if (stream->kind == LISTENER && stream->path[0]) unlink(stream->path);
  stream->kind = FREE;
}

void streams_drop(void) {
  for (int i = 0; i < STREAM_SLOTS; i++)
    if (streams[i].kind != FREE) stream_drop(&streams[i]);
  last_host_id = 0;
  last_agent_id = AGENT_STREAMS - 1;
}

/* The stream broke: say why, and free it. */
static void broken(struct stream *stream, int error) {
  output_error(stream->id, FRAME_DATA, ERROR_SOCKET, error, true, "the connection broke");
  stream_drop(stream);
}

void stream_close_in(struct stream *stream) {
  stream->ring_fill = 0;
  release(stream, &stream->in_fd);
}

/* The host said END and everything before it was taken. */
static void finish_in(struct stream *stream) {
  if (stream->in_fd < 0) return;
  if (stream->kind == SOCKET) shutdown(stream->in_fd, SHUT_WR);
  if (stream->terminal) {
    struct termios termios;
    if (tcgetattr(stream->in_fd, &termios) == 0 && termios.c_lflag & ICANON) {
      ssize_t ignored = write(stream->in_fd, &termios.c_cc[VEOF], 1);
      (void)ignored;
    }
  }
  stream_close_in(stream);
  stream_settle(stream);
}

/* Counts bytes that left the ring (or never entered it) and grants them anew by halves of the window. */
static void drained(struct stream *stream, uint32_t length) {
  stream->in_drained += length;
  if (stream->in_drained < STREAM_WINDOW_BYTES / 2 || stream->in_ended) return;
  uint8_t payload[4];
  put32(payload, stream->in_drained);
  stream->in_credit += stream->in_drained;
  stream->in_drained = 0;
  output_frame(FRAME_CREDIT, 0, stream->id, payload, sizeof payload, URGENT);
}

/* Offers bytes to the reader. Returns how many it took; -1 when the stream is gone. */
static int offer(struct stream *stream, const uint8_t *bytes, uint32_t length) {
  if (stream->in_fd < 0) return length; /* Nobody reads: the host was told, or has asked for it. */
  ssize_t taken = stream->kind == SOCKET ? send(stream->in_fd, bytes, length, MSG_NOSIGNAL) : write(stream->in_fd, bytes, length);
  if (taken >= 0) return taken;
  if (errno == EAGAIN || errno == EINTR) return 0;
  if (stream->kind == SOCKET && errno != EPIPE) {
    broken(stream, errno);
    return -1;
  }
  stream_close_in(stream);
  output_frame(FRAME_END, 0, stream->id, NULL, 0, URGENT);
  uint32_t id = stream->id;
  stream_settle(stream);
  return stream->kind != FREE && stream->id == id ? (int)length : -1;
}

void stream_data(struct stream *stream, uint8_t channel, const uint8_t *bytes, uint32_t length) {
  if (channel != 0 || stream->kind == LISTENER) {
    output_error(stream->id, FRAME_DATA, ERROR_BAD_FIELD, 0, false, "this channel takes no data");
    return;
  }
  if (stream->in_ended) {
    output_error(stream->id, FRAME_DATA, ERROR_BAD_FIELD, 0, false, "data behind the end of the channel");
    return;
  }
  if (length > stream->in_credit) {
    output_error(stream->id, FRAME_DATA, ERROR_CREDIT, 0, false, "more data than was granted; dropped");
    return;
  }
  stream->in_credit -= length;
  int taken = 0;
  if (stream->ring_fill == 0 && stream->kind != CONNECTING) taken = offer(stream, bytes, length);
  if (taken < 0) return;
  uint32_t left = length - taken;
  bytes += taken;
  /* Credits never exceed the ring's room, so the rest fits. */
  uint8_t *ring = ring_of(stream);
  for (uint32_t at = (stream->ring_start + stream->ring_fill) % STREAM_WINDOW_BYTES; left;) {
    uint32_t part = min32(left, STREAM_WINDOW_BYTES - at);
    memcpy(ring + at, bytes, part);
    bytes += part;
    left -= part;
    stream->ring_fill += part;
    at = 0;
  }
  if (taken) drained(stream, taken);
}

void stream_end(struct stream *stream, uint8_t channel) {
  if (stream->kind == LISTENER || channel > 2) {
    output_error(stream->id, FRAME_END, ERROR_BAD_FIELD, 0, false, "no such channel");
    return;
  }
  if (channel == 0) {
    stream->in_ended = true;
    if (stream->ring_fill == 0 && stream->kind != CONNECTING) finish_in(stream);
    return;
  }
  int *fd = &stream->out_fd[channel - 1];
  if (*fd < 0) return;
  if (stream->terminal) {
    stream->out_discarded = true;
    return;
  }
  if (stream->kind == SOCKET) shutdown(*fd, SHUT_RD);
  release(stream, fd);
  stream_settle(stream);
}

void stream_credit(struct stream *stream, uint8_t channel, uint32_t bytes) {
  if (channel < 1 || channel > 2 || stream->kind == LISTENER) {
    output_error(stream->id, FRAME_CREDIT, ERROR_BAD_FIELD, 0, false, "this channel takes no credit");
    return;
  }
  if (__builtin_add_overflow(stream->out_credit[channel - 1], bytes, &stream->out_credit[channel - 1])) {
    stream->out_credit[channel - 1] = UINT32_MAX;
    output_error(stream->id, FRAME_CREDIT, ERROR_CREDIT, 0, false, "more credit than can be counted; held at the most");
  }
}

static void empty_ring(struct stream *stream) {
  uint8_t *ring = ring_of(stream);
  while (stream->ring_fill) {
    uint32_t part = min32(stream->ring_fill, STREAM_WINDOW_BYTES - stream->ring_start);
    int taken = offer(stream, ring + stream->ring_start, part);
    if (taken < 0) return;
    if (stream->in_fd < 0) taken = stream->ring_fill = 0;
    if (taken == 0) break;
    stream->ring_start = (stream->ring_start + taken) % STREAM_WINDOW_BYTES;
    stream->ring_fill -= taken;
    drained(stream, taken);
    if ((uint32_t)taken < part) break;
  }
  if (stream->ring_fill == 0 && stream->in_ended) finish_in(stream);
}

static void ended_out(struct stream *stream, int channel) {
  /* The end of a command's output is most often the end of the command, which follows at once: wait to send both. */
  output_frame(FRAME_END, channel + 1, stream->id, NULL, 0, stream->kind == PROCESS && stream->pid ? LAZY : URGENT);
  if (stream->terminal) stream_close_in(stream);
  release(stream, &stream->out_fd[channel]);
  stream_settle(stream);
}

static void take_output(struct stream *stream, int channel) {
  for (int reads = 0; reads < READS_PER_WAKEUP && output_room() >= OUTPUT_RESERVE; reads++) {
    uint32_t most = stream->out_discarded ? MAX_PAYLOAD_BYTES : min32(stream->out_credit[channel], MAX_PAYLOAD_BYTES);
    if (most == 0) return;
    ssize_t length = read(stream->out_fd[channel], output_data(), most);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length < 0 && stream->kind == SOCKET) return broken(stream, errno);
    /* A terminal whose other side is closed reads EIO. */
    if (length <= 0) return ended_out(stream, channel);
    if (!stream->out_discarded) {
      output_data_done(channel + 1, stream->id, length);
      stream->out_credit[channel] -= length;
    }
    if ((uint32_t)length < most) return;
    /* A second read could find the pipe empty. Short outputs never come here, and are spared the call. */
    if (!stream->out_nonblocking[channel]) {
      fcntl(stream->out_fd[channel], F_SETFL, O_NONBLOCK);
      stream->out_nonblocking[channel] = true;
    }
  }
}

int streams_poll(struct pollfd *entries) {
  int count = 0;
  bool room = output_room() >= OUTPUT_RESERVE;
  if (!room) return 0;
  int free = -1;
  for (int i = 0; i < STREAM_SLOTS; i++) {
    struct stream *stream = &streams[i];
    if (stream->kind == FREE) continue;
    if (stream->kind == LISTENER) {
      if (free < 0) free = free_slots();
      if (free <= RESERVED_SLOTS) continue;
    }
    int in = stream->in_fd >= 0 && (stream->ring_fill || stream->kind == CONNECTING) ? stream->in_fd : -1;
    int out = stream->out_fd[0] >= 0 && stream->kind != CONNECTING &&
                      (stream->out_credit[0] || stream->out_discarded || stream->kind == LISTENER)
                  ? stream->out_fd[0]
                  : -1;
    int err = stream->out_fd[1] >= 0 && stream->out_credit[1] ? stream->out_fd[1] : -1;
    int fds[] = {in, out, err, stream->report_fd};
    for (int role = ROLE_IN; role <= ROLE_REPORT; role++) {
      if (fds[role] < 0) continue;
      entries[count] = (struct pollfd){fds[role], role == ROLE_IN ? POLLOUT : POLLIN, 0};
      polled[count].id = stream->id;
      polled[count].slot = i;
      polled[count].role = role;
      count++;
    }
  }
  return count;
}

bool streams_handle(const struct pollfd *entries, int count) {
  for (int i = 0; i < count; i++) {
    if (!entries[i].revents) continue;
    if (output_room() < OUTPUT_RESERVE) return false;
    struct stream *stream = &streams[polled[i].slot];
    if (stream->kind == FREE || stream->id != polled[i].id) continue;
    if (polled[i].role == ROLE_REPORT) {
      if (stream->report_fd >= 0) process_reported(stream);
    } else if (polled[i].role == ROLE_IN) {
      if (stream->kind == CONNECTING)
        socket_connected(stream);
      else if (stream->in_fd >= 0)
        empty_ring(stream);
    } else if (stream->kind == LISTENER) {
      socket_accept(stream);
    } else {
      int channel = polled[i].role == ROLE_OUT ? 0 : 1;
      if (stream->out_fd[channel] >= 0) take_output(stream, channel);
    }
  }
  return true;
}
