/** What axe finds on a page: nothing, wherever it looks. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect } from '@playwright/test';
import type { Page } from '@playwright/test';

/**
 * Asks axe about the page, or a part of it.
 *
 * @param part selector; '' for everything. Monaco is tested by its makers: its content is ours to
 *     reach by keyboard, not to mark up
 * @param where named with what is found
 */
export async function expectNoFindings(page: Page, part = '', where = part): Promise<void> {
  const axe = new AxeBuilder({ page })
    .exclude('.monaco-editor')
    // In this page alone, and without lists of what is in order: half of the time and less.
    .setLegacyMode()
    .options({ resultTypes: ['violations'] });
  if (part !== '') axe.include(part);
  const { violations } = await axe.analyze();
  const found = violations.map(
    ({ id, nodes }) =>
      `${where}: ${id}: ${nodes.map(({ target, html }) => `${target.join(' ')} ${html}`).join(', ')}`,
  );
  expect(found).toEqual([]);
}
