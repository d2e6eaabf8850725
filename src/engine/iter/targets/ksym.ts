/**
 * `ksym`: every symbol of the kernel, its modules and the BPF programs it has loaded.
 *
 * There is one object, the session's own `struct kallsym_iter`, filled anew for each symbol. So at the end
 * the program sees it too, with what the last lookup left in it: a program that prints whenever `ksym` is
 * not NULL prints one line too many.
 *
 *     pos:  [ kernel image | modules and what they bring | BPF programs | nothing ]
 *
 * Source: kernel/kallsyms.c, Linux 6.12.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import type { Ksym, Symbols } from '../../kernel/symbols.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';

const CAP_SYSLOG = 34n;

/** The symbols before those of BPF programs, in the order of the walk. Those of the image come first, whatever order the text had. */
export interface Sections {
  readonly core: readonly Ksym[];
  readonly others: readonly Ksym[];
}
const sections = new WeakMap<Symbols, Sections>();

export function symbolSections({ symbols }: Kernel): Sections {
  let found = sections.get(symbols);
  if (!found) {
    found = {
      core: symbols.all.filter((sym) => sym.module === ''),
      others: symbols.all.filter((sym) => sym.module !== ''),
    };
    sections.set(symbols, found);
  }
  return found;
}

function fill(record: View, sym: Ksym, type: string, exported: boolean): void {
  record.set('value', sym.addr);
  record.set('type', type.charCodeAt(0));
  record.setStr('name', sym.name);
  record.setStr('module_name', sym.module);
  record.set('exported', exported ? 1 : 0);
}

/**
 * Fills the record for the symbol at `pos`.
 *
 * For modules an upper-case letter in kallsyms says that the symbol is exported; their own letters are small.
 *
 * @returns false at the end
 * @kernel update_iter, kernel/kallsyms.c
 * @fidelity partial: of a symbol its place in the compressed table (nameoff) is not modelled; symbols of
 *   ftrace modules and kprobe pages come in the order of the kallsyms text
 */
function fillAt(session: Session, pos: number): boolean {
  const { priv, kernel } = session;
  const { core, others } = symbolSections(kernel);
  const sym = core[pos];
  if (sym) {
    fill(priv, sym, sym.type, priv.num('exported') !== 0);
    priv.set('pos', pos + 1);
    return true;
  }
  priv.set('pos', pos);
  const other = others[pos - core.length];
  if (other) {
    const small = other.type.toLowerCase();
    fill(priv, other, small, small !== other.type);
    return true;
  }
  const end = core.length + others.length;
  for (const field of ['pos_mod_end', 'pos_ftrace_mod_end']) if (priv.num(field) === 0) priv.set(field, end);
  const prog = session.iter.env.progSymbols()[pos - end];
  if (prog) {
    fill(priv, prog, prog.type, false);
    return true;
  }
  priv.set('pos_bpf_end', pos);
  priv.setStr('module_name', '__builtin__kprobes');
  priv.set('exported', 0);
  return false;
}

const show = (session: Session): ((ctx: View) => void) => {
  const record = session.priv.addr;
  return (ctx) => ctx.set('ksym', record);
};

/**
 * @kernel s_start, s_next, bpf_iter_ksym_seq_show, bpf_iter_ksym_seq_stop, kernel/kallsyms.c
 * @fidelity full: app/walks/targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('ksym.start');
    return fillAt(session, session.seq.index) ? session.priv.addr : NULL;
  },
  next(session, record) {
    session.line('ksym.next');
    session.seq.index++;
    return fillAt(session, session.seq.index) ? record : NULL;
  },
  show(session) {
    session.line('ksym.show');
    return runIterProg(session, show(session));
  },
  stop(session, record) {
    session.line('ksym.stop');
    if (record === NULL) runFinalProg(session, show(session));
  },
};

/** Addresses are shown to who may read the kernel's log. @kernel bpf_iter_ksym_init, kernel/kallsyms.c @fidelity partial: kptr_restrict is 0 */
function initPriv(session: Session): number {
  const cred = session.iter.env.current().deref('cred');
  const caps = cred?.big('cap_effective') ?? 0n;
  session.priv.set('show_value', (caps >> CAP_SYSLOG) & 1n);
  return 0;
}

export const ksymTarget: IterReg = {
  target: 'ksym',
  ctxArgs: [{ offset: 8, type: 'btf_or_null' }],
  resched: true,
  extraHelpers: [],
  seqInfo: () => ({ ops, privStruct: 'kallsym_iter', initPriv }),
  identify: (session: Session, _record: Obj) => ({ owner: NULL, key: session.seq.index }),
  code: [
    pseudoCode(
      'iter/ksym',
      'ksym',
      `
  start | start: fill the record for the symbol at the position
  next  | next: position + 1; fill the record again
  show  | show: run the program with { meta, ksym = the record }
  stop  | stop: at the end run the program with the record as the last lookup left it, not NULL
`,
    ),
  ],
};
