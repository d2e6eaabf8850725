/**
 * A target whose callbacks are C: what `struct bpf_iter_reg` says, as the iterator core wants it.
 *
 * The core looks at as little as Linux does: it neither asks whether callbacks are there nor whether the name is
 * taken. A callback that is NULL is an oops when it is called; of two targets of one name the later is found.
 *
 * Source: bpf_iter_reg_target, bpf_seq_read, kernel/bpf/bpf_iter.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../shared/brand.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { AttachContext, IterReg, LinkInfoBytes, Obj, SeqInfo, SeqOps } from '../iter/bpf_iter.ts';
import { NULL } from '../iter/bpf_iter.ts';
import type { Session } from '../iter/session.ts';
import type { View } from '../kernel/view.ts';
import type { CtxArgType } from '../verifier/request.ts';
import { SeqFile } from '../vfs/seq_file.ts';
import type { LoadedModule } from './module.ts';

const BPF_ITER_RESCHED = 1;
/** BPF_ITER_CTX_ARG_MAX */
const MOST_CTX_ARGS = 2;
/** sizeof(union bpf_iter_link_info) */
const LINK_INFO_SIZE: Bytes = 16;
const FDINFO_SIZE: Bytes = 4096;

/** How a register type reads to the verifier: enumerators of `reg_type` and flags, any order. */
const ARG_TYPES: readonly (readonly [type: CtxArgType, base: string, ...flags: string[]])[] = [
  ['trusted', 'PTR_TO_BTF_ID', 'PTR_TRUSTED'],
  ['trusted_or_null', 'PTR_TO_BTF_ID', 'PTR_TRUSTED', 'PTR_MAYBE_NULL'],
  ['btf_or_null', 'PTR_TO_BTF_ID', 'PTR_MAYBE_NULL'],
  ['rdonly_buf_or_null', 'PTR_TO_BUF', 'MEM_RDONLY', 'PTR_MAYBE_NULL'],
  ['rdwr_buf_or_null', 'PTR_TO_BUF', 'PTR_MAYBE_NULL'],
];

/** Values by name, from the kernel's own enums. */
function argTypes({ types }: LoadedModule['kernel']): ReadonlyMap<number, CtxArgType> {
  const value = (name: string): number =>
    types.enumValue('bpf_reg_type', name, types.enumValue('bpf_type_flag', name, 0));
  return new Map(
    ARG_TYPES.map(([type, ...names]) => [names.reduce((sum, name) => sum | value(name), 0), type]),
  );
}

/** `ctx_arg_info`: types of the context's slots, with the struct that each points to. */
function ctxArgs(module: LoadedModule, reg: View): IterReg['ctxArgs'] {
  const known = argTypes(module.kernel);
  const count = Math.min(MOST_CTX_ARGS, reg.num('ctx_arg_info_size'));
  return Array.from({ length: count }, (_, i) => reg.sub(`ctx_arg_info[${i}]`)).flatMap((arg) => {
    const type = known.get(arg.num('reg_type'));
    if (!type) {
      module.warn(
        `ctx_arg_info: reg_type ${arg.num('reg_type')} at offset ${arg.num('offset')} is none that a context can have here`,
        null,
      );
      return [];
    }
    const isBuffer = type === 'rdonly_buf_or_null' || type === 'rdwr_buf_or_null';
    return [{ offset: arg.num('offset'), type, ...(isBuffer ? {} : { btfId: arg.num('btf_id') }) }];
  });
}

/** Runs a callback on behalf of a session. */
function during<T>(module: LoadedModule, session: Session | null, body: () => T): T {
  const before = module.session;
  module.session = session;
  try {
    return body();
  } finally {
    module.session = before;
  }
}

const asInt = (value: bigint): number => Number(BigInt.asIntN(32, value));

/** start, next, show and stop, called through `struct seq_operations` as it is at that moment. */
function seqOps(module: LoadedModule, info: View): SeqOps {
  const { kernel } = module;
  const call = (session: Session, name: string, ...args: readonly bigint[]): bigint =>
    during(module, session, () => {
      const ops = info.deref('seq_ops');
      if (!ops) return module.run('seq_ops', 0n);
      return module.run(`seq_ops->${name}`, ops.ptr(name), session.seq.addr, ...args);
    });
  const position = (session: Session): Addr => kernel.view('seq_file', session.seq.addr).at('index');
  return {
    start: (session) => call(session, 'start', position(session)),
    next(session, object) {
      const index = session.seq.index;
      const found = call(session, 'next', object, position(session));
      if (session.seq.index === index) {
        // As bpf_seq_read does, which says so in the log.
        module.warn('buggy .next function: it did not update *pos', null);
        session.seq.index = index + 1;
      }
      return found;
    },
    show: (session, object) => asInt(call(session, 'show', object)),
    stop(session, object) {
      call(session, 'stop', object);
      module.leave();
    },
  };
}

function seqInfo(module: LoadedModule, info: View): SeqInfo {
  const ops = seqOps(module, info);
  return {
    ops,
    privStruct: 'bpf_iter_priv_data',
    privSize: info.num('seq_priv_size'),
    initPriv(session, aux) {
      module.openSessions++;
      const fn = info.ptr('init_seq_private');
      const err =
        fn === 0n
          ? 0
          : asInt(
              during(module, session, () =>
                module.run('init_seq_private', fn, session.seq.private, aux.addr),
              ),
            );
      if (err !== 0) module.openSessions--;
      module.leave();
      return err;
    },
    finiPriv(session) {
      const fn = info.ptr('fini_seq_private');
      if (fn !== 0n) during(module, session, () => module.run('fini_seq_private', fn, session.seq.private));
      module.openSessions--;
      module.leave();
    },
  };
}

/** Bytes lent to C for a call. */
function lend<T>(module: LoadedModule, bytes: Uint8Array, body: (addr: Addr) => T): T {
  const { mem } = module.kernel;
  const addr = mem.alloc(bytes.length);
  mem.setBytes(addr, bytes);
  try {
    return body(addr);
  } finally {
    mem.release(addr);
  }
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** Callbacks around the link; absent where the C has NULL. */
function linkCallbacks(
  module: LoadedModule,
  reg: View,
): Pick<IterReg, 'attach' | 'detach' | 'showFdinfo' | 'fillLinkInfo'> {
  const { kernel } = module;
  const has = (field: string): boolean => reg.ptr(field) !== 0n;
  const attachTo = ({ prog }: AttachContext, info: LinkInfoBytes, aux: View): NegErrno =>
    lend(module, bytesOf(info).slice(0, LINK_INFO_SIZE), (at) => {
      const ret = asInt(module.run('attach_target', reg.ptr('attach_target'), prog.addr, at, aux.addr));
      module.leave();
      return ret;
    });
  const fdinfo = (aux: View): string => {
    const seq = SeqFile.open(kernel, 0n);
    seq.allocBuffer(FDINFO_SIZE);
    module.run('show_fdinfo', reg.ptr('show_fdinfo'), aux.addr, seq.addr);
    const text = latin1Decode(seq.bytes(0, seq.count));
    seq.release();
    return text;
  };
  const linkInfo = (aux: View, info: DataView): void => {
    const size = kernel.types.struct('bpf_link_info').size;
    const bytes = new Uint8Array(Math.max(size, info.byteLength));
    bytes.set(bytesOf(info));
    lend(module, bytes, (at) => {
      module.run('fill_link_info', reg.ptr('fill_link_info'), aux.addr, at);
      bytesOf(info).set(kernel.mem.bytes(at, info.byteLength));
    });
  };
  return {
    ...(has('attach_target') && { attach: (ctx, aux) => attachTo(ctx, ctx.info, aux) }),
    ...(has('detach_target') && {
      detach: (_ctx, aux) => {
        module.run('detach_target', reg.ptr('detach_target'), aux.addr);
      },
    }),
    ...(has('show_fdinfo') && { showFdinfo: (_kernel, aux) => fdinfo(aux) }),
    ...(has('fill_link_info') && { fillLinkInfo: (_kernel, aux, info) => linkInfo(aux, info) }),
  };
}

/** An object of which nothing is known but its address, and when it came. */
const identify = (session: Session, object: Obj): { owner: Addr; key: number } => ({
  owner: object === NULL ? 0n : object,
  key: session.seqNum,
});

/** What Linux does not look at, and C may have got wrong. */
function lookOver(module: LoadedModule, reg: View, name: string): void {
  const info = reg.deref('seq_info');
  const ops = info?.deref('seq_ops') ?? null;
  const unseen = 'bpf_iter_reg_target does not look; the first call of it is an oops';
  if (!info) module.warn(`target '${name}' has no seq_info: ${unseen}`, null);
  else if (!ops) module.warn(`target '${name}' has no seq_info->seq_ops: ${unseen}`, null);
  else
    for (const callback of ['start', 'next', 'show', 'stop'])
      if (ops.ptr(callback) === 0n)
        module.warn(`target '${name}' has no seq_ops->${callback}: ${unseen}`, null);
  if (module.sys.iter.find(name))
    module.warn(
      `a target named '${name}' is registered already: bpf_iter_reg_target does not look, and from now on this one is found`,
      null,
    );
}

/**
 * Registers a target.
 *
 * @kernel bpf_iter_reg_target, kernel/bpf/bpf_iter.c
 * @fidelity partial: get_func_proto is not asked; what is registered is read now, not at each use
 */
export function registerTarget(module: LoadedModule, reg: View): void {
  const { kernel } = module;
  const nameAt = reg.ptr('target');
  const name = nameAt === 0n ? '' : kernel.mem.text(nameAt, 64);
  lookOver(module, reg, name);
  module.targets.push(name);
  module.sys.iter.register({
    target: name,
    ctxArgs: ctxArgs(module, reg),
    resched: (reg.num('feature') & BPF_ITER_RESCHED) !== 0,
    extraHelpers: [],
    seqInfo: () => {
      const info = reg.deref('seq_info');
      return info
        ? seqInfo(module, info)
        : module.stop('fault', 0n, 'seq_info is NULL: kernel NULL pointer dereference');
    },
    ...linkCallbacks(module, reg),
    identify,
    code: [],
  });
}

/** @kernel bpf_iter_unreg_target, kernel/bpf/bpf_iter.c @fidelity full: app/module.test.ts */
export function unregisterTarget(module: LoadedModule, reg: View): void {
  const name = module.kernel.mem.text(reg.ptr('target'), 64);
  module.sys.iter.unregister(name);
}
