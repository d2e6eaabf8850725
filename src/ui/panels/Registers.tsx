import type { VariableValue } from '../../protocol/variables.ts';
import { registerText } from '../format/bytes.ts';
import { machineOf, useFollowing } from '../store/following.ts';
import { currentInsn } from '../store/insn.ts';
import type { PageState } from '../store/store.ts';

const insnOf = (state: PageState): number | null => state.at.insn;
const NO_VARIABLES: readonly VariableValue[] = [];
const NAMES = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10'] as const;
/** Index of the frame number in StepInsn.regs. */
const FRAME = 11;

/** r0 to r10 before the instruction of the moment; what the instruction before it changed is marked. */
export function Registers() {
  const current = useFollowing('inspector', currentInsn);
  const insn = useFollowing('inspector', insnOf);
  const machine = useFollowing('inspector', machineOf);
  const steps = machine?.steps ?? null;
  const variables = machine?.variables?.now ?? NO_VARIABLES;
  if (!current || !steps)
    return (
      <p className="empty">The program does not run in this callback. Step by insn (4), or go to a show.</p>
    );
  const place = insn ?? steps.insns.length - 1;
  const named = (reg: number): string =>
    variables
      .filter((value) => value.reg === reg)
      .map(({ name, type }) => `${name}: ${type}`)
      .join(', ');
  const before = place > 0 ? steps.insns[place - 1] : undefined;
  return (
    <section className="section">
      <h2>
        <span>
          Registers · before insn {current.pc}
          {current.step.regs[FRAME] ? `, frame ${current.step.regs[FRAME]}` : ''}
        </span>
        <span className="num">
          {place + 1} / {steps.insns.length}
          {steps.truncated ? '+' : ''}
        </span>
      </h2>
      <p className="mono">{current.info?.text ?? ''}</p>
      <dl className="registers">
        {NAMES.map((name, i) => {
          const value = current.step.regs[i] ?? 0n;
          const old = before?.regs[i];
          const changed = old !== undefined && old !== value;
          return (
            <Register
              key={name}
              name={name}
              text={registerText(value)}
              old={changed ? registerText(old) : ''}
              holds={named(i)}
            />
          );
        })}
      </dl>
    </section>
  );
}

function Register({
  name,
  text,
  old,
  holds,
}: {
  readonly name: string;
  readonly text: string;
  readonly old: string;
  /** Variables of C that are in it, with their types. */
  readonly holds: string;
}) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={old ? 'changed' : ''} title={old ? `was ${old}` : undefined}>
        {old && old.length + text.length < 24 ? `${old} → ${text}` : text}
        {holds && <span className="holds">{holds}</span>}
      </dd>
    </>
  );
}
