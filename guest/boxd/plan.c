#define _GNU_SOURCE
#include "plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device-filter.h"
#include "netlink.h"
#include "resolve.h"
#include "userns.h"

#define NETNS_DIRECTORY "/run/netns"
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define WORDS_MAX 4096
#define GROUPS_MAX 64
#define FILTER_MAX 4096
#define DEPTH_MAX 500
/* How often, and how long each time, a cgroup is given to become empty. */
#define CGROUP_WAITS 4
#define CGROUP_WAIT_MS 500

extern char **environ;

/* How steps are taken: in a process that becomes something, or, without `becoming`, in one that stays. */
struct taking {
  const struct becoming *becoming;
  bool console_made;
  struct failure failure;
};

static bool take_steps(struct taking *taking, struct bytes steps);

/* 0 or -1 with errno, as system calls say it. */
static int because(int error) {
  errno = error;
  return error ? -1 : 0;
}

/* Files. */

static int make_directory(const char *root, const char *path, uint32_t mode, bool parents) {
  const char *name;
  int parent = resolve_parent(root, path, &name);
  if (parent < 0) return -1;
  int result = mkdirat(parent, name, mode == ~0u ? 0777 : mode);
  /* The mode asked for is the mode it gets, whatever the umask is. */
  if (result == 0 && mode != ~0u) result = fchmodat(parent, name, mode, 0);
  if (result && errno == EEXIST && parents) {
    int there = resolve(root, path);
    struct stat status;
    if (there >= 0) {
      result = fstat(there, &status) ? -1 : S_ISDIR(status.st_mode) ? 0 : because(ENOTDIR);
      close(there);
    }
  }
  int error = errno;
  close(parent);
  return result ? because(error) : 0;
}

/* As `mkdir -p`: what is missing on the way gets the usual mode. */
static int make_directories(const char *root, const char *path, uint32_t mode) {
  static char part[4096];
  struct stat status;
  int there = resolve(root, path);
  if (there >= 0) {
    int error = fstat(there, &status) ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    close(there);
    return because(error);
  }
  size_t length = strlen(path);
  if (length >= sizeof part) return because(ENAMETOOLONG);
  memcpy(part, path, length + 1);
  while (length > 1 && part[length - 1] == '/') part[--length] = 0;
  for (size_t at = strlen(root) + 1; at < length; at++) {
    if (part[at] != '/' || part[at - 1] == '/') continue;
    part[at] = 0;
    if (make_directory(root, part, ~0u, true)) return -1;
    part[at] = '/';
  }
  return make_directory(root, part, mode, true);
}

static int step_mkdir(struct bytes *fields) {
  uint32_t mode = take32(fields);
  bool parents = take8(fields);
  const char *root = take_text(fields), *path = take_text(fields);
  return parents ? make_directories(root, path, mode) : make_directory(root, path, mode, false);
}

static int step_write(struct bytes *fields) {
  bool append = take8(fields);
  const char *path = take_text(fields), *text = take_text(fields);
  if (fields->broken) return because(EINVAL);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
  if (fd < 0) return -1;
  size_t length = strlen(text);
  ssize_t written = write(fd, text, length);
  int error = written < 0 ? errno : written != (ssize_t)length ? ENOSPC : 0;
  close(fd);
  return because(error);
}

/* The rest of the step is the file. Made anew, so that no link that somebody left there is followed. */
static int step_write_bytes(struct bytes *fields) {
  const char *path = take_text(fields);
  if (fields->broken) return because(EINVAL);
  if (unlink(path) && errno != ENOENT) return -1;
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return -1;
  size_t length = fields->end - fields->at;
  ssize_t written = write(fd, fields->at, length);
  int error = written < 0 ? errno : written != (ssize_t)length ? ENOSPC : 0;
  close(fd);
  return because(error);
}

static int step_touch(struct bytes *fields) {
  const char *root = take_text(fields), *path = take_text(fields), *name;
  int there = resolve(root, path);
  if (there >= 0) return close(there), 0;
  int parent = resolve_parent(root, path, &name);
  if (parent < 0) return -1;
  int fd = openat(parent, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  int error = errno;
  close(parent);
  return fd < 0 ? because(error) : (close(fd), 0);
}

static int step_mknod(struct bytes *fields) {
  uint32_t mode = take32(fields), major = take32(fields), minor = take32(fields);
  const char *path = take_text(fields);
  if (mknod(path, mode, makedev(major, minor))) return -1;
  return chmod(path, mode & 07777);
}

static int remove_tree(int parent, const char *name, int depth) {
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return -1;
  if (depth > DEPTH_MAX) return because(ELOOP);
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  DIR *directory = fdopendir(fd);
  if (!directory) return close(fd), -1;
  int result = 0;
  for (struct dirent *entry; !result && (entry = readdir(directory));)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
      result = remove_tree(fd, entry->d_name, depth + 1);
  int error = errno;
  closedir(directory);
  if (result) return because(error);
  return unlinkat(parent, name, AT_REMOVEDIR);
}

/* A cgroup whose last process is about to leave: the kernel tells in cgroup.events when it is empty. */
static int remove_cgroup(const char *path) {
  char events[4096], text[256];
  if (snprintf(events, sizeof events, "%s/cgroup.events", path) >= (int)sizeof events) return because(ENAMETOOLONG);
  int fd = open(events, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return because(EBUSY);
  int result = -1, error = EBUSY;
  for (int waits = 0; result && error == EBUSY && waits < CGROUP_WAITS; waits++) {
    ssize_t length = pread(fd, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    struct pollfd change = {fd, POLLPRI, 0};
    if (strstr(text, "populated 1")) poll(&change, 1, CGROUP_WAIT_MS);
    result = rmdir(path);
    error = errno;
  }
  close(fd);
  return result ? because(error) : 0;
}

static int step_remove(struct bytes *fields) {
  uint8_t what = take8(fields);
  const char *path = take_text(fields);
  if (fields->broken) return because(EINVAL);
  if (what == 1) return rmdir(path) == 0 ? 0 : errno == EBUSY ? remove_cgroup(path) : -1;
  if (what == 2) return remove_tree(AT_FDCWD, path, 0);
  return unlink(path) && errno != ENOENT ? -1 : 0;
}

/* Mounts. */

static int step_mount(struct bytes *fields) {
  uint32_t flags = take32(fields);
  const char *source = take_text(fields), *root = take_text(fields), *target = take_text(fields);
  const char *type = take_text(fields), *data = take_text(fields);
  if (fields->broken) return because(EINVAL);
  int fd = -1;
  if (*root) {
    if ((fd = resolve(root, target)) < 0) return -1;
    target = descriptor_path(fd);
  }
  int result = mount(*source ? source : NULL, target, *type ? type : NULL, flags, *data ? data : NULL);
  int error = errno;
  if (fd >= 0) close(fd);
  return result ? because(error) : 0;
}

/* Networks. */

/* As `ip netns add` keeps them: mounts in a directory whose mounts go to every mount namespace that shares it. */
static int netns_directory(void) {
  if (mkdir(NETNS_DIRECTORY, 0755) && errno != EEXIST) return -1;
  if (mount("", NETNS_DIRECTORY, "none", MS_SHARED | MS_REC, NULL) == 0) return 0;
  if (errno != EINVAL) return -1;
  if (mount(NETNS_DIRECTORY, NETNS_DIRECTORY, "none", MS_BIND | MS_REC, NULL)) return -1;
  return mount("", NETNS_DIRECTORY, "none", MS_SHARED | MS_REC, NULL);
}

static const char *netns_path(const char *name) {
  static char path[300];
  if (!*name || strchr(name, '/') || strlen(name) > 255 || !strcmp(name, ".") || !strcmp(name, "..")) {
    errno = EINVAL;
    return NULL;
  }
  sprintf(path, NETNS_DIRECTORY "/%s", name);
  return path;
}

static int netns_add(const char *name) {
  const char *path = netns_path(name);
  if (!path || netns_directory()) return -1;
  int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
  if (file < 0) return -1;
  close(file);
  int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  int error = own < 0 || unshare(CLONE_NEWNET) ? errno : 0;
  if (!error) {
    if (mount("/proc/self/ns/net", path, "none", MS_BIND, NULL)) error = errno;
    /* Lost in there, nothing that follows would be where it should. */
    if (setns(own, CLONE_NEWNET)) _exit(1);
  }
  if (own >= 0) close(own);
  if (error) unlink(path);
  return because(error);
}

static int netns_remove(const char *name) {
  const char *path = netns_path(name);
  if (!path) return -1;
  if (umount2(path, MNT_DETACH) && errno != EINVAL && errno != ENOENT) return -1;
  return unlink(path) && errno != ENOENT ? -1 : 0;
}

static int step_userns_add(struct bytes *fields) {
  const char *path = take_text(fields), *uid_map = take_text(fields), *gid_map = take_text(fields);
  const char *netns = take_text(fields);
  const char *netns_file = *netns ? netns_path(netns) : "";
  if (fields->broken || !netns_file) return because(EINVAL);
  if (*netns && netns_directory()) return -1;
  return userns_add(path, uid_map, gid_map, netns_file);
}

static int step_veth(struct bytes *fields) {
  const char *name = take_text(fields), *peer = take_text(fields), *netns = take_text(fields);
  const char *path = *netns ? netns_path(netns) : NULL;
  if (fields->broken || (*netns && !path)) return because(EINVAL);
  return because(veth_add(name, peer, path));
}

/* Processes. */

static int step_rlimit(struct bytes *fields) {
  uint32_t resource = take32(fields);
  uint8_t which = take8(fields);
  uint64_t value = take64(fields);
  struct rlimit limit;
  if (fields->broken) return because(EINVAL);
  if (getrlimit(resource, &limit)) return -1;
  if (which & 1) limit.rlim_cur = value;
  if (which & 2) limit.rlim_max = value;
  return setrlimit(resource, &limit);
}

static int step_open(struct bytes *fields) {
  uint32_t wanted = take32(fields);
  const char *path = take_text(fields);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  if ((uint32_t)fd == wanted) return 0;
  int result = dup3(fd, wanted, O_CLOEXEC);
  int error = errno;
  close(fd);
  return result < 0 ? because(error) : 0;
}

static char **take_words(struct bytes *fields, uint32_t count) {
  if (count > WORDS_MAX) {
    fields->broken = true;
    return NULL;
  }
  char **words = calloc(count + 1, sizeof *words);
  for (uint32_t i = 0; words && i < count; i++) words[i] = (char *)take_text(fields);
  return words;
}

/* As execvp does it, but with the PATH of the environment given. */
static void execute(char **argv, char **envp) {
  const char *file = argv[0], *search = DEFAULT_PATH;
  if (strchr(file, '/')) {
    execve(file, argv, envp);
    return;
  }
  for (char **variable = envp; *variable; variable++)
    if (!strncmp(*variable, "PATH=", 5)) search = *variable + 5;
  int kept = ENOENT;
  for (const char *at = search;;) {
    const char *stop = strchrnul(at, ':');
    char path[4096];
    int length = snprintf(path, sizeof path, "%.*s/%s", (int)(stop - at), at, file);
    if (length > 0 && length < (int)sizeof path) {
      execve(path, argv, envp);
      if (errno == EACCES) kept = EACCES;
      else if (errno != ENOENT && errno != ENOTDIR) return;
    }
    if (!*stop) break;
    at = stop + 1;
  }
  errno = kept;
}

static void default_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
}

/* Runs a program, waits for it, and keeps the beginning of what it says in case that it fails. */
static bool step_run(struct taking *taking, struct bytes *fields) {
  uint16_t count = take16(fields);
  char **words = take_words(fields, count);
  int ends[2];
  struct failure *failure = &taking->failure;
  if (!words || fields->broken || count == 0) return because(EINVAL), false;
  if (pipe2(ends, O_CLOEXEC)) return free(words), false;
  /* The child has our memory until it is the program, and changes none of it. */
  pid_t child = vfork();
  if (child == 0) {
    default_signals();
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) dup2(null, 0);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    execute(words, environ);
    dprintf(2, "%s: %s\n", words[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
  }
  int error = errno;
  free(words);
  close(ends[1]);
  if (child < 0) return close(ends[0]), because(error), false;
  size_t length = 0;
  char rest[256];
  for (;;) {
    bool room = length < MESSAGE_MAX_BYTES;
    ssize_t got = read(ends[0], room ? failure->message + length : rest, room ? MESSAGE_MAX_BYTES - length : sizeof rest);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (room) length += got;
  }
  failure->message[length] = 0;
  close(ends[0]);
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  failure->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  errno = 0;
  return false;
}

/* A session of its own; with a terminal of the devpts at /dev/pts, whose other side goes to who started it. */
static int make_console(struct taking *taking) {
  const struct becoming *becoming = taking->becoming;
  if (taking->console_made) return 0;
  taking->console_made = true;
  /* Who went on in a child is in the session of its parent. */
  setsid();
  if (!becoming->tty) return 0;
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), unlocked = 0;
  if (master < 0) return -1;
  if (ioctl(master, TIOCSPTLCK, &unlocked)) return -1;
  int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  if (slave < 0) return -1;
  struct winsize size = {.ws_col = becoming->columns, .ws_row = becoming->rows};
  if (size.ws_col && size.ws_row) ioctl(slave, TIOCSWINSZ, &size);
  if (ioctl(slave, TIOCSCTTY, 0)) return -1;
  for (int fd = 0; fd < 3; fd++)
    if (dup2(slave, fd) < 0) return -1;
  if (slave > 2) close(slave);
  char byte = 0;
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec piece = {&byte, 1};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(&control.header), &master, sizeof master);
  if (sendmsg(becoming->console, &message, 0) < 0) return -1;
  close(master);
  return 0;
}

/* The terminal under the name that programs expect of the console. */
static int step_console(struct taking *taking, const char *path) {
  char terminal[64];
  if (make_console(taking)) return -1;
  if (!taking->becoming->tty) return 0;
  ssize_t length = readlink("/proc/self/fd/0", terminal, sizeof terminal - 1);
  if (length < 0) return -1;
  terminal[length] = 0;
  return mount(terminal, path, NULL, MS_BIND, NULL);
}

/* Pipes are the host's: who is root in a user namespace must own them to open /dev/stdout anew. */
static int give_pipes(const struct becoming *becoming, uid_t uid) {
  for (int fd = 0; fd < 3; fd++)
    if (becoming->pipes[fd] >= 0 && fchown(fd, uid, uid)) return -1;
  return 0;
}

static int own_stdio(const struct becoming *becoming, uid_t uid, gid_t gid) {
  struct stat status;
  for (int fd = 0; fd < 3; fd++) {
    if (!becoming->tty && becoming->pipes[fd] < 0) continue;
    if (fstat(fd, &status) == 0 && !(S_ISCHR(status.st_mode) && !becoming->tty) && fchown(fd, uid, becoming->tty ? (gid_t)-1 : gid) && errno != EROFS)
      return -1;
  }
  return 0;
}

static int load_filter(const char *path) {
  static struct sock_filter program[FILTER_MAX];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  /* A descriptor that somebody has read already begins anew. */
  lseek(fd, 0, SEEK_SET);
  ssize_t length = read(fd, program, sizeof program);
  int error = errno;
  close(fd);
  if (length < 0) return because(error);
  if (length == 0 || length % sizeof *program || length == sizeof program) return because(EINVAL);
  struct sock_fprog filter = {.len = length / sizeof *program, .filter = program};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static int drop_capabilities(uint64_t bounding, bool inherit) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data)) return -1;
  for (int half = 0; half < 2; half++) {
    uint32_t kept = bounding >> (32 * half);
    data[half].inheritable = inherit ? kept & data[half].permitted : 0;
  }
  /* Before the bounding set: what is not in there can no longer become inheritable. */
  if (syscall(SYS_capset, &header, data)) return -1;
  for (int capability = 0; capability < 64; capability++) {
    if (bounding >> capability & 1) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) && errno != EINVAL) return -1;
  }
  return 0;
}

static int step_setpriv(struct taking *taking, struct bytes *fields) {
  uint8_t flags = take8(fields);
  uint32_t uid = take32(fields), gid = take32(fields);
  uint64_t bounding = take64(fields);
  uint16_t count = take16(fields);
  gid_t groups[GROUPS_MAX];
  if (count > GROUPS_MAX) return because(EINVAL);
  for (int i = 0; i < count; i++) groups[i] = take32(fields);
  const char *filter = take_text(fields);
  if (fields->broken) return because(EINVAL);
  if (make_console(taking)) return -1;
  if (flags & PRIVILEGE_UID && own_stdio(taking->becoming, uid, flags & PRIVILEGE_GID ? gid : (gid_t)-1)) return -1;
  if (flags & PRIVILEGE_NO_NEW_PRIVILEGES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
  /* Without that, only who may administer the system can load a filter: now, before it is given away. */
  bool late = flags & PRIVILEGE_NO_NEW_PRIVILEGES;
  if (*filter && !late && load_filter(filter)) return -1;
  if (flags & PRIVILEGE_BOUNDING && drop_capabilities(bounding, flags & PRIVILEGE_INHERIT)) return -1;
  if (flags & PRIVILEGE_GROUPS && setgroups(count, groups)) return -1;
  if (flags & PRIVILEGE_GID && setresgid(gid, gid, gid)) return -1;
  if (flags & PRIVILEGE_UID && setresuid(uid, uid, uid)) return -1;
  return *filter && late ? load_filter(filter) : 0;
}

static int enter_network(const char *name) {
  const char *path = netns_path(name);
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return -1;
  int result = setns(fd, CLONE_NEWNET);
  int error = errno;
  close(fd);
  return result ? because(error) : 0;
}

static int enter_namespaces(pid_t pid, uint32_t flags) {
  int fd = syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return -1;
  int result = setns(fd, flags);
  int error = errno;
  close(fd);
  if (result) return because(error);
  if (!(flags & CLONE_NEWUSER)) return 0;
  if (setgroups(0, NULL) || setresgid(0, 0, 0) || setresuid(0, 0, 0)) return -1;
  return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void tell(const struct becoming *becoming, const struct becoming_news *news) {
  ssize_t ignored = write(becoming->report, news, sizeof *news);
  (void)ignored;
}

static void __attribute__((noreturn)) give_up(const struct taking *taking) {
  struct becoming_news news = {.failed = 1, .failure = taking->failure};
  tell(taking->becoming, &news);
  _exit(127);
}

/* The child goes on; this process has done its part. */
static int go_on_in_child(struct taking *taking) {
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) return 0;
  struct becoming_news news = {.pid = child};
  tell(taking->becoming, &news);
  _exit(0);
}

/* What a wrapper does to the process that takes it. */
static int enter(struct taking *taking, uint8_t code, struct bytes *fields) {
  switch (code) {
    case STEP_UNSHARE: {
      uint32_t flags = take32(fields);
      bool forks = take8(fields);
      if (fields->broken) return because(EINVAL);
      if (unshare(flags)) return -1;
      return forks ? go_on_in_child(taking) : 0;
    }
    case STEP_SETNS: {
      pid_t pid = take32(fields);
      uint32_t flags = take32(fields);
      bool forks = take8(fields);
      if (fields->broken) return because(EINVAL);
      if (flags & CLONE_NEWUSER && give_pipes(taking->becoming, userns_root(pid))) return -1;
      if (enter_namespaces(pid, flags)) return -1;
      return forks ? go_on_in_child(taking) : 0;
    }
    case STEP_NETNS_EXEC:
      return enter_network(take_text(fields));
    case STEP_USERNS_EXEC: {
      uid_t uid = take32(fields);
      const char *path = take_text(fields);
      if (fields->broken) return because(EINVAL);
      return give_pipes(taking->becoming, uid) ? -1 : userns_enter(path);
    }
    case STEP_CHROOT:
      return chroot(take_text(fields)) ? -1 : chdir("/");
    default:
      return step_setpriv(taking, fields);
  }
}

/* A wrapper after which other steps come, or in a process that stays: its steps are taken by a child, and waited for. */
static bool enter_in_child(struct taking *taking, uint8_t code, struct bytes fields) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return false;
  pid_t child = fork();
  if (child < 0) {
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    return because(error), false;
  }
  if (child == 0) {
    struct becoming becoming = {.report = ends[1], .pipes = {-1, -1, -1}};
    struct taking inner = {.becoming = &becoming, .failure.step = taking->failure.step};
    if (enter(&inner, code, &fields)) {
      inner.failure.error = errno;
      give_up(&inner);
    }
    if (!take_steps(&inner, fields)) give_up(&inner);
    _exit(0);
  }
  close(ends[1]);
  struct becoming_news news;
  bool failed = false;
  /* Also the news of a child that went on: the pipe ends when nobody of them is left. */
  while (read(ends[0], &news, sizeof news) == sizeof news)
    if (news.failed) {
      taking->failure = news.failure;
      failed = true;
    }
  close(ends[0]);
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR);
  errno = taking->failure.error;
  return !failed;
}

static int step_exec(struct taking *taking, struct bytes *fields) {
  uint16_t words = take16(fields), variables = take16(fields);
  char **argv = take_words(fields, words);
  char **envp = variables == 0xffff ? environ : take_words(fields, variables);
  if (!argv || !envp || words == 0 || fields->broken) return because(EINVAL);
  if (make_console(taking)) return -1;
  default_signals();
  execute(argv, envp);
  return -1;
}

/* A step of one system call or a few; what belongs to a process is refused where the process stays. */
static int take_plain(struct taking *taking, uint8_t code, struct bytes *fields) {
  if (!taking->becoming && (code == STEP_CHDIR || code == STEP_UMASK || code == STEP_RLIMIT || code == STEP_OPEN || code == STEP_EXEC || code == STEP_CONSOLE))
    return because(EINVAL);
  switch (code) {
    case STEP_MKDIR:
      return step_mkdir(fields);
    case STEP_WRITE:
      return step_write(fields);
    case STEP_WRITE_BYTES:
      return step_write_bytes(fields);
    case STEP_SYMLINK: {
      const char *target = take_text(fields);
      return symlink(target, take_text(fields));
    }
    case STEP_MKNOD:
      return step_mknod(fields);
    case STEP_REMOVE:
      return step_remove(fields);
    case STEP_MOUNT:
      return step_mount(fields);
    case STEP_UMOUNT: {
      bool lazy = take8(fields);
      return umount2(take_text(fields), lazy ? MNT_DETACH : 0);
    }
    case STEP_PIVOT_ROOT: {
      const char *root = take_text(fields);
      return syscall(SYS_pivot_root, root, take_text(fields));
    }
    case STEP_CHDIR:
      return chdir(take_text(fields));
    case STEP_SETHOSTNAME: {
      const char *name = take_text(fields);
      return sethostname(name, strlen(name));
    }
    case STEP_TOUCH:
      return step_touch(fields);
    case STEP_UMASK:
      return umask(take32(fields)), 0;
    case STEP_RLIMIT:
      return step_rlimit(fields);
    case STEP_OPEN:
      return step_open(fields);
    case STEP_RENAME: {
      const char *from = take_text(fields);
      return rename(from, take_text(fields));
    }
    case STEP_KILL: {
      pid_t pid = take32(fields);
      return kill(pid, take32(fields));
    }
    case STEP_NETNS_ADD:
      return netns_add(take_text(fields));
    case STEP_NETNS_REMOVE:
      return netns_remove(take_text(fields));
    case STEP_BRIDGE_ADD:
      return because(bridge_add(take_text(fields)));
    case STEP_VETH_ADD:
      return step_veth(fields);
    case STEP_LINK_REMOVE:
      return because(link_remove(take_text(fields)));
    case STEP_LINK_UP:
      return because(link_up(take_text(fields)));
    case STEP_LINK_MASTER: {
      const char *name = take_text(fields);
      return because(link_master(name, take_text(fields)));
    }
    case STEP_LINK_ADDRESS: {
      const uint8_t *mac = take(fields, 6);
      return mac ? because(link_address(take_text(fields), mac)) : because(EINVAL);
    }
    case STEP_ADDRESS_ADD: {
      uint32_t address = take32(fields);
      uint8_t prefix = take8(fields);
      return because(address_add(take_text(fields), address, prefix));
    }
    case STEP_ROUTE_ADD: {
      uint32_t destination = take32(fields);
      uint8_t prefix = take8(fields);
      return because(route_add(destination, prefix, take32(fields)));
    }
    case STEP_USERNS_ADD:
      return step_userns_add(fields);
    case STEP_MOUNT_IDMAPPED: {
      const char *source = take_text(fields), *target = take_text(fields);
      return mount_idmapped(source, target, take_text(fields));
    }
    case STEP_CHOWN: {
      uid_t uid = take32(fields);
      gid_t gid = take32(fields);
      return lchown(take_text(fields), uid, gid);
    }
    case STEP_DEVICE_FILTER: {
      const char *program = take_text(fields);
      return device_filter(program, take_text(fields));
    }
    case STEP_CONSOLE:
      return step_console(taking, take_text(fields));
    case STEP_EXEC:
      return step_exec(taking, fields);
    default:
      return because(EINVAL);
  }
}

static bool take_step(struct taking *taking, uint8_t code, struct bytes fields, bool last) {
  if (code == STEP_RUN) return step_run(taking, &fields);
  if (code < STEP_UNSHARE || code > STEP_USERNS_EXEC) return take_plain(taking, code, &fields) == 0;
  if (!taking->becoming || !last) return enter_in_child(taking, code, fields);
  if (enter(taking, code, &fields)) return false;
  if (take_steps(taking, fields)) return true;
  errno = taking->failure.error;
  return false;
}

static bool take_steps(struct taking *taking, struct bytes steps) {
  while (steps.at < steps.end) {
    uint16_t number = take16(&steps);
    uint8_t code = take8(&steps);
    uint32_t length = take32(&steps);
    const uint8_t *body = take(&steps, length);
    taking->failure.step = number;
    errno = 0;
    if (!body) {
      taking->failure.error = EINVAL;
      return false;
    }
    if (!take_step(taking, code, (struct bytes){body, body + length, false}, steps.at == steps.end)) {
      /* A step inside has said already which one it was. */
      taking->failure.error = errno;
      return false;
    }
    taking->failure.message[0] = 0;
  }
  return true;
}

bool plan_take(struct bytes steps, struct failure *failure) {
  struct taking taking = {0};
  bool taken = take_steps(&taking, steps);
  *failure = taking.failure;
  return taken;
}

void plan_become(struct bytes steps, const struct becoming *becoming) {
  struct taking taking = {.becoming = becoming};
  if (take_steps(&taking, steps)) {
    /* The plan ends without a program to become. */
    taking.failure.error = ENOEXEC;
  }
  give_up(&taking);
}
