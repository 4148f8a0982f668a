/* Streams: processes, connections and listeners, in a fixed number of slots. */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "frame.h"

enum kind { FREE, PROCESS, CONNECTING, SOCKET, LISTENER };

struct stream {
  uint32_t id;
  enum kind kind;

  /* Towards the guest (channel 0). -1 when closed. A terminal or socket has the same descriptor in out_fd[0]. */
  int in_fd;
  bool in_ended;
  /* Bytes the host may send; bytes drained and not granted anew yet. */
  uint32_t in_credit, in_drained;
  /* What the reader has not taken, in this slot's ring. */
  uint32_t ring_start, ring_fill;

  /* Towards the host (channels 1 and 2). */
  int out_fd[2];
  uint32_t out_credit[2];
  bool out_nonblocking[2];
  /* The host wants no more of it, but a terminal must stay open: read and throw away. */
  bool out_discarded;

  /* Process: its group is its pid; 0 once reaped. */
  pid_t pid;
  bool terminal;
  /* Tells what became of a command started detached; -1 when known. */
  int report_fd;

  /* Listener. */
  uint32_t accepted_credit;
  char path[sizeof((struct sockaddr_un *)0)->sun_path];
};

/* Every descriptor a slot can have, and the device and the signals. */
#define POLL_ENTRIES (4 * STREAM_SLOTS + 2)

/* A new stream of the host's choosing, all closed. NULL after an error was answered: id not fresh, or no slot. */
struct stream *stream_open(uint8_t type, uint32_t id, enum kind kind);
/* A new stream of the agent's own. NULL when the slots left are reserved. */
struct stream *stream_accept(enum kind kind);

struct stream *stream_find(uint32_t id);
struct stream *stream_of_pid(pid_t pid);
/* True when the id was used and is over: frames that crossed its end mean nothing. */
bool stream_ended(uint32_t id);

void stream_data(struct stream *stream, uint8_t channel, const uint8_t *bytes, uint32_t length);
void stream_end(struct stream *stream, uint8_t channel);
void stream_credit(struct stream *stream, uint8_t channel, uint32_t bytes);

/* Closes towards the guest: the reader is gone, or the command ended. */
void stream_close_in(struct stream *stream);
/* Frees the slot if nothing more can happen on it. */
void stream_settle(struct stream *stream);
/* Frees the slot whatever goes on: kills the process group, closes everything. */
void stream_drop(struct stream *stream);
/* Drops every stream and forgets which ids were used. */
void streams_drop(void);

/* Adds what every stream waits for; returns the number of entries. */
int streams_poll(struct pollfd *entries);
/* Acts on what happened. False when it had to stop for want of room in the output. */
bool streams_handle(const struct pollfd *entries, int count);
