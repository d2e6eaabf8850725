/**
 * The read algorithm in our own words, line by line.
 *
 * The core names the line it is at while it runs, so the page can point into this text. A line is known by
 * its id; targets add the lines of their own callbacks in the same form.
 *
 * Describes: bpf_seq_read, kernel/bpf/bpf_iter.c, Linux 6.12.
 */
import type { PseudoCode } from '../../protocol/api.ts';

/** Reads rows `id | text`; two spaces of indent before the text make one step. Ids get `prefix.` in front. */
export function pseudoCode(title: string, prefix: string, source: string): PseudoCode {
  const lines = source
    .split('\n')
    .filter((row) => row.includes('|'))
    .map((row) => {
      const bar = row.indexOf('|');
      const text = row.slice(bar + 1);
      const body = text.trimStart();
      return {
        id: `${prefix}.${row.slice(0, bar).trim()}`,
        text: body,
        indent: Math.floor((text.length - body.length - 1) / 2),
      };
    });
  return { title, lines };
}

export const seqReadCode = pseudoCode(
  'read(2)',
  'read',
  `
  lock      | read(fd, user, size): one reader at a time
  leftover  |   if bytes wait from the last read: copy them, return
  start     |   object = start(position)
  nothing   |   if there is no object: go to the end
  first     |   show(object)
  first_bad |   failed, or filled the buffer: stop(object), drop the text, return EAGAIN or E2BIG
  next      |   repeat: object = next(object, position)
  last      |     no more objects: leave the loop
  number    |     seq_num = seq_num + 1
  enough    |     as many bytes as asked for: leave the loop, the object waits
  visited   |     a million objects in this read: leave the loop, or return EAGAIN when nothing was written
  show      |     show(object)
  skipped   |     passed over: take its number back
  undo      |     failed, or filled the buffer: take its text back and leave the loop
  first_out |     ... and nothing came before it: stop(object), return EAGAIN or E2BIG
  stop      |   stop(object); with no object the program runs a last time
  done      |   the last call's text fits: it is never made again
  trailer   |   it does not fit: take it back; the next read makes the call again
  copy      |   copy at most size bytes to the user, keep the rest
`,
);
