/* The byte channel to the host: a console of the guest, or a descriptor that a test handed over. */
#pragma once
#include <stdbool.h>

/* "/dev/hvc3", or "fd:3". False with errno when it cannot be opened. */
bool device_open(const char *name);
/* True when the channel is a device that can be opened again after a hang-up. */
bool device_reopens(void);
void device_close(void);
int device_fd(void);
