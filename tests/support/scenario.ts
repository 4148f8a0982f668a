/** A guest with something of everything that a picture shows: what the recorded memory holds. */
import { writeFileCommand } from "./static-program";
import { SYSCALL_PROGRAM, syscall } from "./syscall-program";
import { threadsProgram } from "./threads-program";

/** Two lower layers, an upper one with every kind of change to them, and a second overlay that shares a lower one. */
const LAYERS = `
mkdir -p /layers/low/dir/deep /layers/low/gone /layers/mid/dir /layers/mid/replaced /layers/up /layers/work /layers/merged
cd /layers/low
printf low > kept; printf low > dir/copied; printf low > dir/removed; printf low > dir/deep/file; printf low > gone/file
ln -s dir/copied link; ln -s "$(seq -s / 1 80)" long; ln dir/copied hard; chown 1000:100 kept; chmod 4750 kept
cd /layers/mid
printf mid > dir/middle; printf mid > replaced/file; printf "<b>" > "$(printf "dir/new\\nline \\033[31m")"; touch -d @981173106 dir/middle
cd /
mount -t overlay stack -o lowerdir=/layers/mid:/layers/low,upperdir=/layers/up,workdir=/layers/work /layers/merged
mount -t overlay second -o lowerdir=/layers/low:/layers/mid /mnt
cd /layers/merged
printf " and up" >> dir/copied; rm dir/removed; rm -r gone; rm -r replaced; mkdir replaced; printf new > replaced/new
seq 1 3000 > numbers; truncate -s 20000 hole; chmod 600 dir/middle
cd /
`;

/** Mounts over mounts, shared and not, a read-only one, and namespaces that only a mount holds. */
const MOUNTS = `
mkdir -p /mounts/over/below /mounts/private /mounts/slave "/mounts/$(printf "a b\\\\\\n\\033[31m<i>")"
mount -t tmpfs -o size=1m,mode=700,uid=5,gid=6,nr_inodes=99 first /mounts/over
mkdir /mounts/over/below; mount -t tmpfs below /mounts/over/below; mount -t tmpfs second /mounts/over
mount -t tmpfs -o ro,nosuid,nodev,noexec,noatime "so urce" /mounts/a*; mount --bind /layers/low/dir /mounts/private
mount --make-private /mounts/private; mount --bind /mounts/over /mounts/slave; mount --make-slave /mounts/slave
mkdir /mounts/held; mount -t tmpfs held /mounts/held; mount --make-unbindable /mounts/held; touch /mounts/held/net /mounts/held/mnt
unshare -n mount --bind /proc/self/ns/net /mounts/held/net
unshare --mount=/mounts/held/mnt mount -t tmpfs inside /tmp
`;
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
cd /sys/fs/cgroup; mkdir -p outer/inner 'outer/<b>'
echo +cpu +memory +pids > outer/cgroup.subtree_control
echo '20000 100000' > outer/cpu.max; echo 64M > outer/inner/memory.max; echo 3 > outer/inner/pids.max; cd /
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
# A pair of devices across two network namespaces, with addresses and routes, and a listening socket.
ip link add outside type veth peer name inside
ip link add bridge0 type bridge
ip link set outside master bridge0 up
ip address add 10.0.0.1/24 brd + dev bridge0
ip link set bridge0 up
ip link set inside netns "$(pgrep -fx 'sleep 1004')"
start nsenter -t "$(pgrep -fx 'sleep 1004')" -n sh -c '
  ip link set lo up; ip link set inside up; ip address add 10.0.0.2/24 dev inside; ip route add default via 10.0.0.1
  exec nc -l -p 80'
${LAYERS}
${MOUNTS}
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
wait_for grep -l ':0050 .* 0A ' /proc/[0-9]*/net/tcp
echo ready
`;
