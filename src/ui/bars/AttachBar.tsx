import { count } from '../format/bytes.ts';
import { READ_SIZES, TASK_FILTERS, filterProblem } from '../store/attach.ts';
import { cancel, record, run } from '../store/page.ts';
import { attachable } from '../store/attachable.ts';
import { isStale } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { paramsProblem, takesTasks } from '../store/target_params.ts';
import { Icon } from '../widgets/icons.tsx';
import { Segments } from '../widgets/Segments.tsx';
import { LinkState, VerifierState } from './States.tsx';
import { TargetParams } from './TargetParams.tsx';

const FILTER_OPTIONS = TASK_FILTERS.map((value) => ({ value, text: value === 'all' ? 'All tasks' : value }));

/** What BPF_LINK_CREATE and read(2) are asked for, and the buttons that ask. */
export function AttachBar() {
  return (
    <section className="bar" aria-label="Attach and run">
      <TargetChoice />
      <TaskChoice />
      <TargetParams />
      <ReadSizeChoice />
      <WorldChoice />
      <ChangeWorld />
      <span className="rule-v hide-medium" />
      <div className="run-buttons">
        <RunButtons />
      </div>
      <span className="spring" />
      <div className="states">
        <VerifierState />
        <LinkState />
      </div>
    </section>
  );
}

function TargetChoice() {
  const { programs } = useStore(attachable);
  const broken = useStore((s) => s.check?.programs.length === 0);
  const prog = useStore((s) => s.prog);
  const { setAttach } = act();
  const list = programs.filter((program) => program.target !== '');
  const repeated = new Set(list.map((program) => program.section)).size < list.length;
  return (
    <label className="field">
      <span className="hide-compact">Target</span>
      <select
        aria-label="Target"
        className="mono"
        value={prog ?? ''}
        disabled={list.length === 0 || broken}
        onChange={(event) => setAttach({ prog: event.target.value })}
      >
        {list.length === 0 && <option value="">none yet</option>}
        {list.map((program) => (
          <option key={program.name} value={program.name}>
            {program.section}
            {repeated ? ` · ${program.name}` : ''}
          </option>
        ))}
      </select>
    </label>
  );
}

function TaskChoice() {
  const filter = useStore((s) => s.filter);
  const filterId = useStore((s) => s.filterId);
  const problem = useStore(filterProblem);
  const tasks = useStore((s) => s.summaries[s.world]?.tasks);
  const asked = useStore(takesTasks);
  const { setAttach } = act();
  if (!asked) return null;
  return (
    <>
      <Segments
        label="Which tasks"
        options={FILTER_OPTIONS}
        value={filter}
        onChange={(next) => setAttach({ filter: next })}
      />
      {filter !== 'all' && (
        <label className="field">
          <span>{filter}</span>
          <input
            className="mono pid-number"
            list="tasks"
            inputMode="numeric"
            aria-label={`${filter} number`}
            aria-invalid={problem !== ''}
            title={problem}
            value={filterId}
            onChange={(event) => setAttach({ filterId: event.target.value })}
          />
          <datalist id="tasks">
            {tasks?.map((task) => (
              <option key={task.pid} value={filter === 'tid' ? task.pid : task.tgid}>
                {task.comm}
              </option>
            ))}
          </datalist>
        </label>
      )}
    </>
  );
}

function ReadSizeChoice() {
  const readSize = useStore((s) => s.readSize);
  const { setAttach } = act();
  return (
    <label className="field">
      <span>read()</span>
      <select
        aria-label="read()"
        className="mono"
        value={readSize}
        onChange={(event) => setAttach({ readSize: Number(event.target.value) })}
      >
        {[...new Set([...READ_SIZES, readSize])].map((size) => (
          <option key={size} value={size}>
            {size} B
          </option>
        ))}
      </select>
    </label>
  );
}

function WorldChoice() {
  const worlds = useStore((s) => s.worlds);
  const world = useStore((s) => s.world);
  const summaries = useStore((s) => s.summaries);
  const { setAttach } = act();
  const text = (name: string): string => {
    const summary = summaries[name];
    return summary && !summary.error
      ? `${name}: ${count(summary.tasks.length)} tasks, ${count(summary.files)} files`
      : name;
  };
  return (
    <label className="field shrinks">
      <span className="hide-compact">World</span>
      <select aria-label="World" value={world} onChange={(event) => setAttach({ world: event.target.value })}>
        {worlds.map((name) => (
          <option key={name} value={name}>
            {text(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The way to the tab that changes the world. */
function ChangeWorld() {
  const { setView } = act();
  return (
    <button
      type="button"
      className="btn quiet"
      title="Add a process, open a file, map memory: at the moment on show"
      onClick={() => setView({ dockTab: 'world', pane: 'output' })}
    >
      Change world
    </button>
  );
}

function RunButtons() {
  const status = useStore((s) => s.status);
  const problem = useStore(paramsProblem);
  const recorded = useStore((s) => s.result !== null && !isStale(s));
  const unit = useStore((s) => s.unit);
  const progress = useStore((s) => s.progress);
  const { stepBy, clearRun } = act();
  if (status !== 'idle')
    return (
      <>
        <button type="button" className="btn" disabled={status === 'cancelling'} onClick={cancel}>
          <Icon name="stop" /> Cancel
        </button>
        <span className="status" role="status">
          {status === 'cancelling'
            ? 'Ending the run'
            : `Recording: ${count(progress.calls)} callbacks, ${count(progress.reads)} reads`}
        </span>
      </>
    );
  return (
    <>
      <button
        type="button"
        className="btn primary"
        disabled={problem !== ''}
        title={problem || 'Record the walk and play it'}
        onClick={run}
      >
        <Icon name="play" /> Run <kbd className="heard-compact">F5</kbd>
      </button>
      <button
        type="button"
        className="btn"
        disabled={problem !== ''}
        onClick={() => (recorded ? stepBy(1) : void record())}
      >
        Step {unit} <kbd className="hide-compact">→</kbd>
      </button>
      <button
        type="button"
        className="btn icon"
        aria-label="Reset"
        title="Reset: forget the recording"
        disabled={!recorded && status === 'idle'}
        onClick={clearRun}
      >
        <Icon name="reset" />
      </button>
    </>
  );
}
