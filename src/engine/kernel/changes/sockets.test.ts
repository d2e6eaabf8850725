/** Servers and clients, told as system calls; what ss(8) would show is read from the kernel's own tables. */
import kernelBtf from 'virtual:kernel-btf';
import { describe, expect, test } from 'vitest';
import { Btf } from '../../btf/parse.ts';
import { makeWorld } from '../build_world.ts';
import { checkImage } from '../check_image.ts';
import { endpointText } from '../inet_address.ts';
import { tcpEstablished, tcpListening } from '../objects/inet_hash.ts';
import { initialNamespace } from '../objects/namespace.ts';
import { sockAt, sockCommon, TcpState } from '../objects/sock.ts';
import { endsOf } from '../objects/tcp_close.ts';
import { unixName, unixTable } from '../objects/unix_sock.ts';
import { parseWorld } from '../world.ts';
import type { WorldInput } from '../world.ts';
import { applyChange } from './index.ts';

type Entry = NonNullable<WorldInput['script']>[number];
type Step = Entry extends infer E ? (E extends { at: unknown } ? Omit<E, 'at'> : never) : never;

const btf = Btf.parse(kernelBtf);
const SERVER = 5;
const CLIENT = 9;
const NAMES = Object.fromEntries(Object.entries(TcpState).map(([name, value]) => [value, name]));

/** Makes the changes one after the other, proving the image after each. */
function play(...steps: Step[]) {
  const script = steps.map((step) => ({ at: { call: 0 }, ...step })) as Entry[];
  const processes = [1, SERVER, CLIENT].map((pid) => ({ pid, comm: 'x' }));
  const world = parseWorld({ processes, script });
  const built = { ...makeWorld(world, { btf }), maps: null };
  const { kernel } = built;
  const told: string[] = [];
  for (const [i, change] of world.script.entries()) {
    applyChange(built, change, `.script[${i}]`, (text) => told.push(text));
    expect(checkImage(kernel)).toEqual([]);
  }
  const tcp = [tcpListening(kernel), tcpEstablished(kernel)].flatMap((table) =>
    Array.from({ length: table.buckets }, (_, i) => [...table.sockets(i)]).flat(),
  );
  const shown = tcp.map((addr) => {
    const common = sockCommon(kernel, addr);
    const { local, remote } = endsOf(common);
    const state = NAMES[common.num('skc_state')];
    const waiting = state === 'LISTEN' ? ` ${sockAt(kernel, addr).num('sk_ack_backlog')}` : '';
    return `${state}${waiting} ${endpointText(local)} ${endpointText(remote)}`;
  });
  const table = unixTable(kernel, initialNamespace(kernel, 'net'));
  const unix = Array.from({ length: table.buckets }, (_, i) => [...table.sockets(i)])
    .flat()
    .map(
      (sk) =>
        `${NAMES[sockCommon(kernel, sk).num('skc_state')]} ${unixName(kernel, kernel.view('unix_sock', sk))}`,
    );
  return { told, tcp: shown.sort(), unix: unix.sort() };
}

const listen = (local: string, backlog = 128): Step => ({ do: 'listen', pid: SERVER, local, backlog });
const connect = (to: string, from?: string): Step => ({
  do: 'connect',
  pid: CLIENT,
  to,
  ...(from === undefined ? {} : { from }),
});
const accept = (fd = 0): Step => ({ do: 'accept', pid: SERVER, fd });
const close = (pid: number, fd: number): Step => ({ do: 'close', pid, fd });

describe('a connection', () => {
  test('waits at the listener until it is accepted', () => {
    const before = play(listen('127.0.0.1:80'), connect('127.0.0.1:80', '127.0.0.1:4000'));
    expect(before.tcp).toEqual([
      'ESTABLISHED 127.0.0.1:4000 127.0.0.1:80',
      'ESTABLISHED 127.0.0.1:80 127.0.0.1:4000',
      'LISTEN 1 127.0.0.1:80 0.0.0.0:0',
    ]);
    const after = play(listen('127.0.0.1:80'), connect('127.0.0.1:80', '127.0.0.1:4000'), accept());
    expect(after.tcp).toContain('LISTEN 0 127.0.0.1:80 0.0.0.0:0');
    expect(after.told).toEqual([
      '5 (x) listens at 127.0.0.1:80 with fd 0',
      '9 (x) connects to 127.0.0.1:80 with fd 0, which is connected from 127.0.0.1:4000',
      '5 (x) accepted a connection from 127.0.0.1:4000 as fd 1',
    ]);
  });
  test('of several, the one that has waited longest is accepted', () => {
    const made = [connect('[::1]:80', '[::1]:7001'), connect('[::1]:80', '[::1]:7000')];
    const { told } = play(listen('[::]:80'), ...made, accept(), accept());
    expect(told.slice(-2)).toEqual([
      '5 (x) accepted a connection from [::1]:7001 as fd 1',
      '5 (x) accepted a connection from [::1]:7000 as fd 2',
    ]);
  });
  test('one more than the backlog may wait; who comes then gets no answer', () => {
    const { tcp } = play(
      listen('127.0.0.1:80', 0),
      connect('127.0.0.1:80', '127.0.0.1:1'),
      connect('127.0.0.1:80', '127.0.0.1:2'),
    );
    expect(tcp.filter((line) => line.endsWith(':80'))).toEqual([
      'ESTABLISHED 127.0.0.1:1 127.0.0.1:80',
      'SYN_SENT 127.0.0.1:2 127.0.0.1:80',
    ]);
  });
  const pair = [listen('127.0.0.1:80'), connect('127.0.0.1:80', '127.0.0.1:4000'), accept()];
  test('closed at one end is half closed at the other', () => {
    expect(play(...pair, close(CLIENT, 0)).tcp.slice(0, 1)).toEqual([
      'CLOSE_WAIT 127.0.0.1:80 127.0.0.1:4000',
    ]);
  });
  test('closed at both ends stays in TIME_WAIT where it was closed first', () => {
    expect(play(...pair, close(SERVER, 1), close(CLIENT, 0)).tcp).toEqual([
      'LISTEN 0 127.0.0.1:80 0.0.0.0:0',
      'TIME_WAIT 127.0.0.1:80 127.0.0.1:4000',
    ]);
  });
  test('that nobody accepted goes with the listener', () => {
    expect(play(...pair.slice(0, 2), close(SERVER, 0)).tcp).toEqual([
      'ESTABLISHED 127.0.0.1:4000 127.0.0.1:80',
    ]);
  });
  test('to another machine is answered there', () => {
    expect(play(connect('192.0.2.7:443', '192.0.2.1:9')).tcp).toEqual([
      'ESTABLISHED 192.0.2.1:9 192.0.2.7:443',
    ]);
  });
});

test('port 0 is any free port', () => {
  const { told } = play(listen('127.0.0.1:0'), listen('127.0.0.1:0'));
  expect(told.map((text) => text.replace(/ with.*/, ''))).toEqual([
    '5 (x) listens at 127.0.0.1:32768',
    '5 (x) listens at 127.0.0.1:32769',
  ]);
});

test.each(['/run/x.sock', '@x'])(
  'UNIX sockets at %s: a connection waits, is accepted, and both ends close',
  (name) => {
    const pair = [listen(name), connect(name), accept()];
    expect(play(...pair).unix).toEqual(['ESTABLISHED ', `ESTABLISHED ${name}`, `LISTEN ${name}`]);
    expect(play(...pair.slice(0, 2), close(SERVER, 0)).unix).toEqual(['ESTABLISHED ']);
    expect(play(...pair, close(SERVER, 1), close(CLIENT, 0)).unix).toEqual([`LISTEN ${name}`]);
  },
);

test.each<[Step[], string]>([
  [[listen('127.0.0.1')], 'world.script[0].local: expected "127.0.0.1:80"'],
  [[listen('127.0.0.1:80'), listen('0.0.0.0:80')], 'world.script[1].local: something listens at 0.0.0.0:80'],
  [[listen('@a'), listen('@a')], 'world.script[1].local: a socket is bound to @a'],
  [
    [connect('127.0.0.1:81')],
    'world.script[0].to: nothing listens at 127.0.0.1:81 at that moment (ECONNREFUSED)',
  ],
  [[connect('@b')], 'world.script[0].to: nothing listens at @b'],
  [[connect('192.0.2.7:443')], 'world.script[0].from: no socket tells an address'],
  [[accept(7)], 'world.script[0].fd: fd 7 is not open in task 5'],
  [[listen('@a'), accept()], 'world.script[1].fd: no connection waits at fd 0 at that moment (EAGAIN)'],
  [[connect('192.0.2.7:1', '[::1]:9')], 'world.script[0].from: both ends are of one family'],
  [
    [{ ...listen('@a'), fd: 3 } as Step, { ...listen('@b'), fd: 3 } as Step],
    'world.script[1].fd: fd 3 is open in task 5',
  ],
])('%j is refused, and nothing is changed', (steps, message) => {
  expect(() => play(...steps)).toThrow(message);
});
