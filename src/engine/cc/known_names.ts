/**
 * What helps with a name that is not declared: which header of ours has it, what a BPF program uses in place of
 * a C library's function, and through which parameter a member of that name is reached.
 */
import type { Context } from './check_context.ts';
import * as C from './ctype.ts';
import type { RecordType } from './ctype.ts';
import type { Note, Repair } from './diagnostic.ts';
import { bundledHeader, bundledHeaderPaths } from './headers/index.ts';

/** Headers that programs usually include come first. */
const rank = (path: string): number => (path === 'bpf/bpf_helpers.h' ? 0 : path.startsWith('bpf/') ? 1 : 2);

/** The header that defines a macro or declares a helper of this name, or null. */
export function headerOf({ profile }: Context, name: string): string | null {
  const paths = bundledHeaderPaths(profile.name).toSorted((a, b) => rank(a) - rank(b));
  const found = paths.find((path) => {
    const text = bundledHeader(path, profile.name) ?? '';
    return text.includes(name) && new RegExp(`#define ${name}\\b|\\(\\*const ${name}\\)`).test(text);
  });
  return found === 'bpf/bpf_helper_defs.h' ? 'bpf/bpf_helpers.h' : (found ?? null);
}

/** Adds an #include before the first line of the file. */
export function includeRepair({ sources }: Context, path: string): Repair[] {
  const start = sources.files[0]?.base ?? 0;
  const text = `#include <${path}>\n`;
  return [{ title: `Add #include <${path}>`, range: { start, end: start }, text }];
}

const PRINTING = 'BPF_SEQ_PRINTF(ctx->meta->seq, ...) prints into an iterator, bpf_printk into the trace';
const MEMORY = 'keep data in a map, in a global variable or on the stack';
/** What a BPF program has in place of the C library. */
const INSTEAD: Readonly<Record<string, string>> = {
  printf: PRINTING,
  fprintf: PRINTING,
  puts: PRINTING,
  putchar: PRINTING,
  printk: PRINTING,
  seq_printf: PRINTING,
  seq_puts: PRINTING,
  malloc: MEMORY,
  calloc: MEMORY,
  kmalloc: MEMORY,
  free: MEMORY,
  kfree: MEMORY,
  snprintf: 'BPF_SNPRINTF formats into a buffer',
  sprintf: 'BPF_SNPRINTF formats into a buffer',
  strcmp: 'bpf_strncmp compares with a constant string',
  strncmp: 'bpf_strncmp compares with a constant string',
  strlen: '__builtin_strlen takes constant strings; bpf_probe_read_kernel_str says how long a string is',
  strcpy: 'bpf_probe_read_kernel_str copies a string',
  strncpy: 'bpf_probe_read_kernel_str copies a string',
  strlcpy: 'bpf_probe_read_kernel_str copies a string',
  memcpy: '__builtin_memcpy copies a number of bytes that is constant',
  memset: '__builtin_memset fills a number of bytes that is constant',
  memcmp: '__builtin_memcmp compares a number of bytes that is constant',
  time: 'bpf_ktime_get_ns tells the time',
  getpid: 'bpf_get_current_pid_tgid tells who runs',
  exit: 'a program ends with return',
  rand: 'bpf_get_prandom_u32 makes random numbers',
};

/** What C has for words of other languages. */
const FOREIGN: Readonly<Record<string, string>> = {
  nullptr: 'C has NULL',
  None: 'C has NULL',
  nil: 'C has NULL',
  True: 'C has true',
  False: 'C has false',
  new: 'BPF programs have no heap: keep data in a map, in a global variable or on the stack',
  std: 'C has no namespaces and no standard library of C++',
  class: 'C has struct',
  template: 'C has no templates',
  string: 'C has char arrays and char *',
  def: 'C writes the type of the result first: int name(struct bpf_iter__task *ctx) { ... }',
  fn: 'C writes the type of the result first: int name(struct bpf_iter__task *ctx) { ... }',
  func: 'C writes the type of the result first: int name(struct bpf_iter__task *ctx) { ... }',
  function: 'C writes the type of the result first: int name(struct bpf_iter__task *ctx) { ... }',
  let: 'C writes the type: int x = ...;',
  var: 'C writes the type: int x = ...;',
};

/** A note for a word that other languages have, or for what a macro of libbpf has no more of. */
export function foreign(name: string): Note[] {
  const [, count] = /^___bpf_(?:fill|apply)(\d+)$/.exec(name) ?? [];
  const most =
    count === undefined ? undefined : `the printing macros of libbpf take at most 12 values, not ${count}`;
  const message = most ?? (Object.hasOwn(FOREIGN, name) ? FOREIGN[name] : undefined);
  return message === undefined ? [] : [{ message, range: null }];
}

/** A note for a call of a function that other C programs have. */
export const insteadOf = ({ profile }: Context, name: string): Note[] =>
  profile.name === 'bpf' && Object.hasOwn(INSTEAD, name)
    ? [{ message: `BPF programs have no C library: ${INSTEAD[name]}`, range: null }]
    : [];

const recordBehind = (type: C.CType): RecordType | null => {
  const to = C.unsugar(C.pointee(type) ?? C.VOID);
  return to.kind === 'record' ? to : null;
};

/** Structs that are few members and no more: a program's context and what hangs on it. */
const MOST_MEMBERS = 12;

/** Members by name, those of unnamed structs and unions too. */
const membersOf = (record: RecordType | null): C.Member[] =>
  (record?.layout?.members ?? []).flatMap((member) => {
    const inner = C.unsugar(member.type);
    if (member.name !== '') return [member];
    return inner.kind === 'record' ? membersOf(inner) : [];
  });

/** How a member `name` is reached from a small struct, in at most two steps: `meta->seq`. */
export function pathTo(record: RecordType | null, name: string, steps = 2): string | null {
  const members = membersOf(record);
  if (members.length > MOST_MEMBERS) return null;
  if (members.some((member) => member.name === name)) return name;
  if (steps === 1) return null;
  for (const member of members) {
    const path = pathTo(recordBehind(member.type), name, steps - 1);
    if (path !== null) return `${member.name}->${path}`;
  }
  return null;
}

/** `ctx->meta->seq` for `seq`, by the parameters of the function that is read. */
export function throughParameter({ function: open, scope }: Context, name: string): string | null {
  const signature = open?.symbol.signature;
  for (const param of signature?.params ?? []) {
    if (param.name === '' || scope.names.get(name)) continue;
    const path = pathTo(recordBehind(param.type), name);
    if (path !== null) return `${param.name}->${path}`;
  }
  return null;
}

/** What is said of a macro of a header that was not included. */
export const missingHeader = (name: string, path: string): Note => ({
  message: `'${name}' is declared by #include <${path}>`,
  range: null,
});
