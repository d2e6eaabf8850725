/** Every target's example on the page: its parameters, its output and its picture. */
import { expect, test } from '@playwright/test';
import { Playground, commandLine, commandLineOf, exampleText } from './playground.ts';

/** Targets whose example needs nothing but a world, each half on one page. */
const HALVES: readonly Readonly<
  Record<string, { readonly world?: string; readonly needs?: readonly string[] }>
>[] = [
  {
    bpf_map: {},
    bpf_prog: {},
    bpf_link: {},
    ksym: {},
    ipv6_route: {},
    kmem_cache: { world: 'graphics' },
    dmabuf: { world: 'graphics' },
  },
  {
    tcp: { world: 'sockets' },
    udp: { world: 'sockets' },
    unix: { world: 'sockets' },
    netlink: { world: 'sockets' },
    sockmap: { world: 'sockets', needs: ['--map', 'proxied'] },
    bpf_sk_storage_map: { world: 'sockets', needs: ['--map', 'sk_bytes'] },
  },
];

for (const targets of HALVES)
  test(`${Object.keys(targets).join(', ')}: print what the command line prints and draw what they walk @every-width`, async ({
    page,
  }) => {
    const playground = new Playground(page);
    await playground.open();
    for (const [target, { world, needs = [] }] of Object.entries(targets)) {
      await playground.choose('Example', `${target}.bpf.c`);
      await expect(page.getByLabel('Target', { exact: true })).toContainText(`iter/${target}`);
      await expect(page.getByRole('radiogroup', { name: 'Which tasks' })).toHaveCount(0);
      if (world) await playground.choose('World', world);
      await playground.run();
      const answer = commandLineOf(`${target}.bpf.c`, await playground.world(), ...needs);
      expect(answer.stage).toBe('done');
      await expect.poll(() => playground.output()).toBe(answer.output);
      await playground.pane('Graph');
      const object = page.locator('.node.item, .node.slot');
      await expect(object.first()).toBeVisible();
      await page.getByRole('button', { name: 'Step by object' }).click();
      await expect(page.locator('.node.current').first()).toBeVisible();
      await page.getByRole('button', { name: 'Last event' }).click();
      await expect(page.locator('.node.item.will-visit, .node.slot.will-visit')).toHaveCount(0);
    }
    expect(playground.errors).toEqual([]);
  });

test('bpf_map_elem: the chosen map is filled and walked @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('Example', 'bpf_map_elem.bpf.c');
  for (const [map, fill] of [
    ['scores', '5'],
    ['levels', '3'],
  ] as const) {
    await playground.choose('Map', map);
    await page.getByLabel('Elements to fill in').fill(fill);
    await playground.run();
    const args = ['--map', map, '--fill', `${map}:${fill}`];
    const answer = commandLine(exampleText('bpf_map_elem.bpf.c'), await playground.world(), ...args);
    expect(answer.stage).toBe('done');
    await expect.poll(() => playground.output()).toBe(answer.output);
  }
  await playground.pane('Code');
  await page.getByLabel('Elements to fill in').fill('many');
  await expect(page.getByRole('button', { name: /^Run F5/ })).toBeDisabled();
  expect(playground.errors).toEqual([]);
});

test('cgroup: the order and the start reach the kernel @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('Example', 'cgroup.bpf.c');
  await playground.choose('Order', 'post');
  await page.getByLabel('Cgroup to start from: a path or an id').fill('/system.slice');
  await playground.run();
  const args = ['--order', 'post', '--cgroup', '/system.slice'];
  const answer = commandLine(exampleText('cgroup.bpf.c'), await playground.world(), ...args);
  expect(answer.output.split('\n').length).toBeGreaterThan(5);
  await expect.poll(() => playground.output()).toBe(answer.output);
  await playground.pane('Graph');
  await expect(page.locator('.node.item.out-of-range').first()).toBeAttached();
  // The only buffer of the walk has all that was printed.
  await page.getByRole('button', { name: 'Last event' }).click();
  const used = new TextEncoder().encode(answer.output).length;
  await expect(page.getByRole('region', { name: 'The only buffer of this walk' })).toContainText(
    `${used} of 4,096 B`,
  );
  await playground.pane('Code');
  await page.getByLabel('Cgroup to start from: a path or an id').fill('/no/such');
  await page.getByRole('button', { name: /^Run F5/ }).click();
  await expect(page.getByText('BPF_LINK_CREATE: ENOENT')).toBeVisible();
  expect(playground.errors).toEqual([]);
});
