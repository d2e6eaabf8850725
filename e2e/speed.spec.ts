import { expect, test } from '@playwright/test';
import type { CDPSession } from '@playwright/test';
import { Playground } from './playground.ts';

/** A task on the main thread that a person notices, in milliseconds. */
const LONG_TASK_MS = 50;

/** Processor time that the main thread has spent in tasks, in milliseconds: what a busy machine does not change. */
async function busy(cdp: CDPSession): Promise<number> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return (metrics.find((metric) => metric.name === 'TaskDuration')?.value ?? 0) * 1000;
}

test('no long task while stepping and typing', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('read()', '256');
  await playground.run();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(window, { longTasks: tasks });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) tasks.push(Math.round(entry.duration));
    }).observe({ type: 'longtask' });
  });
  /** What each press costs, all its tasks together, with what the engine's answer makes the page draw. */
  const costs = async (presses: readonly string[]): Promise<string> => {
    const spent: number[] = [];
    for (const key of presses) {
      const before = await busy(cdp);
      await page.keyboard.press(key);
      await page.waitForTimeout(60);
      spent.push((await busy(cdp)) - before);
    }
    const long = await page.evaluate(() =>
      (window as unknown as { longTasks: number[] }).longTasks.splice(0),
    );
    const sorted = spent.toSorted((a, b) => a - b);
    const worst = sorted.at(-1) ?? 0;
    expect(worst).toBeLessThan(LONG_TASK_MS);
    return `median ${sorted[sorted.length >> 1]?.toFixed(1)} ms, worst ${worst.toFixed(1)} ms of processor time; long tasks by the clock: [${long.join(', ')}]`;
  };
  // Everything that loads late is there before the first measurement.
  await page.waitForTimeout(1500);
  await page.getByRole('slider', { name: 'Moment' }).focus();
  await page.keyboard.press('Home');
  console.log(`a step: ${await costs(Array.from({ length: 30 }, () => 'ArrowRight'))}`);
  await page.locator('.monaco-editor .view-lines').click();
  await page.keyboard.press('ControlOrMeta+End');
  console.log(`a key: ${await costs([...'/* typed letter by letter */'])}`);
});
