/** The log: positions, taking back, and what is kept of a very long one. */
import { expect, test } from 'vitest';
import { Log } from './log.ts';

test('text after a position is taken back, also from the middle of a piece', () => {
  const log = new Log(1);
  log.write('0: r0 = 0\n');
  const { end } = log;
  log.write('1: r0 = 1\n');
  log.write('2: exit\n');
  log.reset(end);
  expect(log.text()).toBe('0: r0 = 0\n');
  log.reset(4);
  log.write('!');
  expect(log.text()).toBe('0: r!');
});

test('taking back reaches over pieces that were joined', () => {
  const log = new Log(1);
  for (let i = 0; i < 10_000; i++) log.write('x');
  log.reset(3);
  expect([log.text(), log.end]).toEqual(['xxx', 3]);
});

test('of a log that grows without end the last part is kept', () => {
  const log = new Log(2);
  const line = 'y'.repeat(4095) + '\n';
  for (let i = 0; i < 20_000; i++) log.write(line);
  expect(log.end).toBe(20_000 * 4096);
  expect(log.text().length).toBe(16 * 1024 * 1024);
});

test('at level 0 nothing is written', () => {
  const log = new Log(0);
  log.write('text');
  expect([log.text(), log.end]).toEqual(['', 0]);
});
