/* Commands: requests, terminals, signals, and how they end. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "stream.h"

/* One frame of a request; the last one starts the command. */
void process_request(uint32_t id, uint8_t channel, const uint8_t *payload, uint32_t length);
void process_forget_request(void);

void process_resize(struct stream *stream, uint16_t cols, uint16_t rows);
void process_kill(struct stream *stream, uint8_t signal, uint8_t target);

/* What became of a command that was started detached can be read. */
void process_reported(struct stream *stream);

/* Collects commands that ended. False when it had to stop for want of room in the output. */
bool process_reap(void);
