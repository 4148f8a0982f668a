/* Takes the steps of a plan (src/protocol/boxd.ts) by system calls, one after the other, until one fails. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "boxd.h"
#include "bytes.h"

/* Which step failed and why. */
struct failure {
  uint16_t step;
  uint16_t error;
  /* Of a program that was run. */
  uint8_t code;
  char message[MESSAGE_MAX_BYTES + 1];
};

/* A process that becomes the one which the plan describes. */
struct becoming {
  /* Takes `struct becoming_news`, from whichever process goes on. */
  int report;
  /* Gets a terminal of its own before its privileges go: `console` is a socket that takes the other side of it. */
  bool tty;
  int console;
  uint16_t columns, rows;
  /* Pipes that shall belong to who it becomes; -1 when there is none. */
  int pipes[3];
};

/* What is told on the way: a pid that goes on, or a failure. */
struct becoming_news {
  uint8_t failed;
  pid_t pid;
  struct failure failure;
};

/*
 * Takes the steps in this process, which stays what it is: wrappers and what belongs to a process happen in children.
 * False with `failure`.
 */
bool plan_take(struct bytes steps, struct failure *failure);

/* Becomes what the plan says. Never returns. */
void plan_become(struct bytes steps, const struct becoming *becoming) __attribute__((noreturn));
