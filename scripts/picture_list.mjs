/**
 * What screenshots.mjs takes pictures of: the views of the page by name, and how a person gets there.
 *
 * Every picture begins with a recording (`of`) that stands in its middle; pictures of the same recording
 * share it, so the list is in the order that asks for the fewest runs.
 */

/** Every target by its example, with the world and the read size that show most of it. */
const TARGETS = {
  task: { read: '256' },
  task_file: { read: '256' },
  task_vma: { read: '256' },
  cgroup: { world: 'containers', part: 0.3 },
  bpf_map_elem: { fill: '14' },
  bpf_map: { part: 0.25 },
  bpf_prog: { part: 0.25 },
  bpf_link: { part: 0.05 },
  tcp: { world: 'sockets' },
  udp: { world: 'sockets', part: 0.4 },
  unix: { world: 'sockets', part: 0.4 },
  netlink: { world: 'sockets', part: 0.4 },
  ipv6_route: { part: 0.25 },
  ksym: {},
  kmem_cache: { world: 'graphics', part: 0.35 },
  dmabuf: { world: 'graphics', part: 0.35 },
  sockmap: { world: 'sockets', part: 0.3 },
  bpf_sk_storage_map: { world: 'sockets', part: 0.3 },
};
const FILES = { example: 'task_file.bpf.c', read: '256' };
const of = (recording, act) => ({ of: recording, act });

const target = ([name, how]) => [
  name,
  of({ example: `${name}.bpf.c`, ...how }, (hand) => hand.view('Graph')),
];
const dock = (tab, act = async () => {}) =>
  of(FILES, async (hand) => {
    await hand.dock(tab);
    await act(hand);
  });
const inspector = (tab) => of(FILES, (hand) => hand.inspect(tab));

/** @type {Record<string, { of: object | null, changesPage?: boolean, act: (hand: import('./screenshots.mjs').Hand) => Promise<void> }>} */
export const PICTURES = {
  start: of(null, async () => {}),
  error: of(null, async (hand) => {
    await hand.replaceText('return 0;', 'return ctx->nowhere;');
    await hand.page.getByText(/^\d+ errors?$/).waitFor();
  }),
  refused: of(null, async (hand) => {
    await hand.replaceText('if (!task || !file)', 'if (!file)');
    await hand.page
      .locator('.bar')
      .getByText(/^(Refused|Verified)/)
      .waitFor();
    await hand.dock('Verifier log');
  }),
  ...Object.fromEntries(Object.entries(TARGETS).map(target)),
  graph: of(FILES, (hand) => hand.view('Graph')),
  table: of(FILES, (hand) => hand.view('Table')),
  heat: of(FILES, (hand) => hand.view('Heat')),
  hover: of(FILES, async (hand) => {
    await hand.view('Graph');
    await hand.page.locator('.node.file.current').first().hover();
  }),
  pinned: of(FILES, async (hand) => {
    await hand.view('Graph');
    await hand.page.locator('.node.file.current').first().click();
    if (hand.narrow) await hand.pane('Inspect');
  }),
  output: dock('Output'),
  verifier: dock('Verifier log'),
  disassembly: dock('Disassembly'),
  events: dock('Events'),
  kernel: dock('Kernel'),
  compare: dock('Compare', (hand) => hand.page.getByRole('button', { name: 'Keep this run as A' }).click()),
  shell: {
    ...dock('Shell', async ({ page }) => {
      await page
        .getByRole('region', { name: 'Shell' })
        .locator('.xterm-rows')
        .getByText('#')
        .first()
        .waitFor();
      await page.keyboard.type('bpftool iter pin task_file.bpf.o /sys/fs/bpf/mine\n');
      await page.keyboard.type('cat /sys/fs/bpf/mine\n');
      await page.waitForTimeout(2500);
    }),
    changesPage: true,
  },
  changes: dock('Changes'),
  reader: {
    ...dock('Reader', async ({ page }) => {
      await page.getByRole('button', { name: 'Run reader' }).click();
      await page.getByText('exit status 0').waitFor();
      await page.getByRole('slider', { name: "Place in the reader's run" }).focus();
      for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowLeft');
    }),
    changesPage: true,
  },
  maps: of({ example: 'bpf_map_elem.bpf.c', fill: '14' }, (hand) => hand.inspect('Maps')),
  'in-code': dock('In code'),
  object: inspector('Object'),
  registers: inspector('Registers'),
  stack: inspector('Stack'),
  watched: of(FILES, async (hand) => {
    await hand.inspect('Object');
    const { page } = hand;
    await page.getByRole('button', { name: 'Watch f_count.counter' }).click();
    await page.getByRole('button', { name: /f_count/, expanded: false }).click();
    await page.getByRole('list', { name: 'Values over the run' }).waitFor();
  }),
  find: of(FILES, async ({ page }) => {
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByLabel('Event where').fill('pid 1 kind show');
  }),
  commands: of(FILES, async ({ page }) => {
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder(/command/i).waitFor();
  }),
  share: of(FILES, async ({ page }) => {
    await page.getByRole('button', { name: /^Share/ }).click();
    await page.getByRole('dialog').waitFor();
  }),
  churn: of({ example: 'task_file.bpf.c', world: 'churn' }, (hand) => hand.view('Graph')),
  'churn-vma': of({ example: 'task_vma.bpf.c', world: 'churn' }, (hand) => hand.view('Graph')),
  'churn-task': of({ example: 'task.bpf.c', world: 'churn' }, (hand) => hand.view('Graph')),
  settings: of(FILES, async ({ page }) => {
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('dialog').waitFor();
  }),
  projector: {
    ...of(FILES, async (hand) => {
      await hand.view('Graph');
      await hand.page.getByRole('slider', { name: 'Moment' }).focus();
      await hand.page.keyboard.press('p');
    }),
    changesPage: true,
  },
  many: of({ example: 'task_file.bpf.c', world: 'big:10000', read: '4096' }, (hand) => hand.view('Graph')),
  'many-heat': of({ example: 'task_file.bpf.c', world: 'big:10000', read: '4096' }, (hand) =>
    hand.view('Heat'),
  ),
};

/** What stands where a picture would: the page at work, in trouble, or with nothing to show. */
Object.assign(PICTURES, {
  playing: of({ example: 'task_file.bpf.c', read: '256', part: 0.2 }, async (hand) => {
    await hand.view('Graph');
    await hand.page.emulateMedia({ reducedMotion: 'no-preference' });
    await hand.page.getByRole('button', { name: /^Play/ }).click();
  }),
  compared: {
    ...dock('Compare', async (hand) => {
      const { page } = hand;
      await page.getByRole('button', { name: 'Keep this run as A' }).click();
      await hand.pane('Code');
      await page.getByRole('radio', { name: 'pid', exact: true }).click();
      await page.getByLabel('pid number').fill('412');
      await page.keyboard.press('F5');
      await hand.dock('Compare');
      await page.getByRole('row', { name: /bytes of output/ }).waitFor();
    }),
    changesPage: true,
  },
  filtered: {
    ...of(FILES, async (hand) => {
      await hand.pane('Code');
      await hand.page.getByRole('radio', { name: 'pid', exact: true }).click();
      await hand.page.getByLabel('pid number').fill('412');
      await hand.page.keyboard.press('F5');
      await hand.page.locator('.counter[value="1"]').waitFor();
      await hand.pane('Graph');
    }),
    changesPage: true,
  },
  nobody: of(null, async (hand) => {
    await hand.page.getByRole('radio', { name: 'pid', exact: true }).click();
    await hand.page.getByLabel('pid number').fill('99999');
    await hand.page.keyboard.press('F5');
    await hand.pane('Graph');
  }),
  stale: {
    ...of(FILES, async (hand) => {
      await hand.replaceText('return 0;', 'return 0; /* edited */');
      await hand.pane('Graph');
    }),
    changesPage: true,
  },
  recording: of(null, async (hand) => {
    await hand.page.getByLabel('World', { exact: true }).selectOption('big:10000');
    await hand.page.keyboard.press('F5');
    await hand.page
      .locator('.bar')
      .getByText(/^Recording/)
      .waitFor();
  }),
  killed: of(null, async (hand) => {
    await hand.page.getByLabel('World', { exact: true }).selectOption('big:10000');
    await hand.page.keyboard.press('F5');
    await hand.page.evaluate(() => window.workers.machine.terminate());
    await hand.page.locator('.banner').waitFor();
  }),
  'bad-link': of(null, async (hand) => {
    await hand.page.evaluate(() => (location.hash = '#1.!!!!'));
    await hand.page.locator('.banner').waitFor();
  }),
});
for (const name of ['playing', 'nobody', 'recording', 'killed', 'bad-link'])
  PICTURES[name].changesPage = true;

/** The player for other pages, at its own size: name and address. */
export const PLAYERS = {
  embed: '?example=task_file.bpf.c&read=256&event=26',
  'embed-table': '?example=task_file.bpf.c&read=256&event=26&view=table',
  'embed-vma': '?example=task_vma.bpf.c&read=256&event=26&code=0',
};
