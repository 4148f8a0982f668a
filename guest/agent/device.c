#define _GNU_SOURCE
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int fd = -1;
static bool reopens;

bool device_open(const char *name) {
  reopens = strncmp(name, "fd:", 3) != 0;
  fd = reopens ? open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : atoi(name + 3);
  if (fd < 0) return false;
  if (!reopens) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  }
  struct termios termios;
  if (tcgetattr(fd, &termios)) return true; /* A socket. */
  cfmakeraw(&termios);
  termios.c_cflag |= CLOCAL | CREAD;
  termios.c_cc[VMIN] = 1;
  termios.c_cc[VTIME] = 0;
  /* What came before was read as keystrokes: part of it may be lost. The announcement makes the host ask again. */
  tcsetattr(fd, TCSAFLUSH, &termios);
  return true;
}

bool device_reopens(void) { return reopens; }

void device_close(void) {
  close(fd);
  fd = -1;
}

int device_fd(void) { return fd; }
