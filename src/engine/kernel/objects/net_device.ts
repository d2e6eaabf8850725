/**
 * Network devices of a namespace, as far as routes name them: name, number, size of a packet, a queue to send by.
 *
 *     net.dev_base_head -> net_device.dev_list -> ...        net.loopback_dev
 *                          net_device._tx -> netdev_queue.qdisc -> Qdisc        no packet ever waits in it
 *
 * Source: net/core/dev.c, net/sched/sch_generic.c, drivers/net/loopback.c, Linux 6.12.
 */
import type { Kernel } from '../kernel.ts';
import { containerOf, listAddTail, listInit, listNodes } from '../list.ts';
import type { View } from '../view.ts';

/** Bytes of an Ethernet header, which the loopback device has too. */
const ETH_HLEN = 14;
const LOOPBACK = { name: 'lo', mtu: 65_536, flags: 0x9 } as const;
/** IFF_UP | IFF_BROADCAST | IFF_MULTICAST */
const ETHERNET = { mtu: 1500, flags: 0x1003 } as const;
const DEV_LIST = 'dev_list';
/** How packets queue: not at all where nothing can wait, else as systemd has it done everywhere. */
const NO_QUEUE = { symbol: 'noqueue_qdisc_ops', id: 'noqueue', limit: 0 } as const;
const FAIR_QUEUE = { symbol: 'fq_codel_qdisc_ops', id: 'fq_codel', limit: 10_240 } as const;

function* devices(kernel: Kernel, net: View): Generator<View> {
  const head = net.at('dev_base_head');
  if (kernel.mem.u64(head) === 0n) listInit(kernel.mem, head);
  for (const node of listNodes(kernel.mem, head)) yield containerOf(kernel, node, 'net_device', DEV_LIST);
}

/**
 * The device with this name in a namespace; the first to ask makes it, and `lo` before any other.
 *
 * @kernel register_netdevice, net/core/dev.c
 * @fidelity partial: no addresses or operations
 */
export function netDevice(kernel: Kernel, net: View, name: string): View {
  const known = [...devices(kernel, net)];
  const found = known.find((dev) => dev.str('name') === name);
  if (found) return found;
  const isLoopback = name === LOOPBACK.name;
  if (known.length === 0 && !isLoopback) {
    netDevice(kernel, net, LOOPBACK.name);
    return netDevice(kernel, net, name);
  }
  const dev = kernel.alloc('net_device');
  const { mtu, flags } = isLoopback ? LOOPBACK : ETHERNET;
  dev.setStr('name', name);
  dev.set('ifindex', known.length + 1);
  dev.set('mtu', mtu);
  dev.set('flags', flags);
  dev.trySet('hard_header_len', ETH_HLEN);
  addQueue(kernel, dev, isLoopback ? NO_QUEUE : FAIR_QUEUE);
  listAddTail(kernel.mem, dev.at(DEV_LIST), net.at('dev_base_head'));
  if (isLoopback) net.trySet('loopback_dev', dev.addr);
  return dev;
}

/** Gives a device its one queue. @kernel netif_alloc_netdev_queues, dev_activate, net/core/dev.c @fidelity partial: one queue, no packets, no classes of them */
function addQueue(
  kernel: Kernel,
  dev: View,
  { symbol, id, limit }: typeof NO_QUEUE | typeof FAIR_QUEUE,
): void {
  if (!dev.has('_tx') || !kernel.types.has('Qdisc')) return;
  const fresh = !kernel.hasObject(symbol);
  const ops = kernel.object(symbol, 'Qdisc_ops');
  if (fresh) ops.setStr('id', id);
  const queue = kernel.alloc('netdev_queue');
  const qdisc = kernel.alloc('Qdisc');
  qdisc.set('dev_queue', queue.addr);
  qdisc.trySet('ops', ops.addr);
  qdisc.set('refcnt', 1);
  qdisc.set('limit', limit);
  for (const zero of ['q.qlen', 'qstats.qlen', 'qstats.backlog', 'qstats.drops', 'qstats.requeues'])
    qdisc.trySet(zero, 0);
  queue.set('dev', dev.addr);
  for (const place of ['qdisc', 'qdisc_sleeping']) queue.trySet(place, qdisc.addr);
  dev.set('_tx', queue.addr);
  dev.trySet('qdisc', qdisc.addr);
  for (const count of ['num_tx_queues', 'real_num_tx_queues']) dev.trySet(count, 1);
}

/** The device with this number in a namespace, or null. @kernel dev_get_by_index, net/core/dev.c @fidelity full: src/engine/bpf/more_maps.test.ts */
export function deviceByIndex(kernel: Kernel, net: View, ifindex: number): View | null {
  netDevice(kernel, net, LOOPBACK.name);
  for (const dev of devices(kernel, net)) if (dev.num('ifindex') === ifindex) return dev;
  return null;
}

/** The device of a namespace with this name, or null. @kernel dev_get_by_name_rcu, net/core/dev.c @fidelity full: app/sockets.test.ts */
export function deviceByName(kernel: Kernel, net: View, name: string): View | null {
  netDevice(kernel, net, LOOPBACK.name);
  for (const dev of devices(kernel, net)) if (dev.str('name') === name) return dev;
  return null;
}
