/* The first process of a container that was asked for with --init: starts a program, hands signals on to it, buries orphans. */
#pragma once

/* `docker-init -- program arguments`, as Docker's tini is called. Returns the exit code. */
int init_main(char **arguments);
