import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { ModuleReport } from '../../protocol/report.ts';
import { act, useStore } from '../store/store.ts';
import { ScrollRegion } from '../widgets/ScrollRegion.tsx';
import '../theme/module.css';

/** What kernel code of the user's did to the machine: its targets, what it said, and every mistake at its line. */
export function ModulePane() {
  const module = useStore((s) => s.module);
  const check = useStore((s) => s.check);
  const ran = useStore((s) => s.ran?.module);
  const report = useStore((s) => s.result?.report ?? null);
  if (!module)
    return (
      <p className="empty">
        A target of your own is written in kernel C beside the program: “+ target.c” above the editor begins
        one.
      </p>
    );
  const isRun = ran?.text === module.text && ran.path === module.path;
  const said = (isRun ? report?.diagnostics : check?.diagnostics) ?? [];
  return (
    <ScrollRegion label="Module" className="module-pane">
      {isRun && report?.module ? (
        <Summary report={report.module} />
      ) : (
        <p>Run to see what {module.path} does.</p>
      )}
      <Said diagnostics={said.filter(({ file }) => file === module.path)} />
      {isRun && report?.module?.log && (
        <section>
          <h2>dmesg</h2>
          <pre>{report.module.log}</pre>
        </section>
      )}
      <button type="button" className="btn quiet small" onClick={() => act().setModule(null)}>
        Remove {module.path}
      </button>
    </ScrollRegion>
  );
}

const listOf = (words: readonly string[]): string => (words.length === 0 ? 'none' : words.join(', '));

function Summary({ report: { name, targets, leaks, locks, oops } }: { readonly report: ModuleReport }) {
  const kept = leaks.reduce((sum, { count }) => sum + count, 0);
  return (
    <dl>
      <dt>module</dt>
      <dd>{name}</dd>
      <dt>targets</dt>
      <dd>{listOf(targets)}</dd>
      <dt>never given back</dt>
      <dd className={kept > 0 ? 'bad' : ''}>
        {oops ? 'unknown: the kernel oopsed' : kept === 0 ? 'nothing' : kept}
      </dd>
      <dt>locks left held</dt>
      <dd className={locks.length > 0 ? 'bad' : ''}>{listOf(locks.map(({ kind }) => kind))}</dd>
      <dt>oops</dt>
      <dd className={oops ? 'bad' : ''}>{oops ? oops.message : 'none'}</dd>
    </dl>
  );
}

/** Findings about kernel code; choosing one goes to its line. */
function Said({ diagnostics }: { readonly diagnostics: readonly Diagnostic[] }) {
  if (diagnostics.length === 0) return null;
  return (
    <ul className="module-findings">
      {diagnostics.map((d) => (
        <li key={`${d.line}:${d.column}:${d.message}`} className={d.severity}>
          {d.line > 0 ? (
            <button type="button" onClick={() => act().goTo(d.file, d.line, d.column)}>
              {d.file}:{d.line}
            </button>
          ) : (
            <span>{d.file}</span>
          )}{' '}
          {d.message}
          {d.flag !== undefined && <span className="flag"> [{d.flag}]</span>}
          {d.notes.length > 0 && <pre>{d.notes.join('\n')}</pre>}
        </li>
      ))}
    </ul>
  );
}
