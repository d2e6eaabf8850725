/** What a target asks of the iterator core. Source: kernel/bpf/bpf_iter.c, Linux 6.12. */
import { fail } from '../../../shared/errno.ts';
import { functions } from '../call.ts';
import { registerTarget, unregisterTarget } from '../target.ts';

export const ITERATOR_FUNCTIONS = functions({
  'int bpf_iter_reg_target(const struct bpf_iter_reg *reg)': (call) => {
    registerTarget(call.module, call.struct('bpf_iter_reg', 1));
    return 0;
  },
  'void bpf_iter_unreg_target(const struct bpf_iter_reg *reg)': (call) =>
    unregisterTarget(call.module, call.struct('bpf_iter_reg', 1)),
  'struct bpf_prog *bpf_iter_get_info(struct bpf_iter_meta *meta, _Bool in_stop)': (call) => {
    const { session } = call.module;
    const meta = call.struct('bpf_iter_meta', 1);
    if (!session || (call.int(2) !== 0 && session.doneStop)) return 0n;
    meta.set('session_id', session.id);
    meta.set('seq_num', session.seqNum);
    return session.prog.addr;
  },
  'int bpf_iter_run_prog(struct bpf_prog *prog, void *ctx)': (call) => {
    const { session } = call.module;
    if (!session || call.arg(1) !== session.prog.addr) {
      call.struct('bpf_prog', 1);
      return fail('EINVAL');
    }
    return session.runProgOn(call.arg(2)) === 0 ? 0 : fail('EAGAIN');
  },
});
