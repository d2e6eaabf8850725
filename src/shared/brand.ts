/** Units and identities as types: a Bytes is not an InsnIndex, though both are numbers. */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]?: Name };

/** A length or an offset in bytes. */
export type Bytes = Brand<number, 'Bytes'>;
/** Index of an instruction, counted in 8-byte slots. */
export type InsnIndex = Brand<number, 'InsnIndex'>;
/** A 64-bit simulated address, unsigned. */
export type Addr = Brand<bigint, 'Addr'>;
/** Id of a type in one BTF; 0 is void. */
export type TypeId = Brand<number, 'TypeId'>;
/** Instructions retired since boot, plus fixed costs of kernel work: the only clock. */
export type Tick = Brand<number, 'Tick'>;
/** Number of an opened iterator file, from 1, global as in the kernel. */
export type SessionId = Brand<number, 'SessionId'>;
