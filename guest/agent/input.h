/* Frames from the host: cut out of the byte stream, checked, and carried out. */
#pragma once
#include <stdbool.h>

/* Reads once from the device. Returns bytes read, 0 when there is nothing or no room, -1 when the device is gone. */
int input_read(int fd);

/* Carries out every whole frame. False when it had to stop for want of room in the output: flush, then call again. */
bool input_handle(void);

/* Forgets a frame cut short: the device was opened anew. */
void input_forget(void);
