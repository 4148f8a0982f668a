/* Network devices, by rtnetlink(7): what `ip` would ask the kernel for, without starting `ip`. Each returns 0 or an errno. */
#pragma once
#include <stdint.h>

int bridge_add(const char *name);
/* `peer_netns` is the path of a network namespace, or NULL for the one we are in. */
int veth_add(const char *name, const char *peer, const char *peer_netns);
int link_remove(const char *name);
int link_up(const char *name);
int link_master(const char *name, const char *master);
int link_address(const char *name, const uint8_t mac[6]);
/* Addresses in network byte order. */
int address_add(const char *device, uint32_t address, uint8_t prefix);
int route_add(uint32_t destination, uint8_t prefix, uint32_t gateway);
