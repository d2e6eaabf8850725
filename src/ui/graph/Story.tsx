import { memo } from 'react';
import { count } from '../format/bytes.ts';
import { callOf, useFollowing } from '../store/following.ts';
import { traceOf } from '../store/run.ts';
import { useStore } from '../store/store.ts';
import { heldAt } from '../trace/held.ts';
import { onlyBuffer, storyAt } from '../trace/stories.ts';

/** Below the picture: what the kernel does around this object, or what is left of the only buffer. */
export function Story() {
  return <StoryAt call={useFollowing('inspector', callOf)} />;
}

const StoryAt = memo(({ call }: { readonly call: number }) => {
  const trace = useStore(traceOf);
  if (!trace || trace.length === 0) return null;
  const story = storyAt(trace, call);
  const buffer = onlyBuffer(trace, call);
  if (buffer) return <Budget {...buffer} />;
  if (!story) return null;
  const references = heldAt(trace, call)
    .filter(({ kind }) => kind === 'sock sk_refcnt')
    .reduce((sum, { n }) => sum + n, 0);
  return (
    <section className="story" aria-label={story.title}>
      <ol>
        {story.steps.map(({ text, state }) => (
          <li key={text} className={state} aria-current={state === 'now' ? 'step' : undefined}>
            {text}
          </li>
        ))}
      </ol>
      <p>
        {references > 0 && (
          <b>{references === 1 ? '1 reference held. ' : `${references} references held. `}</b>
        )}
        {story.note}
      </p>
    </section>
  );
});
StoryAt.displayName = 'StoryAt';

function Budget({ used, room }: { readonly used: number; readonly room: number }) {
  const full = used >= room;
  return (
    <section className="story" aria-label="The only buffer of this walk">
      <div className="budget">
        <b>The only buffer of this walk</b>
        <span className="buffer-meter">
          <span className="fill" style={{ width: `${Math.min(100, (used / room) * 100)}%` }} />
        </span>
        <span className="num">
          {count(used)} of {count(room)} B
        </span>
      </div>
      <p>
        {full
          ? 'Full before the end: the walk cannot be resumed, and the next read() gives EOPNOTSUPP.'
          : 'A walk of cgroups is one pass: if it is full before the end, the next read() gives EOPNOTSUPP.'}
      </p>
    </section>
  );
}
