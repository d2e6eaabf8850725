import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inPace } from './pace.ts';
import { useStore } from './store.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
  vi.stubGlobal('requestAnimationFrame', (act: (now: number) => void) =>
    setTimeout(() => act(performance.now()), 16),
  );
  // Whatever was done before is long ago.
  vi.advanceTimersByTime(1000);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Steps every so many milliseconds, as held keys do. @returns what was followed: the step, and when */
function follow(steps: number, every: number): { step: number; at: number }[] {
  const followed: { step: number; at: number }[] = [];
  const began = performance.now();
  const step = (): number => useStore.getState().at.call;
  const ask = inPace(() => followed.push({ step: step(), at: performance.now() - began }));
  for (let call = 1; call <= steps; call++) {
    useStore.setState(({ at }) => ({ at: { ...at, call } }));
    ask();
    vi.advanceTimersByTime(every);
  }
  vi.advanceTimersByTime(1000);
  return followed;
}

test('steps apart are each followed, behind the next frame', () => {
  const followed = follow(4, 250);
  expect(followed.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  for (const { step, at } of followed) expect(at - (step - 1) * 250).toBeLessThanOrEqual(20);
});

test('quick steps are followed ten times a second, the last one always', () => {
  const followed = follow(60, 20);
  expect(followed[0]).toMatchObject({ step: 1 });
  expect(followed.at(-1)).toMatchObject({ step: 60 });
  const gaps = followed.slice(1).map(({ at }, i) => at - (followed[i]?.at ?? 0));
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(100);
  for (const gap of gaps) expect(gap).toBeLessThanOrEqual(140);
  expect(followed.at(-1)?.at).toBeLessThanOrEqual(59 * 20 + 140);
});

test('what comes after the steps is not held back', () => {
  follow(5, 20);
  const after: number[] = [];
  const asked = performance.now();
  inPace(() => after.push(performance.now() - asked))();
  vi.advanceTimersByTime(1000);
  expect(after).toHaveLength(1);
  expect(after[0]).toBeLessThanOrEqual(20);
});
