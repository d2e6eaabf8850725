/**
 * `bpf_map`, `bpf_prog`, `bpf_link`: every object of one kind, by increasing number.
 *
 * Only a number is kept between reads. The walk counts one reference on the object at hand, so a program can
 * see itself, its maps and its link with one more than their owners hold.
 *
 * Source: kernel/bpf/map_iter.c, prog_iter.c, link_iter.c, Linux 6.12.
 */
import type { HeldKind } from '../../../protocol/trace.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, NumberedKind, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';

interface Numbered {
  readonly kind: NumberedKind;
  readonly target: string;
  readonly privStruct: string;
  /** Field of the private struct that holds the number. */
  readonly idField: string;
  readonly ctxType: 'trusted_or_null' | 'btf_or_null';
  readonly held: HeldKind;
}

/** The object with the number kept or the next higher one, with a reference. */
function nextObject(session: Session, of: Numbered): Obj {
  const { priv } = session;
  const walk = session.iter.env.numbered[of.kind];
  const found = walk.atLeast(priv.num(of.idField));
  if (!found) return NULL;
  priv.set(of.idField, found.id);
  walk.get(found.addr);
  session.held(of.held, found.addr, 1);
  return found.addr;
}

function putObject(session: Session, of: Numbered, object: Obj): void {
  session.held(of.held, object, -1);
  session.iter.env.numbered[of.kind].put(object);
}

const opsOf = (of: Numbered): SeqOps => ({
  start(session) {
    session.line(`${of.target}.start`);
    const object = nextObject(session, of);
    if (object !== NULL && session.seq.index === 0) session.seq.index = 1;
    return object;
  },
  next(session, object) {
    session.line(`${of.target}.next`);
    session.seq.index++;
    session.priv.set(of.idField, session.priv.num(of.idField) + 1);
    putObject(session, of, object);
    return nextObject(session, of);
  },
  show(session, object) {
    session.line(`${of.target}.show`);
    return runIterProg(session, (ctx) => ctx.set(of.kind, object));
  },
  stop(session, object) {
    session.line(`${of.target}.stop`);
    if (object === NULL) runFinalProg(session);
    else putObject(session, of, object);
  },
});

/**
 * @kernel bpf_map_seq_start, bpf_map_seq_next, bpf_map_seq_stop and siblings, kernel/bpf/map_iter.c
 * @fidelity full: bpf_targets.test.ts
 */
function numberedTarget(of: Numbered): IterReg {
  const ops = opsOf(of);
  return {
    target: of.target,
    ctxArgs: [{ offset: 8, type: of.ctxType }],
    resched: false,
    extraHelpers: [],
    seqInfo: () => ({ ops, privStruct: of.privStruct }),
    identify: (session) => ({ owner: NULL, key: session.priv.num(of.idField) }),
    code: [
      pseudoCode(
        `iter/${of.target}`,
        of.target,
        `
  start | start: the ${of.kind} with the number kept or the next higher one, take a reference
  next  | next: number = number + 1; drop the reference; find the next ${of.kind}
  show  | show: run the program with { meta, ${of.kind} }
  stop  | stop: drop the reference; at the end run the program with ${of.kind} = NULL
`,
      ),
    ],
  };
}

export const bpfMapTarget = numberedTarget({
  kind: 'map',
  target: 'bpf_map',
  privStruct: 'bpf_iter_seq_map_info',
  idField: 'map_id',
  ctxType: 'trusted_or_null',
  held: 'map refcnt',
});

export const bpfProgTarget = numberedTarget({
  kind: 'prog',
  target: 'bpf_prog',
  privStruct: 'bpf_iter_seq_prog_info',
  idField: 'prog_id',
  ctxType: 'btf_or_null',
  held: 'prog refcnt',
});

export const bpfLinkTarget = numberedTarget({
  kind: 'link',
  target: 'bpf_link',
  privStruct: 'bpf_iter_seq_link_info',
  idField: 'link_id',
  ctxType: 'btf_or_null',
  held: 'link refcnt',
});
