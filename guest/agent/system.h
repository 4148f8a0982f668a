/* Requests that concern the whole guest. */
#pragma once
#include <stdint.h>

void system_clock(uint32_t id, const uint8_t *nanoseconds);
void system_reseed(uint32_t id, const uint8_t *bytes, uint32_t length);
void system_kill_all(uint32_t id, uint8_t signal);
