#define _GNU_SOURCE
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_BYTES 4096

static int open_below(const char *root, const char *rest) {
  while (*rest == '/') rest++;
  int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  int fd = syscall(SYS_openat2, directory, *rest ? rest : ".", &how, sizeof how);
  int error = errno;
  close(directory);
  errno = error;
  return fd;
}

int resolve(const char *root, const char *path) {
  if (!*root) return open(path, O_PATH | O_CLOEXEC);
  size_t length = strlen(root);
  if (strncmp(path, root, length)) {
    errno = EXDEV;
    return -1;
  }
  return open_below(root, path + length);
}

int resolve_parent(const char *root, const char *path, const char **name) {
  static char directory[PATH_BYTES];
  const char *slash = strrchr(path, '/');
  *name = slash ? slash + 1 : path;
  if (!slash) return *root ? (errno = EXDEV, -1) : open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  size_t length = slash - path;
  if (length >= sizeof directory) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(directory, path, length);
  directory[length] = 0;
  return resolve(root, length ? directory : "/");
}

const char *descriptor_path(int fd) {
  static char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return path;
}
