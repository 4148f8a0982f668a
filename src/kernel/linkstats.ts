/**
 * Counters of network devices. Every driver counts in a place of its own; the sums are those of `dev_get_stats()`
 * (`net/core/dev.c`) and of the driver's `ndo_get_stats64`. One CPU: a per-CPU pointer is a plain one.
 */
import type { DeviceCounters } from "../protocol/network";
import { MAX_DEVICE_QUEUES } from "./bounds";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

export const NO_COUNTERS: DeviceCounters = {
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxDropped: 0,
  txPackets: 0,
  txBytes: 0,
  txErrors: 0,
  txDropped: 0,
};

/** What `ip -s link` prints of a `net_device`. */
export function deviceCounters(prog: Program, device: number): DeviceCounters {
  const counters = driverCounters(prog, device);
  // Packets that the core dropped; allocated at the first.
  const core = prog.pointer(device, prog.fields.net_device.core_stats);
  if (core !== 0) {
    counters.rxDropped += prog.u32(core, prog.fields.net_device_core_stats.rx_dropped);
    counters.txDropped += prog.u32(core, prog.fields.net_device_core_stats.tx_dropped);
  }
  return counters;
}

function driverCounters(prog: Program, device: number): DeviceCounters {
  const operations = prog.pointer(device, prog.fields.net_device.netdev_ops);
  const getStats = prog.pointer(operations, prog.fields.net_device_ops.ndo_get_stats64);
  const { symbols } = prog.info;
  switch (getStats) {
    case symbols.veth_get_stats64:
      return vethCounters(prog, device);
    case symbols.loopback_get_stats64:
      return loopbackCounters(prog, device);
    case symbols.dev_get_tstats64:
    case symbols.tun_net_get_stats64:
      return softwareCounters(prog, device);
    case symbols.virtnet_stats:
      return virtioCounters(prog, device);
    case symbols.dummy_get_stats64:
      return dummyCounters(prog, device);
    case symbols.macvlan_dev_get_stats64:
      return macvlanCounters(prog, device);
    case symbols.vlan_dev_get_stats64:
      return vlanCounters(prog, device);
    case symbols.ipvlan_get_stats64:
      return ipvlanCounters(prog, device);
    case 0:
      return commonCounters(prog, device);
    default:
      throw new MemoryFault(operations, "the driver counts by a function that is not known");
  }
}

/** Of a driver that leaves the summing to the core: by `pcpu_stat_type`. */
function commonCounters(prog: Program, device: number): DeviceCounters {
  const { enumerators } = prog.info;
  const type = prog.u8(device, prog.fields.net_device.pcpu_stat_type);
  if (type === enumerators.NETDEV_PCPU_STAT_TSTATS) return softwareCounters(prog, device);
  const counters = ownCounters(prog, device);
  if (type !== enumerators.NETDEV_PCPU_STAT_DSTATS) return counters;
  const fields = prog.fields.pcpu_dstats;
  const dstats = prog.pointer(device, prog.fields.net_device.dstats);
  counters.rxPackets += prog.u64(dstats, fields.rx_packets);
  counters.rxBytes += prog.u64(dstats, fields.rx_bytes);
  counters.rxDropped += prog.u64(dstats, fields.rx_drops);
  counters.txPackets += prog.u64(dstats, fields.tx_packets);
  counters.txBytes += prog.u64(dstats, fields.tx_bytes);
  counters.txDropped += prog.u64(dstats, fields.tx_drops);
  return counters;
}

/** `net_device.stats`. */
function ownCounters(prog: Program, device: number): DeviceCounters {
  const fields = prog.fields.net_device;
  return {
    rxPackets: prog.u32(device, fields["stats.rx_packets"]),
    rxBytes: prog.u32(device, fields["stats.rx_bytes"]),
    rxErrors: prog.u32(device, fields["stats.rx_errors"]),
    rxDropped: prog.u32(device, fields["stats.rx_dropped"]),
    txPackets: prog.u32(device, fields["stats.tx_packets"]),
    txBytes: prog.u32(device, fields["stats.tx_bytes"]),
    txErrors: prog.u32(device, fields["stats.tx_errors"]),
    txDropped: prog.u32(device, fields["stats.tx_dropped"]),
  };
}

/** `dev_get_tstats64()`: bridges, tun. */
function softwareCounters(prog: Program, device: number): DeviceCounters {
  const fields = prog.fields.pcpu_sw_netstats;
  const counters = ownCounters(prog, device);
  const tstats = prog.pointer(device, prog.fields.net_device.tstats);
  counters.rxPackets += prog.u64(tstats, fields.rx_packets);
  counters.rxBytes += prog.u64(tstats, fields.rx_bytes);
  counters.txPackets += prog.u64(tstats, fields.tx_packets);
  counters.txBytes += prog.u64(tstats, fields.tx_bytes);
  return counters;
}

/** A veth device counts what it sends; what it receives is what its peer has sent. */
function vethCounters(prog: Program, device: number): DeviceCounters {
  const { tstats } = prog.fields.net_device;
  const fields = prog.fields.pcpu_sw_netstats;
  const priv = devicePrivate(prog, device, "veth");
  const own = prog.pointer(device, tstats);
  const counters: DeviceCounters = {
    rxPackets: prog.u64(own, fields.rx_packets),
    rxBytes: prog.u64(own, fields.rx_bytes),
    rxErrors: 0,
    rxDropped: 0,
    txPackets: prog.u64(own, fields.tx_packets),
    txBytes: prog.u64(own, fields.tx_bytes),
    txErrors: 0,
    txDropped: prog.u64(priv, prog.fields.veth_priv.dropped),
  };
  addQueues(prog, device, priv, counters, false);
  const peer = prog.pointer(priv, prog.fields.veth_priv.peer);
  if (peer !== 0) {
    const theirs = prog.pointer(peer, tstats);
    counters.rxPackets += prog.u64(theirs, fields.tx_packets);
    counters.rxBytes += prog.u64(theirs, fields.tx_bytes);
    addQueues(prog, peer, devicePrivate(prog, peer, "veth"), counters, true);
  }
  return counters;
}

/** Adds the counters of a veth device's receive queues to its own, or to those of its peer. */
function addQueues(prog: Program, device: number, priv: number, counters: DeviceCounters, ofPeer: boolean): void {
  const fields = prog.fields.veth_stats;
  const count = queueCount(prog.u32(device, prog.fields.net_device.num_rx_queues), device);
  const queues = prog.pointer(priv, prog.fields.veth_priv.rq);
  for (let index = 0; index < count; index++) {
    const queue = queues + index * prog.info.sizes.veth_rq;
    const stats = prog.member(queue, prog.fields.veth_rq["stats.vs"]);
    const packets = prog.u64(stats, fields.xdp_packets);
    const bytes = prog.u64(stats, fields.xdp_bytes);
    const sendErrors = prog.u64(stats, fields.xdp_tx_err);
    const peerErrors = prog.u64(stats, fields.peer_tq_xdp_xmit_err);
    if (ofPeer) {
      counters.txPackets += packets;
      counters.txBytes += bytes;
      counters.rxDropped += sendErrors;
      counters.txDropped += peerErrors;
    } else {
      counters.rxPackets += packets;
      counters.rxBytes += bytes;
      counters.txDropped += sendErrors;
      counters.rxDropped += prog.u64(stats, fields.rx_drops) + peerErrors;
    }
  }
}

function loopbackCounters(prog: Program, device: number): DeviceCounters {
  const fields = prog.fields.pcpu_lstats;
  const lstats = prog.pointer(device, prog.fields.net_device.lstats);
  const packets = prog.u64(lstats, fields.packets);
  const bytes = prog.u64(lstats, fields.bytes);
  return { ...NO_COUNTERS, rxPackets: packets, rxBytes: bytes, txPackets: packets, txBytes: bytes };
}

/** A dummy device drops everything, and counts it as sent. */
function dummyCounters(prog: Program, device: number): DeviceCounters {
  const fields = prog.fields.pcpu_lstats;
  const lstats = prog.pointer(device, prog.fields.net_device.lstats);
  return { ...NO_COUNTERS, txPackets: prog.u64(lstats, fields.packets), txBytes: prog.u64(lstats, fields.bytes) };
}

function vlanCounters(prog: Program, device: number): DeviceCounters {
  const priv = devicePrivate(prog, device, "vlan");
  return pcpuCounters(prog, prog.pointer(priv, prog.fields.vlan_dev_priv.vlan_pcpu_stats));
}

function macvlanCounters(prog: Program, device: number): DeviceCounters {
  const priv = devicePrivate(prog, device, "macvlan");
  const counters = pcpuCounters(prog, prog.pointer(priv, prog.fields.macvlan_dev.pcpu_stats));
  counters.rxDropped = counters.rxErrors;
  return counters;
}

/** `struct vlan_pcpu_stats`. */
function pcpuCounters(prog: Program, stats: number): DeviceCounters {
  const fields = prog.fields.vlan_pcpu_stats;
  return {
    rxPackets: prog.u64(stats, fields.rx_packets),
    rxBytes: prog.u64(stats, fields.rx_bytes),
    rxErrors: prog.u32(stats, fields.rx_errors),
    rxDropped: 0,
    txPackets: prog.u64(stats, fields.tx_packets),
    txBytes: prog.u64(stats, fields.tx_bytes),
    txErrors: 0,
    txDropped: prog.u32(stats, fields.tx_dropped),
  };
}

function ipvlanCounters(prog: Program, device: number): DeviceCounters {
  const fields = prog.fields.ipvl_pcpu_stats;
  const stats = prog.pointer(devicePrivate(prog, device, "ipvlan"), prog.fields.ipvl_dev.pcpu_stats);
  const rxErrors = prog.u32(stats, fields.rx_errs);
  return {
    rxPackets: prog.u64(stats, fields.rx_pkts),
    rxBytes: prog.u64(stats, fields.rx_bytes),
    rxErrors,
    rxDropped: rxErrors,
    txPackets: prog.u64(stats, fields.tx_pkts),
    txBytes: prog.u64(stats, fields.tx_bytes),
    txErrors: prog.u32(device, prog.fields.net_device["stats.tx_errors"]),
    txDropped: prog.u32(stats, fields.tx_drps),
  };
}

/** `virtnet_stats()`. */
function virtioCounters(prog: Program, device: number): DeviceCounters {
  const info = devicePrivate(prog, device, "virtio_net");
  const { sq, rq, max_queue_pairs } = prog.fields.virtnet_info;
  const { send_queue, receive_queue } = prog.fields;
  const senders = prog.pointer(info, sq);
  const receivers = prog.pointer(info, rq);
  const counters = { ...NO_COUNTERS, txDropped: prog.u32(device, prog.fields.net_device["stats.tx_dropped"]) };
  const count = queueCount(prog.u16(info, max_queue_pairs), device);
  for (let index = 0; index < count; index++) {
    const sender = senders + index * prog.info.sizes.send_queue;
    counters.txPackets += prog.u64(sender, send_queue["stats.packets"]);
    counters.txBytes += prog.u64(sender, send_queue["stats.bytes"]);
    counters.txErrors += prog.u64(sender, send_queue["stats.tx_timeouts"]);
    const receiver = receivers + index * prog.info.sizes.receive_queue;
    counters.rxPackets += prog.u64(receiver, receive_queue["stats.packets"]);
    counters.rxBytes += prog.u64(receiver, receive_queue["stats.bytes"]);
    counters.rxDropped += prog.u64(receiver, receive_queue["stats.drops"]);
  }
  return counters;
}

function queueCount(count: number, device: number): number {
  if (count > MAX_DEVICE_QUEUES) throw new MemoryFault(device, `the device has ${count} queues`);
  return count;
}

/** `netdev_priv()`: the driver's own structure, behind the `net_device`. */
export function devicePrivate(prog: Program, device: number, name: string): number {
  return prog.name(prog.member(device, prog.fields.net_device.priv), name);
}
