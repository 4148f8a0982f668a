/* Connections and listeners: Unix and TCP sockets of the guest. */
#pragma once
#include <stdint.h>

#include "stream.h"

void socket_connect(uint32_t id, const uint8_t *payload, uint32_t length);
void socket_listen(uint32_t id, const uint8_t *payload, uint32_t length);

/* The connection was made, or failed. */
void socket_connected(struct stream *stream);
/* A connection waits. */
void socket_accept(struct stream *listener);
