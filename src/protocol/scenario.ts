/**
 * A scenario: everything a run depends on. The same scenario gives the same run, byte for byte.
 *
 * The journal is what a user did, in order. *Run* boots fresh and plays it.
 */

/** A world by the name of a shipped one, or as the text of a world or snapshot file. */
export type WorldRef = { readonly name: string } | { readonly name: string; readonly text: string };

/** Parameters of BPF_LINK_CREATE, as the command line and the attach bar take them. */
export interface AttachParams {
  readonly tid?: number;
  readonly pid?: number;
  /** Process to open a pidfd for, in the reader. */
  readonly pidfd?: number;
  /** An fd number passed as it is, pidfd or not. */
  readonly rawPidfd?: number;
  readonly map?: string;
  readonly cgroup?: string;
  readonly cgroupId?: string;
  readonly order?: 'self' | 'pre' | 'post' | 'up' | 'children';
}

export interface ProgramSource {
  readonly path: string;
  /** C text, or the bytes of an object. */
  readonly text?: string;
  readonly object?: Uint8Array;
  /** Other files that #include may name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly defines?: Readonly<Record<string, string>>;
  /** Version of the BPF instruction set to compile for; default: v3. */
  readonly cpu?: 'v1' | 'v2' | 'v3' | 'v4';
  /** `-w` and `-W...`, as on clang's command line; absent: every warning there is. */
  readonly warnings?: readonly string[];
  /** Default: true. */
  readonly optimise?: boolean;
}

/** Kernel code of the user's: C that registers targets when it is inserted. */
export interface KernelSource {
  /** `target.c`; the module is called as the file, without `.c`. */
  readonly path: string;
  readonly text: string;
}

export interface RunOptions {
  readonly prog?: string;
  readonly attach?: AttachParams;
  /** Global variables to set before load: name and value as text. */
  readonly set?: readonly (readonly [string, string])[];
  /** MAP:N pairs: N elements with key i and value (i+1)*1000. */
  readonly fill?: readonly (readonly [string, number])[];
  readonly readSize?: number;
  readonly maxReads?: number;
  readonly sessions?: number;
  readonly reader?: number;
  /** Read on after any error, six times in a row; otherwise only after EAGAIN. */
  readonly readOn?: boolean;
  readonly logLevel?: number;
  /** Stop after the verifier. */
  readonly checkOnly?: boolean;
}

/**
 * A change of the world at a moment, in the words of a world's script (docs/world.schema.json):
 * `{ "at": { "session": 1, "call": 12, "when": "after" }, "do": "close", "pid": 731, "fd": 3 }`.
 */
export type ScenarioChange = Readonly<Record<string, unknown>>;

export interface Scenario {
  readonly release?: string;
  readonly world: WorldRef;
  readonly seed?: number;
  /** Types (BTF) of another kernel, by which the world is laid out; by default, of the one that ships. */
  readonly btf?: Uint8Array;
  readonly source: ProgramSource;
  /** A module that is inserted at boot. */
  readonly module?: KernelSource;
  readonly options: RunOptions;
  /** The journal of what was done to the world by hand, beside its own script. Undo takes an entry out. */
  readonly changes?: readonly ScenarioChange[];
  /** Lines that were typed into the shell of this machine, oldest first. */
  readonly shell?: readonly string[];
  /** A program of user space that loads and reads the source's program; without one the machine itself does. */
  readonly reader?: { readonly path: string; readonly text: string };
}
