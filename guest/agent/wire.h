/* Little-endian fields. The guest is i386, so a copy is all it takes. */
#pragma once
#include <stdint.h>
#include <string.h>

static inline uint16_t get16(const uint8_t *at) { uint16_t value; memcpy(&value, at, sizeof value); return value; }
static inline uint32_t get32(const uint8_t *at) { uint32_t value; memcpy(&value, at, sizeof value); return value; }
static inline uint8_t *put16(uint8_t *at, uint16_t value) { memcpy(at, &value, sizeof value); return at + sizeof value; }
static inline uint8_t *put32(uint8_t *at, uint32_t value) { memcpy(at, &value, sizeof value); return at + sizeof value; }

static inline uint32_t min32(uint32_t a, uint32_t b) { return a < b ? a : b; }
