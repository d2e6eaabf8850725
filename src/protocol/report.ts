/** What a run answers: the JSON of `iterscope run --json`, and what the page shows. */
import type { Diagnostic } from './diagnostics.ts';

export type Stage = 'compile' | 'open' | 'load' | 'attach' | 'create' | 'read' | 'done';

export interface ReadReport {
  /** Which of the run's sessions was read, from 0. */
  readonly session: number;
  /** Bytes, 0 at the end, -1 with errno. */
  readonly ret: number;
  readonly errno: string | null;
  /** base64 */
  readonly bytes: string;
}

export interface LinkInfo {
  readonly type: number;
  readonly id: number;
  readonly prog_id: number;
  readonly target_name: string;
  readonly [field: string]: unknown;
}

/** Something kernel code took and did not give back. */
export interface ModuleHold {
  readonly kind: string;
  /** Its address. */
  readonly object: string;
  /** Which one it is: `of sshd (831)`; may be ''. */
  readonly name: string;
  /** Where it was taken. */
  readonly file: string;
  readonly line: number;
  /** The function that would have given it back. */
  readonly giveBack: string;
}

/** What kernel code of the user's did to the machine. */
export interface ModuleReport {
  readonly name: string;
  readonly targets: readonly string[];
  readonly leaks: readonly (ModuleHold & { readonly count: number })[];
  /** Locks that were held when a system call returned. */
  readonly locks: readonly ModuleHold[];
  readonly oops: null | {
    readonly why: string;
    readonly message: string;
    readonly file: string;
    readonly line: number;
    /** Functions with their lines, the innermost first. */
    readonly trace: readonly string[];
  };
  /** What printk said. */
  readonly log: string;
}

export interface RunReport {
  /** The step that failed, or 'done'. */
  readonly stage: Stage;
  readonly diagnostics: readonly Diagnostic[];
  readonly verdict: null | {
    readonly accepted: boolean;
    readonly errno: string | null;
    readonly log: string;
  };
  readonly attach: null | { readonly errno: string | null };
  readonly link: LinkInfo | null;
  readonly link_fdinfo: string | null;
  readonly reads: readonly ReadReport[];
  /** Bytes of all sessions, one after the other, as latin-1. */
  readonly output: string;
  readonly trace_pipe: string;
  readonly ringbufs: Readonly<Record<string, readonly string[]>>;
  readonly globals: Readonly<Record<string, unknown>>;
  readonly maps: Readonly<Record<string, unknown>>;
  /** Absent: no kernel code of the user's was loaded. */
  readonly module?: ModuleReport;
}

/** Of a run that has not come anywhere. */
export const NOTHING_DONE: RunReport = {
  stage: 'compile',
  diagnostics: [],
  verdict: null,
  attach: null,
  link: null,
  link_fdinfo: null,
  reads: [],
  output: '',
  trace_pipe: '',
  ringbufs: {},
  globals: {},
  maps: {},
};
