import { useEffect, useRef } from 'react';
import { COURSE_CHANGES } from '../store/course.ts';
import { callOf, machineOf, useFollowing } from '../store/following.ts';
import type { WatchedField } from '../store/machine.ts';
import { act, useStore } from '../store/store.ts';
import type { FieldChange } from '../../protocol/peek.ts';
import { count } from '../format/bytes.ts';
import { fieldText } from './field_text.ts';
import { sameBytes } from './StructSection.tsx';
import { labelAt } from './struct_rows.ts';

/** The fields that are kept in sight: what they hold at every moment, whatever object is at hand. */
export function Watched() {
  const watched = useStore((s) => s.watched);
  if (watched.length === 0) return null;
  return (
    <section className="section" aria-label="Watched fields">
      <h2>
        <span>Watched</span>
        <button type="button" className="link-button" onClick={() => act().unwatchAll()}>
          stop watching
        </button>
      </h2>
      <dl className="fields">
        {watched.map((one, i) => (
          <WatchedRow key={`${one.addr} ${one.path}`} one={one} place={i} />
        ))}
      </dl>
      <Course />
    </section>
  );
}

function WatchedRow({ one, place }: { readonly one: WatchedField; readonly place: number }) {
  const seen = useFollowing('inspector', machineOf)?.watched[place] ?? null;
  const name = useStore((s) => labelAt(s.result?.scene ?? null, one.addr, s.at.call));
  const field = seen?.now.fields.find(({ path }) => path === one.path);
  const was = seen?.before?.fields.find(({ path }) => path === one.path);
  const unfolded = useStore((s) => s.unfolded === one);
  const changed = field && was && !sameBytes(field.bytes, was.bytes);
  const text = field ? fieldText(one.struct, field) : '';
  return (
    <div>
      <dt title={`${one.struct}.${one.path}`}>
        <button
          type="button"
          className="unfold"
          aria-expanded={unfolded}
          onClick={() => act().unfold(unfolded ? null : one)}
        >
          {name || one.struct} {one.path}
        </button>
      </dt>
      <dd className={changed ? 'changed' : ''}>
        {changed ? `${fieldText(one.struct, was)} → ` : ''}
        {seen?.now.freed ? 'freed' : text}
      </dd>
      <dd className="at">
        <button
          type="button"
          className="watch"
          aria-label={`Stop watching ${one.path}`}
          onClick={() => act().watch(one)}
        >
          ×
        </button>
      </dd>
    </div>
  );
}

/** Every value of the unfolded field over the session. Choosing one goes to where it begins. */
function Course() {
  const unfolded = useStore((s) => s.unfolded);
  const course = useStore((s) => s.course);
  if (!unfolded) return null;
  if (!course) return <p role="status">Looking through the run…</p>;
  if (course.length === 0) return <p>The field is not there in this run.</p>;
  return <CourseList struct={unfolded.struct} course={course} />;
}

function CourseList({
  struct,
  course,
}: {
  readonly struct: string;
  readonly course: readonly FieldChange[];
}) {
  const call = useFollowing('inspector', callOf);
  const now = course.findLastIndex((change) => change.call <= call);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    list.current?.children[Math.max(0, now)]?.scrollIntoView({ block: 'nearest' });
  }, [now]);
  return (
    <>
      <ol className="course" aria-label="Values over the run" ref={list}>
        {course.map((change, i) => (
          <li key={change.call}>
            <button
              type="button"
              aria-current={i === now ? 'step' : undefined}
              title={`from event ${change.call + 1} on`}
              onClick={() => act().jump({ call: change.call, insn: null })}
            >
              <span className="from">{count(change.call + 1)}</span>
              {change.freed ? 'freed' : change.field ? fieldText(struct, change.field) : 'not there'}
            </button>
          </li>
        ))}
      </ol>
      <CourseFoot changes={course.length - 1} />
    </>
  );
}

/** How many changes there are, and the ways to those that are not listed. */
function CourseFoot({ changes }: { readonly changes: number }) {
  const before = useStore((s) => s.courseFrom.length - 1) * COURSE_CHANGES;
  const more = changes >= COURSE_CHANGES;
  const turn = (by: 1 | -1, text: string) => (
    <button type="button" className="link-button" onClick={() => act().turnCourse(by)}>
      {text}
    </button>
  );
  if (before === 0 && !more)
    return (
      <p>
        {changes === 0 ? 'It never changes.' : `${changes} changes, with the events at which they were made.`}
      </p>
    );
  return (
    <p className="course-foot">
      <span>
        Changes {count(before + 1)} to {count(before + changes)}, with their events.
      </span>
      {before > 0 && turn(-1, 'Earlier')}
      {more && turn(1, 'Later')}
    </p>
  );
}
