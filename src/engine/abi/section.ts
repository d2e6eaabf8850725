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
  /** Packets of several buffers. */
  readonly frags: boolean;
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
  frags: false,
  attachBtf: false,
  ...more,
});
const BTF = { attachBtf: true };
const SLEEPABLE = { sleepable: true };
const FRAGS = { frags: true };
const BTF_SLEEPABLE = { ...BTF, ...SLEEPABLE };

export const SECTION_DEFS: readonly SectionDef[] = [
  def('socket', 1),
  def('sk_reuseport/migrate', 21, 40),
  def('sk_reuseport', 21, 39),
  def('kprobe+', 2),
  def('kretprobe+', 2),
  def('uprobe+', 2),
  def('uprobe.s+', 2, 0, SLEEPABLE),
  def('uretprobe+', 2),
  def('uretprobe.s+', 2, 0, SLEEPABLE),
  def('kprobe.multi+', 2, 42),
  def('kretprobe.multi+', 2, 42),
  def('kprobe.session+', 2, 56),
  def('uprobe.multi+', 2, 48),
  def('uretprobe.multi+', 2, 48),
  def('uprobe.multi.s+', 2, 48, SLEEPABLE),
  def('uretprobe.multi.s+', 2, 48, SLEEPABLE),
  def('ksyscall+', 2),
  def('kretsyscall+', 2),
  def('usdt+', 2),
  def('usdt.s+', 2, 0, SLEEPABLE),
  def('tc/ingress', 3, 46),
  def('tc/egress', 3, 47),
  def('tcx/ingress', 3, 46),
  def('tcx/egress', 3, 47),
  def('tc', 3),
  def('classifier', 3),
  def('action', 4),
  def('netkit/primary', 3, 54),
  def('netkit/peer', 3, 55),
  def('tracepoint+', 5),
  def('tp+', 5),
  def('xdp.frags/devmap', 6, 33, FRAGS),
  def('xdp/devmap', 6, 33),
  def('xdp.frags/cpumap', 6, 35, FRAGS),
  def('xdp/cpumap', 6, 35),
  def('xdp.frags', 6, 37, FRAGS),
  def('xdp', 6, 37),
  def('perf_event', 7),
  def('lwt_in', 10),
  def('lwt_out', 11),
  def('lwt_xmit', 12),
  def('lwt_seg6local', 19),
  def('sockops', 13, 3),
  def('sk_skb/stream_parser', 14, 4),
  def('sk_skb/stream_verdict', 14, 5),
  def('sk_skb/verdict', 14, 38),
  def('sk_skb', 14),
  def('sk_msg', 16, 7),
  def('raw_tracepoint+', 17),
  def('raw_tp+', 17),
  def('lirc_mode2', 20, 16),
  def('flow_dissector', 22, 17),
  def('cgroup_skb/ingress', 8, 0),
  def('cgroup_skb/egress', 8, 1),
  def('cgroup/skb', 8),
  def('cgroup/sock_create', 9, 2),
  def('cgroup/sock_release', 9, 34),
  def('cgroup/sock', 9, 2),
  def('cgroup/post_bind4', 9, 12),
  def('cgroup/post_bind6', 9, 13),
  def('cgroup/bind4', 18, 8),
  def('cgroup/bind6', 18, 9),
  def('cgroup/connect4', 18, 10),
  def('cgroup/connect6', 18, 11),
  def('cgroup/connect_unix', 18, 49),
  def('cgroup/sendmsg4', 18, 14),
  def('cgroup/sendmsg6', 18, 15),
  def('cgroup/sendmsg_unix', 18, 50),
  def('cgroup/recvmsg4', 18, 19),
  def('cgroup/recvmsg6', 18, 20),
  def('cgroup/recvmsg_unix', 18, 51),
  def('cgroup/getpeername4', 18, 29),
  def('cgroup/getpeername6', 18, 30),
  def('cgroup/getpeername_unix', 18, 52),
  def('cgroup/getsockname4', 18, 31),
  def('cgroup/getsockname6', 18, 32),
  def('cgroup/getsockname_unix', 18, 53),
  def('cgroup/sysctl', 23, 18),
  def('cgroup/getsockopt', 25, 21),
  def('cgroup/setsockopt', 25, 22),
  def('cgroup/dev', 15, 6),
  def('raw_tracepoint.w+', 24),
  def('raw_tp.w+', 24),
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
  def('lsm_cgroup+', 29, 43, BTF),
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
