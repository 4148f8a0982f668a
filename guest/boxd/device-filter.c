#define _GNU_SOURCE
#include "device-filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSTRUCTIONS_MAX 4096

static int because(int error) {
  errno = error;
  return error ? -1 : 0;
}

static int load(const char *path) {
  static struct bpf_insn instructions[INSTRUCTIONS_MAX];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t length = read(fd, instructions, sizeof instructions);
  int error = errno;
  close(fd);
  if (length < 0) return because(error);
  if (length == 0 || length % sizeof *instructions || length == sizeof instructions) return because(EINVAL);
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insn_cnt = length / sizeof *instructions;
  attributes.insns = (uintptr_t)instructions;
  attributes.license = (uintptr_t) "Apache-2.0";
  return syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
}

int device_filter(const char *path, const char *cgroup) {
  int directory = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  int program = load(path);
  int error = program < 0 ? errno : 0;
  if (!error) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = directory;
    attributes.attach_bpf_fd = program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes)) error = errno;
    close(program);
  }
  close(directory);
  return because(error);
}
