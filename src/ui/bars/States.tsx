import { useStore } from '../store/store.ts';
import { paramsProblem } from '../store/target_params.ts';
import type { PageState } from '../store/store.ts';

interface Verdict {
  readonly text: string;
  readonly colour: string;
  /** Said where there is room. */
  readonly aside?: string;
}

/** What compiler and verifier say of the text in the editor. */
function verdictOf(state: PageState): Verdict {
  const { check, checking, prog } = state;
  if (checking || !check) return { text: checking ? 'Checking' : '', colour: '--tx-3' };
  const errors = check.diagnostics.filter((d) => d.severity === 'error').length;
  if (check.verdict?.accepted === false)
    return { text: 'Refused', aside: `: ${check.verdict.errno ?? 'see the log'}`, colour: '--gone' };
  if (errors > 0 || check.stage === 'compile')
    return { text: errors === 1 ? '1 error' : `${errors} errors`, colour: '--gone' };
  if (check.stage !== 'done' && !check.verdict?.accepted)
    return { text: `Failed at ${check.stage}`, colour: '--gone' };
  const program = check.programs.find((one) => one.name === prog) ?? check.programs[0];
  if (!program) return { text: 'No program', colour: '--bytes' };
  return { text: 'Verified', aside: ` · ${program.insns.length} insns`, colour: '--bytes' };
}

export function VerifierState() {
  const text = useStore((s) => verdictOf(s).text);
  const colour = useStore((s) => verdictOf(s).colour);
  const aside = useStore((s) => verdictOf(s).aside ?? '');
  if (!text) return null;
  return (
    <span className="status" role="status">
      <span className="dot" style={{ color: `var(${colour})` }} />
      <span>
        {text}
        {aside !== '' && <span className="aside">{aside}</span>}
      </span>
    </span>
  );
}

/** Why nothing can be run with these parameters; else ids of the link and the session, or why there is none. */
export function LinkState() {
  const report = useStore((s) => s.result?.report ?? null);
  const session = useStore((s) => s.result?.sessions[s.session]?.session ?? 0);
  const cancelled = useStore((s) => s.result?.cancelled ?? false);
  const by = useStore((s) => s.ran?.reader?.path ?? (s.ran?.shell ? 'the shell' : ''));
  const problem = useStore(paramsProblem);
  if (problem !== '')
    return (
      <span className="status problem" role="status">
        <span className="dot" style={{ color: 'var(--gone)' }} />
        {problem}
      </span>
    );
  if (!report) return null;
  const failed = report.stage === 'attach' ? report.attach?.errno : null;
  const text = failed
    ? `BPF_LINK_CREATE: ${failed}`
    : report.link
      ? `link ${report.link.id} · session ${session}`
      : by !== ''
        ? `read by ${by} · session ${session}`
        : `failed at ${report.stage}`;
  return (
    <span className={(report.link || by !== '') && !failed && !cancelled ? 'status aside' : 'status'}>
      {text}
      {cancelled ? ' · cancelled' : ''}
    </span>
  );
}
