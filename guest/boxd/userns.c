#define _GNU_SOURCE
#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of <sys/mount.h>, which does not go together with <linux/mount.h>. */
#define MS_BIND 4096
#define MNT_DETACH 2
int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);

static int because(int error) {
  errno = error;
  return error ? -1 : 0;
}

static int write_map(pid_t pid, const char *name, const char *map) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t written = write(fd, map, strlen(map));
  int error = written < 0 ? errno : 0;
  close(fd);
  return because(error);
}

static int keep(pid_t pid, const char *kind, const char *path) {
  char from[64];
  snprintf(from, sizeof from, "/proc/%d/ns/%s", (int)pid, kind);
  return mount(from, path, "none", MS_BIND, NULL);
}

/* Somebody has to be in it until it is kept: a child, who tells when it is there and waits until it is no longer needed. */
static pid_t make_holder(int flags, int *hold) {
  int told[2], held[2], error = 0;
  if (pipe2(told, O_CLOEXEC)) return -1;
  if (pipe2(held, O_CLOEXEC)) {
    error = errno;
    close(told[0]);
    close(told[1]);
    return because(error);
  }
  pid_t child = fork();
  if (child == 0) {
    close(held[1]);
    close(told[0]);
    error = unshare(flags) ? errno : 0;
    ssize_t ignored = write(told[1], &error, sizeof error);
    ignored = read(held[0], &error, 1);
    (void)ignored;
    _exit(0);
  }
  if (child < 0) error = errno;
  close(told[1]);
  close(held[0]);
  if (!error && read(told[0], &error, sizeof error) != sizeof error) error = EIO;
  close(told[0]);
  *hold = held[1];
  if (!error) return child;
  close(held[1]);
  if (child > 0) waitpid(child, NULL, 0);
  return because(error);
}

int userns_add(const char *path, const char *uid_map, const char *gid_map, const char *netns_path) {
  int hold;
  pid_t holder = make_holder(CLONE_NEWUSER | (*netns_path ? CLONE_NEWNET : 0), &hold);
  int error = holder < 0 ? errno : 0;
  if (!error && (write_map(holder, "uid_map", uid_map) || write_map(holder, "gid_map", gid_map))) error = errno;
  if (!error && keep(holder, "user", path)) error = errno;
  if (!error && *netns_path && keep(holder, "net", netns_path)) error = errno;
  if (holder > 0) {
    close(hold);
    while (waitpid(holder, NULL, 0) < 0 && errno == EINTR);
  }
  if (error) umount2(path, MNT_DETACH);
  return because(error);
}

int userns_enter(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int result = setns(fd, CLONE_NEWUSER);
  int error = errno;
  close(fd);
  if (result) return because(error);
  if (setgroups(0, NULL) || setresgid(0, 0, 0) || setresuid(0, 0, 0)) return -1;
  /* Another user's /proc/self would not be its own any more. */
  return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

int mount_idmapped(const char *source, const char *target, const char *userns) {
  int tree = syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return -1;
  int fd = open(userns, O_RDONLY | O_CLOEXEC);
  int error = fd < 0 ? errno : 0;
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = fd};
  if (!error && syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes)) error = errno;
  if (!error && syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH)) error = errno;
  if (fd >= 0) close(fd);
  close(tree);
  return because(error);
}

uid_t userns_root(pid_t pid) {
  char path[64], text[256];
  unsigned inside, outside;
  snprintf(path, sizeof path, "/proc/%d/uid_map", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  text[length > 0 ? length : 0] = 0;
  return sscanf(text, "%u %u", &inside, &outside) == 2 && inside == 0 ? outside : (uid_t)-1;
}
