import { useMemo, useState } from 'react';
import { searchedOf } from '../store/breakpoint.ts';
import { act, useStore } from '../store/store.ts';
import { findCall, parseCondition } from '../trace/search.ts';

/** The next event where a condition holds; playing pauses there while it is a breakpoint. */
export function FindBar() {
  const line = useStore((s) => s.find);
  const breaks = useStore((s) => s.breaks);
  const { setView } = act();
  const condition = useMemo(() => parseCondition(line), [line]);
  const [said, setSaid] = useState('');
  const go = (by: 1 | -1): void => {
    const of = searchedOf(act());
    if (!of || !condition.ok) return;
    const call = findCall(of, condition.test, act().at.call, by);
    setSaid(call < 0 ? `No ${by === 1 ? 'later' : 'earlier'} event` : '');
    if (call >= 0) act().jump({ call, insn: null });
  };
  const problem = condition.ok ? said : condition.problem;
  return (
    <search className="find-bar">
      <label className="field">
        <span>Event where</span>
        <input
          className="mono"
          aria-label="Event where"
          aria-invalid={!condition.ok && line !== ''}
          placeholder="pid 812 kind show"
          value={line}
          onChange={(event) => {
            setSaid('');
            setView({ find: event.target.value });
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
            if (event.key === 'Escape') setView({ finding: false });
          }}
        />
      </label>
      <button type="button" className="btn small" disabled={!condition.ok} onClick={() => go(-1)}>
        Previous
      </button>
      <button type="button" className="btn small" disabled={!condition.ok} onClick={() => go(1)}>
        Next
      </button>
      <button
        type="button"
        className="btn small"
        aria-pressed={breaks}
        title="Playing pauses at such an event"
        onClick={() => setView({ breaks: !breaks })}
      >
        Pause there
      </button>
      <span className="status" role="status">
        {problem || 'pid, fd, key, kind, ret, read, output "text", or a word of the name'}
      </span>
    </search>
  );
}
