/**
 * Kernel releases as data: what exists since when. Rules that differ between releases ask this table, so
 * that one engine can be any of them; the default is the release whose recorded behaviour we test against.
 */

/** major * 100 + minor: 6.12 is 612. */
export type ReleaseNumber = number;

export interface Release {
  readonly name: string;
  readonly number: ReleaseNumber;
}

export const DEFAULT_RELEASE = '6.12';
/** The releases that this simulator can be. */
export const KNOWN_RELEASES = ['6.12', '7.0'] as const;

/**
 * A release by name, with any distribution suffix: `6.12`, `6.12.117+deb12-amd64`, `7.0`.
 *
 * @returns null when the text does not begin with two numbers
 */
export function parseRelease(text: string): Release | null {
  const match = /^(\d+)\.(\d+)/.exec(text);
  if (!match) return null;
  return { name: `${match[1]}.${match[2]}`, number: Number(match[1]) * 100 + Number(match[2]) };
}

/** First release with an iterator target: `name` -> release number. */
const TARGET_SINCE: ReadonlyMap<string, ReleaseNumber> = new Map([
  ['task', 508],
  ['task_file', 508],
  ['task_vma', 512],
  ['bpf_map', 508],
  ['bpf_map_elem', 509],
  ['bpf_prog', 509],
  ['bpf_link', 519],
  ['bpf_sk_storage_map', 509],
  ['sockmap', 510],
  ['cgroup', 601],
  ['ksym', 600],
  ['kmem_cache', 613],
  ['dmabuf', 616],
  ['tcp', 509],
  ['udp', 509],
  ['unix', 515],
  ['netlink', 508],
  ['ipv6_route', 508],
]);

/** Every target any known release has. */
export const TARGET_NAMES: readonly string[] = [...TARGET_SINCE.keys()];

/** True when the release registers this iterator target. */
export const hasTarget = (release: Release, target: string): boolean =>
  (TARGET_SINCE.get(target) ?? Infinity) <= release.number;

/** First release with a type of map, by BPF_MAP_TYPE_* number; the others are older than any release we know. */
const MAP_TYPE_SINCE: ReadonlyMap<number, ReleaseNumber> = new Map([
  [31, 601],
  [32, 602],
  [33, 609],
  [34, 619],
]);
/** True when the release has this type of map. */
export const hasMapType = (release: Release, type: number): boolean =>
  (MAP_TYPE_SINCE.get(type) ?? 0) <= release.number;

/** First release with BPF_CGROUP_ITER_CHILDREN. */
export const CGROUP_ITER_CHILDREN_SINCE: ReleaseNumber = 700;

/** First release whose udp walk keeps cookies between reads. */
export const UDP_ITER_COOKIES_SINCE: ReleaseNumber = 616;

/** Rules of the verifier that changed between the releases we know. */
export const RULE_SINCE = {
  /** Reading a pointer to a non-struct gives rdonly_untrusted_mem instead of a scalar. */
  untrustedMemFromPointer: 617,
  /** What is still held at exit is reported as `BPF_EXIT instruction in main prog ...`. */
  exitNamesTheRegion: 613,
  /** may_goto may lead to the next instruction. */
  mayGotoNext: 614,
  /** Loops over numbers (bpf_for) may go round while a lock is held. */
  loopsUnderLock: 614,
  /** Which global functions may sleep is worked out before: the others may be called in any region. */
  globalsThatSleepAreKnown: 615,
  /** BPF_LOAD_ACQ and BPF_STORE_REL are atomic operations. */
  acquireAndRelease: 615,
  /** Logs no longer show liveness (`R1_w`), and mark_read stays 0. */
  noLivenessInLogs: 618,
  /** All pointer arguments of kfuncs must be trusted without a flag saying so. */
  kfuncsTrustedByDefault: 700,
} as const;
export type RuleName = keyof typeof RULE_SINCE;

/** True when a rule is in force. */
export const hasRule = (release: Release, rule: RuleName): boolean => RULE_SINCE[rule] <= release.number;
