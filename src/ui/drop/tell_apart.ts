/**
 * What a file is, by its content: a world or snapshot, a kernel's types, an object, a program. A name only
 * decides between texts.
 *
 *     7f 45 4c 46, machine 247     an object of BPF            9f eb ...   types of a kernel (BTF)
 *     { ... } with valid JSON      a world or a snapshot       other text  a program, if it looks like C;
 *                                                              kernel code, if it registers a target
 */

export type FileKind =
  | { readonly kind: 'object' | 'btf'; readonly bytes: Uint8Array }
  | { readonly kind: 'world' | 'program' | 'module'; readonly text: string }
  | { readonly kind: 'refused'; readonly why: string };

/** Most bytes of a file that is read. A snapshot of a machine with 10,000 tasks has about 40 MB. */
export const MOST_BYTES = 96 * 1024 * 1024;
/** A program or an object above this is no BPF program. */
const MOST_PROGRAM = 4 * 1024 * 1024;
const EM_BPF = 247;

const refused = (why: string): FileKind => ({ kind: 'refused', why });
const megabytes = (n: number): string => `${(n / 1024 / 1024).toFixed(n < 10 * 1024 * 1024 ? 1 : 0)} MB`;

/** Whether a size is worth reading; a sentence when it is not. */
export function sizeProblem(size: number): string {
  if (size === 0) return 'it is empty';
  return size > MOST_BYTES
    ? `it has ${megabytes(size)}, and files of at most ${megabytes(MOST_BYTES)} are read`
    : '';
}

export function tellApart(name: string, bytes: Uint8Array): FileKind {
  const word = (at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  if (word(0) === 0x457f && word(2) === 0x464c) {
    if (word(18) !== EM_BPF)
      return refused('it is an ELF file, but not for BPF: clang makes those with -target bpf');
    return bytes.length > MOST_PROGRAM
      ? refused(`an object of ${megabytes(bytes.length)} is no BPF program`)
      : { kind: 'object', bytes };
  }
  if (word(0) === 0xeb9f) return { kind: 'btf', bytes };
  if (word(0) === 0x9feb) return refused('its types (BTF) are big-endian, and the simulated machine is not');
  if (bytes.subarray(0, 4096).includes(0)) return refused('it is neither text, nor an object, nor BTF');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refused('it is neither UTF-8 text, nor an object, nor BTF');
  }
  if (/^\s*[{[]/.test(text)) return jsonKind(text);
  const isC = /\.(c|h)$/i.test(name) || /^\s*#\s*include\b/m.test(text) || /\bSEC\s*\(/.test(text);
  if (!isC) return refused('it is text, but neither C nor the JSON of a world or a snapshot');
  return text.length > MOST_PROGRAM
    ? refused(`a program of ${megabytes(text.length)} is more than the editor takes`)
    : { kind: /\bbpf_iter_reg_target\s*\(/.test(text) ? 'module' : 'program', text };
}

function jsonKind(text: string): FileKind {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { kind: 'world', text };
    return refused('it is JSON, but no object: a world and a snapshot are one');
  } catch (error) {
    return refused(`it begins like JSON and is none: ${error instanceof Error ? error.message : 'damaged'}`);
  }
}
