/** A guest with something of everything that a picture shows: what the recorded memory holds. */
import { writeFileCommand } from "./static-program";
import { SYSCALL_PROGRAM, syscall } from "./syscall-program";
import { threadsProgram } from "./threads-program";

/** One System V object of each kind, and a queue with a message. */
const IPC = [
  syscall("semget", 78, 9, 0o1600),
  syscall("msgget", 79, 0o1666),
  syscall("shmget", 77, 12345, 0o1640),
  syscall("mq_open", "jobs", 0o102, 0o640, 0),
  syscall("mq_timedsend", 3, "work", 4, 0, 0),
].join(" ");

/** The script prints `ready` when every process stands still. */
export const SCENARIO = `
# The processes outlive this script, and belong to init from the start.
start() { setsid "$@" </dev/null >/dev/null 2>&1 & }
${writeFileCommand("/tmp/threads", threadsProgram(3))}
mkdir -p /sys/fs/cgroup/outer/inner
start /tmp/threads one two
start sh -c 'echo $$ > /sys/fs/cgroup/outer/inner/cgroup.procs; exec sleep 1001'
# All eight namespaces, and a pid namespace within the pid namespace.
start unshare -muinpUCTf --map-root-user --mount-proc sh -c '
  hostname inside; echo example > /proc/sys/kernel/domainname
  unshare -pf sleep 1002 & sleep 1003 & exec sleep 1004'
# Namespaces that nobody is in but through their children: a user namespace that owns a uts namespace.
start unshare -U --map-root-user unshare -U --map-root-user unshare -u sleep 1005
start setpriv --reuid 1000 --regid 100 --clear-groups sleep 1006
start sh -c 'sleep 0 & exec sleep 1007'
start sh -c 'kill -STOP $$; :'
start sh -c 'sleep 1008; :' sh "" "two words" "$(printf "line\\nbreak")" "é ☃" "<b>"
start sh -c 'exec sleep 1009 $(seq -s " " 1 1200)'
start unshare -u sh -c 'hostname "$(printf "<i>\\033[31m")"; exec sleep 1010'
start unshare -T --monotonic 100 --boottime -1 sleep 1011
# More ranges of ids than lie in the namespace itself.
start unshare -U sleep 1012
until [ "$(readlink /proc/$!/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.1; done
printf '%s 1\n' "0 0" "10 1000" "5 2000" "7 3000" "20 4000" "1 5000" > /proc/$!/uid_map
${writeFileCommand("/tmp/syscalls", SYSCALL_PROGRAM)}
/tmp/syscalls ${IPC}
wait_for() { until "$@" 2>/dev/null | grep -q .; do sleep 0.1; done; }
# Twelve that sleep and one zombie.
until [ "$(cat /proc/[0-9]*/comm | grep -cx sleep)" = 13 ]; do sleep 0.1; done
wait_for grep -ls 'State:.Z' /proc/[0-9]*/status
wait_for grep -ls 'State:.T' /proc/[0-9]*/status
echo ready
`;
