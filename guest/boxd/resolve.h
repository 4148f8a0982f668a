/* Paths below a root whose links must not lead out of it: what a container's image says is not to be trusted. */
#pragma once

/*
 * Opens what `path` names with O_PATH and returns the descriptor, or -1 with errno. With a root, `path` begins with it, and
 * links in what follows are resolved as if the root were `/`.
 */
int resolve(const char *root, const char *path);

/* The same for the directory that `path` is in; `*name` becomes the last part of it. */
int resolve_parent(const char *root, const char *path, const char **name);

/* The name under which a descriptor can be given to a call that wants a path. */
const char *descriptor_path(int fd);
