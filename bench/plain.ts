/**
 * The iterators' peer: plain loops over a world's JSON that print what the example programs print. No kernel,
 * no bytes, no program: the least that the same text costs in JavaScript.
 */
import type { World } from '../src/engine/kernel/world.ts';
import { SYMBOLS } from './big_world.ts';

const wide = (value: number): string => String(value).padStart(8);
const hexOf = (text: string): string => BigInt(text).toString(16);

function task({ processes }: World): string {
  let out = '    tgid      tid   parent  comm\n';
  for (const { pid, ppid = 0, comm, threads } of processes)
    for (const { tid, name } of [
      { tid: pid, name: comm },
      ...threads.map((t) => ({ tid: t.tid, name: t.comm })),
    ])
      out += `${wide(pid)} ${wide(tid)} ${wide(ppid)}  ${name}\n`;
  return `${out}=== END ===\n`;
}

function taskFile({ processes }: World): string {
  const addresses = new Map(Object.entries(SYMBOLS).map(([name, addr]) => [name, hexOf(addr)]));
  let out = '    tgid      gid       fd      file\n';
  for (const { pid, fds } of processes)
    for (const { fd, file } of Array.isArray(fds) ? fds : [])
      if (typeof file !== 'string')
        out += `${wide(pid)} ${wide(pid)} ${wide(fd)} ${addresses.get(file.fops ?? '')}\n`;
  return out;
}

function taskVma({ processes }: World): string {
  let out = '';
  for (const { pid, mm } of processes)
    for (const { start, end, perms, name } of mm && 'vmas' in mm ? mm.vmas : []) {
      const range = `${hexOf(start).padStart(8, '0')}-${hexOf(end).padStart(8, '0')}`;
      out += `${String(pid).padStart(6)} ${range} ${perms}${name === '' ? '' : ` ${name.replace(/^.*\//, '')}`}\n`;
    }
  return out;
}

export const PLAIN = { task, task_file: taskFile, task_vma: taskVma } as const;
