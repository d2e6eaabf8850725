/**
 * `__kconfig` externs: values of the kernel's configuration, and a few that libbpf makes up.
 *
 * Source: libbpf.c set_kcfg_value_*, bpf_object__process_kconfig_line.
 */
import { Errno } from '../../shared/errno.ts';
import { latin1Encode } from '../../shared/utf8.ts';
import type { Messages } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { KconfigExtern } from './object.ts';

/** enum libbpf_tristate */
const TRISTATE: Readonly<Record<string, number>> = { n: 0, y: 1, m: 2 };

/** KERNEL_VERSION(a, b, c) of `a.b.c-anything`, 0 when it is no version. */
export function kernelVersion(release: string): number {
  const [, major, minor, patch] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release) ?? [];
  if (major === undefined || minor === undefined) return 0;
  return Number(major) * 0x10000 + Number(minor) * 0x100 + Math.min(255, Number(patch ?? 0));
}

/** Values that are not from the configuration. A cookie and x86's system call wrappers are always there. */
const VIRTUAL: Readonly<Record<string, (release: string) => bigint>> = {
  LINUX_KERNEL_VERSION: (release) => BigInt(kernelVersion(release)),
  LINUX_HAS_BPF_COOKIE: () => 1n,
  LINUX_HAS_SYSCALL_WRAPPER: () => 1n,
};

/**
 * @param data the bytes of the map `.kconfig`, written to
 * @returns sets one extern; false when the configuration does not have it
 */
export function kconfigWriter(
  release: string,
  config: string | null,
  data: Uint8Array,
  log: Messages,
): (ext: KconfigExtern) => boolean {
  let parsed: Map<string, string> | null = null;
  const fail = (text: string, errno: number = Errno.EINVAL): never => {
    log.warn(text);
    throw new LibbpfError(-errno);
  };
  const readConfig = (): Map<string, string> => {
    if (config === null) return fail('failed to open system Kconfig');
    const lines = [...config.matchAll(/^(CONFIG_\w+)=(.*)$/gm)];
    return new Map(lines.map(([, key = '', value = '']) => [key, value.trim()]));
  };
  return (ext) => {
    if (!ext.name.startsWith('CONFIG_')) {
      const virtual = VIRTUAL[ext.name];
      if (!virtual && !(ext.name.startsWith('LINUX_') && ext.weak))
        return fail(`extern (kcfg) '${ext.name}': unrecognized virtual extern`);
      setNumber(ext, virtual?.(release) ?? 0n, data, fail);
      return true;
    }
    parsed ??= readConfig();
    const value = parsed.get(ext.name);
    if (value === undefined || value === '') return false;
    setValue(ext, value, data, log, fail);
    return true;
  };
}

type Fail = (text: string, errno?: number) => never;

function setValue(ext: KconfigExtern, value: string, data: Uint8Array, log: Messages, fail: Fail): void {
  const who = `extern (kcfg) '${ext.name}': value`;
  const tristate = TRISTATE[value];
  if (tristate !== undefined) {
    if (ext.type === 'bool' && value === 'm') fail(`${who} '${value}' implies tristate or char type`);
    if (ext.type === 'int' || ext.type === 'char_array')
      fail(`${who} '${value}' implies bool, tristate, or char type`);
    data[ext.offset] = ext.type === 'char' ? value.charCodeAt(0) : tristate;
  } else if (value.startsWith('"')) {
    if (ext.type !== 'char_array') fail(`${who} '${value}' implies char array type`);
    if (!value.endsWith('"') || value.length < 2) fail(`${who} '${value}': invalid string config`);
    const text = value.slice(1, -1);
    if (text.length >= ext.size)
      log.warn(
        `extern (kcfg) '${ext.name}': long string '${text}' of (${text.length} bytes) truncated to ${ext.size - 1} bytes`,
      );
    data.set(latin1Encode(text.slice(0, ext.size - 1)), ext.offset);
  } else {
    if (!/^-?(0x[0-9a-fA-F]+|\d+)$/.test(value)) fail(`${who} '${value}' isn't a valid integer`);
    const number = value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value);
    setNumber(ext, number, data, fail);
  }
}

function setNumber(ext: KconfigExtern, value: bigint, data: Uint8Array, fail: Fail): void {
  const who = `extern (kcfg) '${ext.name}': value '${BigInt.asUintN(64, value)}'`;
  if (ext.type === 'tristate' || ext.type === 'char_array')
    fail(`${who} implies integer, char, or boolean type`);
  if (ext.type === 'bool' && (value < 0n || value > 1n)) fail(`${who} isn't boolean compatible`);
  const bits = ext.size * 8;
  const fits = ext.signed ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
  if (!fits) fail(`${who} doesn't fit in ${ext.size} bytes`, Errno.ERANGE);
  for (let i = 0; i < ext.size; i++) data[ext.offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}
