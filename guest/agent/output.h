/* Frames on their way to the host, gathered so that one write carries all that one wakeup brought about. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room that every handler may count on: one frame of data, or any answer. */
#define OUTPUT_RESERVE 8192

/* When a frame must leave: at the end of this wakeup, or with the next that does (bounded by a short delay). */
enum urgency { LAZY, URGENT };

size_t output_room(void);

void output_frame(uint8_t type, uint8_t channel, uint32_t stream, const void *payload, size_t length, enum urgency urgency);

/* Where the payload of a DATA frame may be read to; MAX_PAYLOAD_BYTES fit when OUTPUT_RESERVE did. */
uint8_t *output_data(void);
void output_data_done(uint8_t channel, uint32_t stream, size_t length);

/* Says what was wrong with `type`; `error` is an errno, or 0; `gone` when the stream is closed by it. */
void output_error(uint32_t stream, uint8_t type, uint16_t code, int error, bool gone, const char *message);

/* Forgets everything queued, then queues padding that ends whatever the host has half of. */
void output_reset(void);

/* The device has read this many bytes since the reset; `output_flush` tells the host when it writes anyway. */
void output_received(uint32_t total);
void output_acknowledge_now(void);

bool output_pending(void);
bool output_urgent(void);

/* Writes what the device takes. Returns 0, or -1 when the device is gone. */
int output_flush(int fd);
