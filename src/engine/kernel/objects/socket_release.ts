/**
 * The last close of a socket's file: the sock leaves its table and its other end, and lives on only for those
 * who still hold it.
 *
 * Source: sock_close, net/socket.c; tcp_close, unix_release_sock, netlink_release, Linux 6.12.
 */
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { onRelease } from './file.ts';
import { unhashUdp } from './inet_hash.ts';
import { unhashNetlink } from './netlink_sock.ts';
import { AF, IPPROTO, isUnhashed, sockAt, sockCommon, sockPut, TcpState } from './sock.ts';
import { closeTcp } from './tcp_close.ts';
import { releaseUnix } from './unix_sock.ts';

/** From now on closing a socket's last file closes the socket. */
export const closeSockets = (kernel: Kernel): void =>
  onRelease(kernel, 'socket_file_ops', (file) => {
    const data = file.ptr('private_data');
    if (data !== 0n) closeSocket(kernel, kernel.view('socket', data));
  });

/**
 * @kernel __sock_release, net/socket.c
 * @fidelity full: task.test.ts
 */
function closeSocket(kernel: Kernel, socket: View): void {
  socket.set('file', 0n);
  const addr = socket.ptr('sk');
  if (addr === 0n) return;
  const sk = sockAt(kernel, addr);
  const common = sockCommon(kernel, addr);
  const family = common.num('skc_family');
  if (family === AF.UNIX) releaseUnix(kernel, kernel.view('unix_sock', addr));
  else if (family === AF.NETLINK) unhashNetlink(kernel, kernel.view('netlink_sock', addr));
  else if (sk.num('sk_protocol') === IPPROTO.TCP) closeTcp(kernel, common);
  else if (!isUnhashed(common)) unhashUdp(kernel, common);
  common.set('skc_state', TcpState.CLOSE);
  sk.set('sk_socket', 0n);
  socket.set('sk', 0n);
  sockPut(kernel, addr);
}
