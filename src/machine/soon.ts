/** Runs a task after pending events were served, without the 4 ms that browsers add to nested timers. */
export const soon: (task: () => void) => void =
  typeof setImmediate === "function" ? (task) => void setImmediate(task) : channelTask();

function channelTask(): (task: () => void) => void {
  const queue: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => queue.shift()?.();
  return (task) => {
    queue.push(task);
    port2.postMessage(0);
  };
}
