/* Which devices the processes of a cgroup may use: a program of the kind BPF_PROG_TYPE_CGROUP_DEVICE. */
#pragma once

/* Loads the program in a file, `struct bpf_insn` after `struct bpf_insn`, and attaches it to a cgroup. 0 or -1 with errno. */
int device_filter(const char *program, const char *cgroup);
