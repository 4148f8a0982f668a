/*
 * The name server of a container, at 127.0.0.11 in its network namespace: what Docker's engine answers itself. It knows
 * what the files in a directory say, each in the form of /etc/hosts, and asks nobody else.
 */
#pragma once
#include <poll.h>
#include <stdbool.h>

/* Connections over TCP at once; a new one takes the place of the oldest. */
#define DNS_CONNECTIONS 4
#define DNS_DESCRIPTORS (2 + DNS_CONNECTIONS)

/* Listens in the namespace of this name (`ip netns`). 0, also when it does already, or an errno. */
int dns_open(const char *netns, const char *directory);
/* When the container has ended: its namespace is not held any longer. */
void dns_close(void);
/* What to poll for, in DNS_DESCRIPTORS entries, and what to do then. */
void dns_await(struct pollfd *entries);
void dns_serve(const struct pollfd *entries);
