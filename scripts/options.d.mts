import type { parseArgs } from 'node:util';

export declare const refuse: (sentence: string) => never;
export declare const readOptions: typeof parseArgs;
export declare const whole: <Name extends string>(
  values: Readonly<Record<Name, string>>,
  name: Name,
) => number;
