/**
 * Internet addresses as text and as bytes in network order.
 *
 *     "127.0.0.1:8080" <-> { family: INET, ip: 4 bytes, port }       "[::1]:8080" <-> { family: INET6, ip: 16 bytes, port }
 */
import { AF } from './objects/sock.ts';

export interface Endpoint {
  readonly family: typeof AF.INET | typeof AF.INET6;
  /** Network order: 4 bytes, or 16. */
  readonly ip: Uint8Array;
  readonly port: number;
}

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const ENDPOINT = /^(?:\[([^\]]*)\]|([^[\]:]*)):(\d{1,5})$/;
const V6_BYTES = 16;

function parseIpv4(text: string): Uint8Array | null {
  const parts = V4.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part < 256) ? Uint8Array.from(parts) : null;
}

/** Groups of an IPv6 address as bytes; the last may be an IPv4 address. */
function groups(text: string): number[] | null {
  if (text === '') return [];
  const out: number[] = [];
  const words = text.split(':');
  for (const [i, word] of words.entries()) {
    const v4 = i === words.length - 1 ? parseIpv4(word) : null;
    if (v4) out.push(...v4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(word)) out.push(parseInt(word, 16) >> 8, parseInt(word, 16) & 0xff);
    else return null;
  }
  return out;
}

function parseIpv6(text: string): Uint8Array | null {
  const [left = '', right, ...more] = text.split('::');
  const head = groups(left);
  const tail = groups(right ?? '');
  if (!head || !tail || more.length > 0) return null;
  const missing = V6_BYTES - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 2) return null;
  const bytes = new Uint8Array(V6_BYTES);
  bytes.set(head);
  bytes.set(tail, V6_BYTES - tail.length);
  return bytes;
}

/** @returns null when the text is no address with a port */
export function parseEndpoint(text: string): Endpoint | null {
  const match = ENDPOINT.exec(text);
  const port = Number(match?.[3] ?? NaN);
  if (!match || !(port <= 65535)) return null;
  const v6 = match[1] === undefined ? null : parseIpv6(match[1]);
  if (v6) return { family: AF.INET6, ip: v6, port };
  const v4 = match[2] === undefined ? null : parseIpv4(match[2]);
  return v4 && { family: AF.INET, ip: v4, port };
}

/** All zero bytes: any address. */
export const isAny = (ip: Uint8Array): boolean => ip.every((byte) => byte === 0);

/** ::ffff:a.b.c.d @kernel ipv6_addr_v4mapped, include/net/ipv6.h @fidelity full: src/engine/kernel/sockets.test.ts */
export const isV4Mapped = (ip: Uint8Array): boolean =>
  ip.length === V6_BYTES &&
  ip.subarray(0, 10).every((byte) => byte === 0) &&
  ip[10] === 255 &&
  ip[11] === 255;

/** The same address written as text that parseEndpoint reads. */
export const endpointText = ({ ip, port }: Pick<Endpoint, 'ip' | 'port'>): string =>
  ip.length === 4 ? `${addressText(ip)}:${port}` : `[${addressText(ip)}]:${port}`;

/** Of an IPv6 address the usual short form: `::` for the first of the longest runs of zeros, as in 2001:db8::20. */
export function addressText(ip: Uint8Array): string {
  if (ip.length === 4) return ip.join('.');
  if (isV4Mapped(ip)) return `::ffff:${ip.subarray(12).join('.')}`;
  const words = Array.from({ length: 8 }, (_, i) =>
    (((ip[i * 2] ?? 0) << 8) | (ip[i * 2 + 1] ?? 0)).toString(16),
  );
  let [from, length] = [0, 0];
  for (const i of words.keys()) {
    const end = words.findIndex((word, at) => at >= i && word !== '0');
    const run = (end < 0 ? words.length : end) - i;
    if (run > length) [from, length] = [i, run];
  }
  if (length < 2) return words.join(':');
  return `${words.slice(0, from).join(':')}::${words.slice(from + length).join(':')}`;
}

/** A connection to `to` comes in by a socket that listens at `at`. */
export const listensFor = (at: Endpoint, to: Endpoint): boolean =>
  at.port === to.port &&
  at.family === to.family &&
  (isAny(at.ip) || at.ip.every((byte, i) => byte === to.ip[i]));

export interface Prefix {
  /** Network order, 16 bytes; behind the prefix all zero. */
  readonly ip: Uint8Array;
  /** Bits. */
  readonly length: number;
}

/** An IPv6 prefix such as `2001:db8::/32`, or null. Bits behind it are cleared. */
export function parsePrefix(text: string): Prefix | null {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const ip = parseEndpoint(`[${address}]:0`)?.ip.slice();
  const length = Number(bits);
  if (!ip || ip.length !== V6_BYTES || bits === '' || length > V6_BYTES * 8) return null;
  return { ip: ip.map((byte, i) => byte & (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - length)))), length };
}
