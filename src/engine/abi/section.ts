/**
 * Section names: what `SEC("iter/task")` says of a program.
 *
 * A name is looked up in one table. `kind+` there means "kind, or kind/anything". Only iterators can be
 * attached here; the others are in the table so that such an object opens as it would on Linux, and the
 * kernel says what it thinks of the type.
 *
 * Source: libbpf.c section_defs, include/uapi/linux/bpf.h.
 */

export const BPF_PROG_TYPE_TRACING = 26;
export const BPF_TRACE_ITER = 28;
export const BPF_F_SLEEPABLE = 0x10;

export interface SectionDef {
  /** As in the table, `+` included. */
  readonly pattern: string;
  /** BPF_PROG_TYPE_* */
  readonly progType: number;
  /** enum bpf_attach_type, 0: none. */
  readonly attachType: number;
  readonly sleepable: boolean;
  /** The kernel wants the BTF id of what is attached to; the name follows the slash. */
  readonly attachBtf: boolean;
}

const def = (
  pattern: string,
  progType: number,
  attachType = 0,
  more: Partial<SectionDef> = {},
): SectionDef => ({
  pattern,
  progType,
  attachType,
  sleepable: false,
  attachBtf: false,
  ...more,
});
const BTF = { attachBtf: true };
const SLEEPABLE = { sleepable: true };
const BTF_SLEEPABLE = { ...BTF, ...SLEEPABLE };

export const SECTION_DEFS: readonly SectionDef[] = [
  def('socket', 1),
  def('kprobe+', 2),
  def('kretprobe+', 2),
  def('uprobe+', 2),
  def('uprobe.s+', 2, 0, SLEEPABLE),
  def('uretprobe+', 2),
  def('uretprobe.s+', 2, 0, SLEEPABLE),
  def('kprobe.multi+', 2, 42),
  def('kretprobe.multi+', 2, 42),
  def('ksyscall+', 2),
  def('kretsyscall+', 2),
  def('usdt+', 2),
  def('classifier', 3),
  def('tc', 3),
  def('action', 4),
  def('tracepoint+', 5),
  def('tp+', 5),
  def('xdp', 6, 37),
  def('perf_event', 7),
  def('cgroup/skb', 8),
  def('cgroup/sock', 9, 2),
  def('lwt_in', 10),
  def('lwt_out', 11),
  def('lwt_xmit', 12),
  def('sockops', 13, 3),
  def('sk_skb', 14),
  def('cgroup/dev', 15, 6),
  def('sk_msg', 16, 7),
  def('raw_tracepoint+', 17),
  def('raw_tp+', 17),
  def('lirc_mode2', 20, 16),
  def('sk_reuseport', 21, 39),
  def('flow_dissector', 22, 17),
  def('cgroup/sysctl', 23, 18),
  def('raw_tracepoint.w+', 24),
  def('raw_tp.w+', 24),
  def('cgroup/getsockopt', 25, 21),
  def('cgroup/setsockopt', 25, 22),
  def('tp_btf+', BPF_PROG_TYPE_TRACING, 23, BTF),
  def('fentry+', BPF_PROG_TYPE_TRACING, 24, BTF),
  def('fmod_ret+', BPF_PROG_TYPE_TRACING, 26, BTF),
  def('fexit+', BPF_PROG_TYPE_TRACING, 25, BTF),
  def('fentry.s+', BPF_PROG_TYPE_TRACING, 24, BTF_SLEEPABLE),
  def('fmod_ret.s+', BPF_PROG_TYPE_TRACING, 26, BTF_SLEEPABLE),
  def('fexit.s+', BPF_PROG_TYPE_TRACING, 25, BTF_SLEEPABLE),
  def('iter+', BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, BTF),
  def('iter.s+', BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, BTF_SLEEPABLE),
  def('struct_ops+', 27),
  def('struct_ops.s+', 27, 0, SLEEPABLE),
  def('freplace+', 28, 0, BTF),
  def('lsm+', 29, 27, BTF),
  def('lsm.s+', 29, 27, BTF_SLEEPABLE),
  def('sk_lookup', 30, 36),
  def('syscall', 31, 0, SLEEPABLE),
  def('netfilter', 32, 45),
];

/** `name` as in the section header, without a leading `?`. */
export function findSectionDef(name: string): SectionDef | null {
  const matches = ({ pattern }: SectionDef): boolean => {
    if (!pattern.endsWith('+')) return name === pattern;
    const kind = pattern.slice(0, -1);
    return name === kind || name.startsWith(`${kind}/`);
  };
  return SECTION_DEFS.find(matches) ?? null;
}

/** What a section's name says: `?` in front keeps its programs from being loaded unasked. */
export function parseSectionName(name: string): { name: string; autoload: boolean } {
  return name.startsWith('?') ? { name: name.slice(1), autoload: false } : { name, autoload: true };
}
