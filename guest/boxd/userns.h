/* User namespaces that are there before the first process in them, and mounts that translate the owners of files. */
#pragma once
#include <sys/types.h>

/*
 * Makes a user namespace with these maps, kept by a mount on the file `path`; with `netns_path`, also a network namespace
 * that it owns, kept by a mount on that file. Maps are as `/proc/PID/uid_map` takes them. 0 or -1 with errno.
 */
int userns_add(const char *path, const char *uid_map, const char *gid_map, const char *netns_path);

/* Enters a user namespace and becomes its root. */
int userns_enter(const char *path);

/* Mounts what is at `source` on `target`, where files are owned by whom the map of a user namespace says. */
int mount_idmapped(const char *source, const char *target, const char *userns);

/* Who on the host is root in the user namespace of a process; -1 when nobody is. */
uid_t userns_root(pid_t pid);
