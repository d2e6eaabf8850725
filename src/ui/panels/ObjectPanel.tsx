import { memo } from 'react';
import { longAddress } from '../format/bytes.ts';
import type { PeekStruct, SeenStruct, StructRef } from '../../protocol/peek.ts';
import type { MachineView } from '../store/machine.ts';
import { callOf, machineOf, useFollowing } from '../store/following.ts';
import { traceOf } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { foldTrace } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import { visitsOf } from '../trace/object_state.ts';
import { whyCall, whyObject } from '../trace/why.ts';
import { ARROW, StructSection } from './StructSection.tsx';
import { Watched } from './Watched.tsx';

/** The program's context, the object at hand and whatever is reached from it by its pointers. */
export function ObjectPanel() {
  return (
    <ObjectPanelAt machine={useFollowing('inspector', machineOf)} call={useFollowing('inspector', callOf)} />
  );
}

interface At {
  readonly machine: MachineView | null;
  readonly call: number;
}

const ObjectPanelAt = memo(({ machine, call }: At) => {
  const result = useStore((s) => s.result);
  const failure = useStore((s) => s.machineFailure);
  const trail = useStore((s) => s.trail);
  const setTrail = useStore((s) => s.setTrail);
  if (!result || result.sessions.length === 0)
    return (
      <p className="empty">
        After a run, this shows the program's context and the object of the moment, byte by byte.
      </p>
    );
  const follow = (ref: StructRef): void => {
    setTrail([...trail, ref]);
    // What is in the picture is shown there too.
    const drawn = namesOf(result.scene).node(ref.addr);
    if (drawn) act().setView({ selected: drawn.id });
  };
  return (
    <>
      {failure && <p className="empty">{failure}</p>}
      <Watched />
      <Pinned call={call} />
      {machine?.ctx && (
        <StructSection
          title={`ctx · ${machine.ctx.now.struct}`}
          seen={withMeta(machine.ctx, machine.meta)}
          onFollow={follow}
        />
      )}
      <Why call={call} />
      {trail.length > 0 && <Trail trail={trail} onChange={setTrail} />}
      {machine?.object && (
        <StructSection
          title={`struct ${machine.object.now.struct} · ${longAddress(machine.object.now.addr)}`}
          seen={machine.object}
          bytes
          onFollow={follow}
        />
      )}
    </>
  );
});
ObjectPanelAt.displayName = 'ObjectPanelAt';

/** The context with what its meta points to in front: `meta→seq_num`. */
function withMeta(ctx: SeenStruct, meta: SeenStruct | null): SeenStruct {
  if (!meta) return ctx;
  const merge = (outer: PeekStruct, inner: PeekStruct): PeekStruct => ({
    ...outer,
    fields: [
      ...inner.fields.map((field) => ({ ...field, path: `meta${ARROW}${field.path}` })),
      ...outer.fields.filter((field) => field.path !== 'meta'),
    ],
  });
  return {
    now: merge(ctx.now, meta.now),
    before: ctx.before && meta.before ? merge(ctx.before, meta.before) : null,
  };
}

function Trail({
  trail,
  onChange,
}: {
  readonly trail: readonly StructRef[];
  readonly onChange: (trail: readonly StructRef[]) => void;
}) {
  return (
    <nav className="section" aria-label="Structs walked into">
      <div className="trail">
        <button type="button" onClick={() => onChange([])}>
          object
        </button>
        {trail.map((ref, i) => (
          <button
            type="button"
            key={`${ref.struct} ${ref.addr} ${i}`}
            aria-current={i === trail.length - 1 ? 'true' : undefined}
            onClick={() => onChange(trail.slice(0, i + 1))}
          >
            {ref.struct}
          </button>
        ))}
      </div>
    </nav>
  );
}

/** Which object is pinned, and the ways to its visits. */
function Pinned({ call }: Pick<At, 'call'>) {
  const trace = useStore(traceOf);
  const scene = useStore((s) => s.result?.scene ?? null);
  const selected = useStore((s) => s.selected);
  const { setView, jump } = act();
  const node = scene?.node(selected ?? -1);
  if (!trace || !node) return null;
  const visits = visitsOf(foldTrace(trace), node);
  const next = visits.find((visit) => visit.call > call);
  const previous = visits.findLast((visit) => visit.call < call);
  const go = (to: number): void => jump({ call: to, insn: null });
  return (
    <section className="section">
      <h2>
        <span>
          Pinned: {node.kind} {node.label}
        </span>
        <button type="button" className="link-button" onClick={() => setView({ selected: null })}>
          follow the cursor
        </button>
      </h2>
      <div className="actions">
        <button
          type="button"
          className="btn small"
          disabled={!previous}
          onClick={() => previous && go(previous.call)}
        >
          Previous visit
        </button>
        <button type="button" className="btn small" disabled={!next} onClick={() => next && go(next.call)}>
          Next visit <kbd>J</kbd>
        </button>
        <span className="status">
          {visits.length} {visits.length === 1 ? 'visit' : 'visits'}
        </span>
      </div>
    </section>
  );
}

/** The rules that brought the walk here, and what the picture says of the object. */
function Why({ call }: Pick<At, 'call'>) {
  const trace = useStore(traceOf);
  const scene = useStore((s) => s.result?.scene ?? null);
  const selected = useStore((s) => s.selected);
  if (!trace || trace.length === 0) return null;
  const folded = foldTrace(trace);
  const names = namesOf(scene);
  const pinned = scene?.node(selected ?? -1);
  const node = pinned ?? names.node(trace.object[call] ?? 0n);
  const sentences = [
    ...(pinned ? [] : whyCall(folded, names, call)),
    ...(node && scene ? whyObject(folded, scene, node) : []),
  ];
  if (sentences.length === 0) return null;
  return (
    <section className="section">
      <h2>
        <span>Why is this object here?</span>
      </h2>
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </section>
  );
}
