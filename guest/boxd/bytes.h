/* Little-endian fields and texts, read from a request with a bound. The guest is i386, so a copy is all it takes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct bytes {
  const uint8_t *at, *end;
  /* Something was not there. Everything read after that is empty. */
  bool broken;
};

static inline const uint8_t *take(struct bytes *from, uint32_t count) {
  if (from->broken || (uint32_t)(from->end - from->at) < count) {
    from->broken = true;
    return NULL;
  }
  const uint8_t *at = from->at;
  from->at += count;
  return at;
}

static inline uint8_t take8(struct bytes *from) {
  const uint8_t *at = take(from, 1);
  return at ? *at : 0;
}

static inline uint16_t take16(struct bytes *from) {
  uint16_t value = 0;
  const uint8_t *at = take(from, sizeof value);
  if (at) memcpy(&value, at, sizeof value);
  return value;
}

static inline uint32_t take32(struct bytes *from) {
  uint32_t value = 0;
  const uint8_t *at = take(from, sizeof value);
  if (at) memcpy(&value, at, sizeof value);
  return value;
}

static inline uint64_t take64(struct bytes *from) {
  uint64_t value = 0;
  const uint8_t *at = take(from, sizeof value);
  if (at) memcpy(&value, at, sizeof value);
  return value;
}

/* A text with its NUL, in place. */
static inline const char *take_text(struct bytes *from) {
  const uint8_t *end = from->broken ? NULL : memchr(from->at, 0, from->end - from->at);
  if (!end) {
    from->broken = true;
    return "";
  }
  const char *text = (const char *)from->at;
  from->at = end + 1;
  return text;
}

static inline uint8_t *put16(uint8_t *at, uint16_t value) { memcpy(at, &value, sizeof value); return at + sizeof value; }
static inline uint8_t *put32(uint8_t *at, uint32_t value) { memcpy(at, &value, sizeof value); return at + sizeof value; }
static inline uint8_t *put64(uint8_t *at, uint64_t value) { memcpy(at, &value, sizeof value); return at + sizeof value; }
