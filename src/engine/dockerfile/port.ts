/** Go's uint16, which is also what TCP and UDP have. */
const PORT_MAX = 65_535;
const PROTOCOLS = ["tcp", "udp", "sctp"];

/**
 * What EXPOSE was told as the keys of `config.ExposedPorts`: `80` is `80/tcp`, `8000-8002/udp` are three.
 * @throws RangeError in words for the reader.
 */
export function exposedPorts(text: string): string[] {
  const match = /^(\d+)(?:-(\d+))?(?:\/(.*))?$/.exec(text);
  if (!match) throw new RangeError(`${text} is no port; write 80, 53/udp or 8000-8010`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  const protocol = (match[3] ?? "tcp").toLowerCase();
  if (!PROTOCOLS.includes(protocol)) throw new RangeError(`${protocol} is no protocol; take ${PROTOCOLS.join(", ")}`);
  if (last > PORT_MAX) throw new RangeError(`${last} is no port; the last one is ${PORT_MAX}`);
  if (first > last) throw new RangeError(`the ports ${text} go backwards`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}
