/**
 * Verifier cases as text. A file is a topic, a block between blank lines is a case:
 *
 *     a map value is read behind its end                 the case, in words
 *     EACCES: R0 min value is outside ...                what Linux says, or: accepted
 *     release 7.0 | sleepable | attach bpf_map_elem      optional
 *     @lookup a                                          assembly; @ puts in a few lines that are needed often
 *     r0 = *(u64 *)(r0 +64)
 */
export interface VerifierCase {
  readonly name: string;
  /** null: accepted */
  readonly errno: string | null;
  readonly message: string;
  readonly options: ReadonlyMap<string, string>;
  readonly source: string;
}

/** Ready-made lines, by name. @param map an argument */
const MACROS: Readonly<Record<string, (map: string, below: string) => string>> = {
  end: () => 'r0 = 0\nexit',
  task: () => 'r6 = r1\nr1 = *(u64 *)(r1 +8)\nif r1 != 0x0 goto pc+2\nr0 = 0\nexit',
  lookup: (map) => `r1 = 0
    *(u64 *)(r10 -8) = r1
    r2 = r10
    r2 += -8
    r1 = map ${map}
    call bpf_map_lookup_elem
    if r0 != 0x0 goto pc+2
    r0 = 0
    exit`,
  maybe: (map) => `r1 = 0
    *(u64 *)(r10 -8) = r1
    r2 = r10
    r2 += -8
    r1 = map ${map}
    call bpf_map_lookup_elem`,
  reserve: (size) => `r1 = map rb\nr2 = ${size}\nr3 = 0\ncall bpf_ringbuf_reserve`,
  irq: (what, below) => `r1 = r10\nr1 += -${below}\ncall bpf_local_irq_${what}`,
  number: () => 'call bpf_ktime_get_ns\nr7 = r0',
};

const OPTION = /^(release|attach|license) (\S+)$|^(sleepable)$/;

function parseCase(block: string, file: string): VerifierCase {
  const lines = block.split('\n').filter((line) => !line.startsWith('#'));
  const [name = '', verdict = '', ...rest] = lines;
  const refused = /^(E[A-Z0-9]+): (.*)$/.exec(verdict);
  if (!refused && verdict !== 'accepted') throw new Error(`${file}: '${name}' has no verdict: ${verdict}`);
  const options = new Map<string, string>();
  while (OPTION.test(rest[0] ?? '')) {
    const [, key, value = '', flag] = OPTION.exec(rest.shift() ?? '') ?? [];
    options.set(key ?? flag ?? '', value);
  }
  const source = rest.map((line) => {
    const macro = /^@(\w+) ?(\w*) ?(\w*)$/.exec(line);
    if (!macro) return line;
    const expand = MACROS[macro[1] ?? ''];
    if (!expand) throw new Error(`${file}: no macro ${line}`);
    return expand(macro[2] ?? '', macro[3] ?? '');
  });
  return {
    name,
    errno: refused?.[1] ?? null,
    message: refused?.[2] ?? '',
    options,
    source: source.join('\n'),
  };
}

/** The cases of one file. @throws Error for a block that is no case */
export const parseCases = (text: string, file: string): VerifierCase[] =>
  text
    .split(/\n\s*\n/)
    .map((block) => block.trim())
    .filter((block) => block.split('\n').some((line) => !line.startsWith('#')))
    .map((block) => parseCase(block, file));
