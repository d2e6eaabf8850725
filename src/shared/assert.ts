/** The third kind of failure: we are wrong. Everything else is data or an errno. */

/** A defect of Iterscope itself. The page shows it as our bug, with the scenario that reproduces it. */
export class EngineBug extends Error {
  override readonly name = 'EngineBug';
}

/** @throws EngineBug when `condition` is false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new EngineBug(message);
}

/** Ends a switch that must be complete: a new case fails to compile here first. */
export function unreachable(value: never): never {
  throw new EngineBug(`unexpected value: ${JSON.stringify(value)}`);
}

/** The value, or an EngineBug that names what was missing. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new EngineBug(`missing: ${what}`);
  return value;
}
