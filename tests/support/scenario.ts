/** A guest with something of everything that a picture shows: what the recorded memory holds. */
import { writeFileCommand } from "./static-program";
import { threadsProgram } from "./threads-program";

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
wait_for() { until "$@" 2>/dev/null | grep -q .; do sleep 0.1; done; }
# Ten that sleep and one zombie.
until [ "$(cat /proc/[0-9]*/comm | grep -cx sleep)" = 11 ]; do sleep 0.1; done
wait_for grep -ls 'State:.Z' /proc/[0-9]*/status
wait_for grep -ls 'State:.T' /proc/[0-9]*/status
wait_for grep -l ':0050 .* 0A ' /proc/[0-9]*/net/tcp
echo ready
`;
