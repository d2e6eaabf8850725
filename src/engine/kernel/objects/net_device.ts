/**
 * Network devices of a namespace, as far as routes name them: name, number, size of a packet.
 *
 *     net.dev_base_head -> net_device.dev_list -> ...        net.loopback_dev
 *
 * Source: net/core/dev.c, drivers/net/loopback.c, Linux 6.12.
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

function* devices(kernel: Kernel, net: View): Generator<View> {
  const head = net.at('dev_base_head');
  if (kernel.mem.u64(head) === 0n) listInit(kernel.mem, head);
  for (const node of listNodes(kernel.mem, head)) yield containerOf(kernel, node, 'net_device', DEV_LIST);
}

/**
 * The device with this name in a namespace; the first to ask makes it, and `lo` before any other.
 *
 * @kernel register_netdevice, net/core/dev.c
 * @fidelity partial: no queues, addresses or operations
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
  listAddTail(kernel.mem, dev.at(DEV_LIST), net.at('dev_base_head'));
  if (isLoopback) net.trySet('loopback_dev', dev.addr);
  return dev;
}

/** The device with this number in a namespace, or null. @kernel dev_get_by_index, net/core/dev.c @fidelity full: src/engine/bpf/more_maps.test.ts */
export function deviceByIndex(kernel: Kernel, net: View, ifindex: number): View | null {
  netDevice(kernel, net, LOOPBACK.name);
  for (const dev of devices(kernel, net)) if (dev.num('ifindex') === ifindex) return dev;
  return null;
}
