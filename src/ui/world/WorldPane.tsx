import { useState } from 'react';
import { act, useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';
import { mapsFor } from '../store/target_params.ts';
import type { MadeChange } from '../store/world.ts';
import { changeMoment, changeWorld, undoChange } from '../store/world_edit.ts';
import { namesOf } from '../trace/names.ts';
import { ScrollRegion } from '../widgets/ScrollRegion.tsx';
import { CHANGE_KINDS, entryOf } from './change_kinds.ts';
import type { ChangeKind, Field } from './change_kinds.ts';

const GROUPS = [...new Set(CHANGE_KINDS.map(({ group }) => group))];

/** What can be done to the world at the moment on show, and what has been done. */
export function WorldPane() {
  return (
    <ScrollRegion label="Change the world" className="world-pane">
      <ChangeForm />
      <Journal />
    </ScrollRegion>
  );
}

const momentText = (at: Readonly<Record<string, unknown>>): string =>
  typeof at['call'] === 'number' ? `after event ${at['call'] + 1}` : 'before the first read';

/** The task of the moment, or the first process that can make system calls. */
function taskAtHand(state: PageState): string {
  const { result, selected, session, at } = state;
  const scene = result?.scene;
  const trace = result?.sessions[session];
  const names = namesOf(scene ?? null);
  const pinned = scene?.node(selected ?? -1);
  const owner = pinned?.owner || (trace?.owner[at.call] ?? 0n) || (trace?.object[at.call] ?? 0n);
  const node = (pinned?.kind === 'task' ? pinned : undefined) ?? names.node(owner);
  const tasks = state.summaries[state.world]?.tasks ?? [];
  const here = node?.kind === 'task' || node?.kind === 'thread' ? node.key : 0;
  const user = tasks.find(({ kthread, pid }) => !kthread && pid > 1);
  return String(tasks.some(({ pid }) => pid === here) ? here : (user?.pid ?? 1));
}

function ChangeForm() {
  const [word, setWord] = useState('open');
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [missing, setMissing] = useState('');
  const changing = useStore((s) => s.changing || s.status !== 'idle');
  const error = useStore((s) => s.changeError);
  const when = useStore((s) => momentText(changeMoment(s)));
  const atHand = useStore(taskAtHand);
  const map = useStore((s) => mapsFor(s, 'bpf_map_elem')[0]?.name ?? '');
  const kind = CHANGE_KINDS.find((each) => each.word === word);
  if (!kind) return null;
  const initial: Readonly<Record<string, string>> = { pid: atHand, map };
  const values = { ...initial, ...typed };
  const make = (): void => {
    const said = entryOf(kind, values);
    setMissing('missing' in said ? said.missing : '');
    if ('entry' in said) void changeWorld(said.entry);
  };
  const problem = missing || error;
  return (
    <form
      className="section"
      aria-label="Change"
      onSubmit={(event) => {
        event.preventDefault();
        make();
      }}
    >
      <div className="actions">
        <label className="field">
          <span>Change</span>
          <select
            aria-label="Kind of change"
            value={word}
            onChange={(event) => {
              setWord(event.target.value);
              setMissing('');
              useStore.setState({ changeError: '' });
            }}
          >
            {GROUPS.map((group) => (
              <optgroup key={group} label={group}>
                {CHANGE_KINDS.filter((each) => each.group === group).map((each) => (
                  <option key={each.word} value={each.word}>
                    {each.title}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        </label>
        <Fields kind={kind} values={values} onType={(name, text) => setTyped({ ...typed, [name]: text })} />
        <button type="submit" className="btn primary" disabled={changing}>
          Change
        </button>
        <span className="status">{when}</span>
      </div>
      {problem && (
        <p role="alert" className="refused">
          {problem}
        </p>
      )}
    </form>
  );
}

interface FieldsProps {
  readonly kind: ChangeKind;
  readonly values: Readonly<Record<string, string>>;
  readonly onType: (name: string, text: string) => void;
}

function Fields({ kind, values, onType }: FieldsProps) {
  const tasks = useStore((s) => s.summaries[s.world]?.tasks);
  const cgroups = useStore((s) => s.summaries[s.world]?.cgroups);
  return (
    <>
      {kind.fields.map((field) => (
        <label className="field" key={field.name}>
          <span>{field.label}</span>
          {field.kind === 'shares' ? (
            <Shares value={values[field.name] ?? ''} onChange={(text) => onType(field.name, text)} />
          ) : (
            <input
              className={`mono ${isShort(field) ? 'pid-number' : ''}`}
              aria-label={field.label}
              {...(LISTS[field.kind] ? { list: LISTS[field.kind] } : {})}
              placeholder={field.optional ? 'any' : ''}
              value={values[field.name] ?? field.initial ?? ''}
              onChange={(event) => onType(field.name, event.target.value)}
            />
          )}
        </label>
      ))}
      <datalist id="world-tasks">
        {tasks?.map(({ pid, comm }) => (
          <option key={pid} value={pid}>
            {comm}
          </option>
        ))}
      </datalist>
      <datalist id="world-cgroups">
        {cgroups?.map((path) => (
          <option key={path}>{path}</option>
        ))}
      </datalist>
    </>
  );
}

const LISTS: Readonly<Partial<Record<Field['kind'], string>>> = {
  task: 'world-tasks',
  cgroup: 'world-cgroups',
};
const isShort = ({ kind }: Field): boolean => kind === 'task' || kind === 'number' || kind === 'bytes';

/** What clone(2) is asked to share; nothing: a plain fork. */
function Shares({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  return (
    <select aria-label="shares" value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">nothing</option>
      <option value="files">files</option>
      <option value="vm">memory</option>
      <option value="vm files fs">memory, files, fs</option>
    </select>
  );
}

/** The changes of the scenario, each with its way back, and what the last run said of them. */
function Journal() {
  const changes = useStore((s) => s.changes);
  const notMade = useStore(
    (s) => s.result?.report.diagnostics.find(({ message }) => message.includes('changes['))?.message ?? '',
  );
  if (changes.length === 0)
    return (
      <p className="empty">
        Nothing has been changed. A change is made at the moment on show, and every run makes it again.
      </p>
    );
  return (
    <section className="section">
      <h2>
        <span>Changes of this scenario</span>
        <button type="button" className="link-button" onClick={() => void undoChange(changes.length - 1)}>
          Undo the last
        </button>
      </h2>
      {notMade && <p className="refused">{notMade}</p>}
      <ol className="journal" aria-label="Changes">
        {changes.map((made, i) => (
          // The journal is a list of what was done: the same change may stand in it twice.
          <li key={i}>
            <Made made={made} />
            <button type="button" className="btn quiet small" onClick={() => void undoChange(i)}>
              Undo
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Made({ made: { change, text } }: { readonly made: MadeChange }) {
  const at = (change['at'] ?? {}) as Readonly<Record<string, unknown>>;
  const { call } = at;
  return (
    <>
      <span className="change-mark" aria-hidden="true">
        ◆
      </span>
      <span className="what">{text || JSON.stringify({ ...change, at: undefined })}</span>
      {typeof call === 'number' ? (
        <button type="button" className="link-button" onClick={() => act().jump({ call, insn: null })}>
          {momentText(at)}
        </button>
      ) : (
        <span className="status">{momentText(at)}</span>
      )}
    </>
  );
}
