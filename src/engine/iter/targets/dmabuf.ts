/**
 * `dmabuf`: every DMA buffer, newest first.
 *
 * The buffer that waits when a read ends keeps its reference, in the session, until the next read takes it up or
 * the session is closed; so it cannot vanish. There is no last call: the program never sees NULL.
 *
 * A read that fails at the very first buffer leaves the position at 0, so the next one begins anew with another
 * reference, and what was kept stays where it is: forgotten if it is overwritten, else found by the read behind the
 * end, which walks from there once more. Linux does so.
 *
 * Source: kernel/bpf/dmabuf_iter.c, drivers/dma-buf/dma-buf.c, Linux 7.0.
 */
import { nextDmaBuf, putDmaBuf } from '../../kernel/objects/dma_buf.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';

const bufAt = ({ kernel }: Session, addr: Obj): View => kernel.view('dma_buf', addr);

/** The first buffer behind this one that lives, with a reference. */
function next(session: Session, after: View | null): Obj {
  session.held('dmabuf_list_mutex', NULL, 1);
  const buf = nextDmaBuf(session.kernel, after);
  session.held('dmabuf_list_mutex', NULL, -1);
  if (!buf) return NULL;
  session.held('file f_count', buf.ptr('file'), 1);
  return buf.addr;
}

function put(session: Session, buf: View): void {
  session.held('file f_count', buf.ptr('file'), -1);
  putDmaBuf(session.kernel, buf);
}

/**
 * @kernel dmabuf_iter_seq_start, dmabuf_iter_seq_next, dmabuf_iter_seq_show, dmabuf_iter_seq_stop, kernel/bpf/dmabuf_iter.c
 * @fidelity full: app/walks/targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('dmabuf.start');
    if (session.seq.index === 0) return next(session, null);
    const waiting = session.priv.ptr('dmabuf');
    session.priv.set('dmabuf', NULL);
    return waiting;
  },
  next(session, buf) {
    session.line('dmabuf.next');
    session.seq.index++;
    const shown = bufAt(session, buf);
    const following = next(session, shown);
    put(session, shown);
    return following;
  },
  show(session, buf) {
    session.line('dmabuf.show');
    return runIterProg(session, (ctx) => ctx.set('dmabuf', buf));
  },
  stop(session, buf) {
    session.line('dmabuf.stop');
    if (buf !== NULL) session.priv.set('dmabuf', buf);
  },
};

/** @kernel dmabuf_iter_seq_fini, kernel/bpf/dmabuf_iter.c @fidelity full: app/walks/targets.test.ts */
function finiPriv(session: Session): void {
  const waiting = session.priv.ptr('dmabuf');
  if (waiting !== NULL) put(session, bufAt(session, waiting));
}

export const dmabufTarget: IterReg = {
  target: 'dmabuf',
  ctxArgs: [{ offset: 8, type: 'btf_or_null' }],
  resched: true,
  extraHelpers: [],
  showFdinfo: () => 'dmabuf iter\n',
  seqInfo: () => ({ ops, privStruct: 'dmabuf_iter_priv', finiPriv }),
  identify: (session, buf) => ({
    owner: NULL,
    key: bufAt(session, buf).deref('file')?.deref('f_inode')?.num('i_ino') ?? 0,
  }),
  code: [
    pseudoCode(
      'iter/dmabuf',
      'dmabuf',
      `
  start | start: at position 0 the first buffer of the list, with a reference; else the one that waits
  next  | next: position + 1; the next buffer that lives, with a reference; drop the last one's
  show  | show: run the program with { meta, dmabuf }
  stop  | stop: the buffer that waits stays, with its reference; the program is not run again
`,
    ),
  ],
};
