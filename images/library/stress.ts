import { busybox } from "./busybox";
import { directory, file, type Recipe } from "./recipe";

const STRESS = `#!/bin/sh
# Uses up what a cgroup can limit.
usage() {
  cat <<'END'
Usage: stress cpu [N]        N loops that never rest (1)
       stress memory [MB]    holds MB megabytes (32)
       stress pids [N]       N processes that sleep (50)
       stress disk [MB]      writes MB megabytes to /tmp/stress, again and again (8)
END
  exit "$1"
}
number() {
  case $1 in ''|*[!0-9]*) echo "stress: '$1' is no number" >&2; usage 2 ;; esac
}
# As process 1 of a container it would outlive its own signal.
trap 'trap "" TERM; kill 0; exit 143' TERM INT
case $1 in
cpu)
  number "\${2-1}"
  i=0
  while [ "$i" -lt "\${2-1}" ]; do (while :; do :; done) & i=$((i + 1)); done
  wait ;;
memory)
  number "\${2-32}"
  # dd fills its buffer, then waits for a reader that never reads.
  dd if=/dev/zero bs="\${2-32}M" count=1 2>/dev/null | sleep 2147483647 &
  wait ;;
pids)
  number "\${2-50}"
  i=0
  while [ "$i" -lt "\${2-50}" ]; do sleep 2147483647 & i=$((i + 1)); done
  wait ;;
disk)
  number "\${2-8}"
  while dd if=/dev/zero of=/tmp/stress bs=1M count="\${2-8}" conv=fsync 2>/dev/null; do :; done ;;
''|-h|--help) usage 0 ;;
*) echo "stress: '$1' is unknown" >&2; usage 2 ;;
esac
`;

/** Something for limits to bite on. */
export const stress: Recipe = {
  name: "stress",
  tags: ["1"],
  from: busybox,
  steps: [
    { instruction: "COPY stress /bin/", files: [directory("bin"), file("bin/stress", STRESS, 0o755)] },
    {
      instruction: 'ENTRYPOINT ["/bin/stress"] CMD ["--help"]',
      config: { Entrypoint: ["/bin/stress"], Cmd: ["--help"] },
    },
  ],
};
