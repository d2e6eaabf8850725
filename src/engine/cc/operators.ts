/** How tightly binary operators bind, in C and in #if alike; from 1 up. */
const LEVELS = ['||', '&&', '|', '^', '&', '== !=', '< > <= >=', '<< >>', '+ -', '* / %'];

const PRECEDENCE: ReadonlyMap<string, number> = new Map(
  LEVELS.flatMap((level, i) => level.split(' ').map((op): [string, number] => [op, i + 1])),
);

/** 0: no binary operator. */
export const precedenceOf = ({ kind, text }: { readonly kind: string; readonly text: string }): number =>
  kind === 'punct' ? (PRECEDENCE.get(text) ?? 0) : 0;
