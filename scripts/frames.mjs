/**
 * Measures what drawing costs: processor time of script in each frame while the picture of a large world
 * is panned, zoomed, stepped through and jumped about in, and how many elements the graph has.
 *
 *     node scripts/frames.mjs [WORLD ...] [--peer] [--url URL]
 *
 * With --peer the same scene is then drawn by cytoscape in the same browser, panned and zoomed in the same
 * way, and the ratios are printed.
 * Without a URL the built page in dist/ is served for the time being. Figures are milliseconds of the main
 * thread's own processor time, which other processes hardly change.
 */
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { launchOptions } from './chromium.mjs';
import { servePage } from './serve.mjs';

const words = process.argv.slice(2);
const peer = words.includes('--peer');
const urlAt = words.indexOf('--url');
const givenUrl = urlAt < 0 ? null : words[urlAt + 1];
const worlds = words.filter((word) => word.startsWith('big'));
const WORLDS = worlds.length > 0 ? worlds : ['big:100000'];
const PEER = fileURLToPath(new URL('../node_modules/cytoscape/dist/cytoscape.umd.js', import.meta.url));
const FRAMES = 60;
/** Events in which the page's own script runs. */
const SCRIPT = new Set(['EventDispatch', 'FireAnimationFrame', 'TimerFire', 'FunctionCall', 'RunMicrotasks']);

/** Script of each frame, from a trace: the outermost script events between two frames. */
function scriptPerFrame(events, marker) {
  const thread = ({ pid, tid }) => `${pid}/${tid}`;
  const main = events.filter((event) => event.name === 'FireAnimationFrame').map(thread)[0];
  const mine = events.filter((event) => thread(event) === main).sort((a, b) => a.ts - b.ts);
  const starts = mine.filter((event) => event.name === marker).map((event) => event.ts);
  const frames = new Map();
  let end = 0;
  for (const event of mine) {
    if (event.ph !== 'X' || !SCRIPT.has(event.name) || event.ts < end) continue;
    end = event.ts + (event.dur ?? 0);
    const frame = starts.findLastIndex((ts) => ts <= event.ts);
    frames.set(frame, (frames.get(frame) ?? 0) + (event.tdur ?? 0) / 1000);
  }
  return [...frames.values()].sort((a, b) => a - b);
}

const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

async function measure(browser, page, act) {
  await browser.startTracing(page, {
    categories: [
      'disabled-by-default-devtools.timeline',
      'devtools.timeline',
      'disabled-by-default-devtools.timeline.frame',
    ],
  });
  await act();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  return scriptPerFrame(traceEvents, 'BeginMainThreadFrame');
}

const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => done())));

/** Moves of the hand on a picture around a point of the page. */
const hand = (page, { x, y }) => ({
  panning: async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let i = 0; i < FRAMES; i++) {
      await page.mouse.move(x + 40 * Math.sin(i / 9), y - i * 3);
      await frame(page);
    }
    await page.mouse.up();
  },
  zooming: async () => {
    await page.mouse.move(x, y);
    await page.keyboard.down('Control');
    for (let i = 0; i < FRAMES; i++) {
      await page.mouse.wheel(0, i < FRAMES / 2 ? 40 : -40);
      await frame(page);
    }
    await page.keyboard.up('Control');
  },
});

const stepping = (page) => async () => {
  await page.getByRole('slider', { name: 'Moment' }).focus();
  for (let i = 0; i < FRAMES; i++) {
    await page.keyboard.press('ArrowRight');
    await frame(page);
  }
};

/** Jumps all over the recording, by the timeline. */
const seeking =
  (page, { x, y, width, height }, pause = 0) =>
  async () => {
    for (let i = 0; i < FRAMES / 2; i++) {
      await page.mouse.click(x + width * (0.15 + 0.8 * ((i * 0.618) % 1)), y + height / 2);
      await frame(page);
      await page.waitForTimeout(pause);
    }
  };

/** Time between two jumps that are timed by the clock: a hand is no faster. */
const PAUSE_MS = 300;

/**
 * From then on the page notes how long each press on the timeline takes by the clock: until a frame has been
 * drawn, and until all of the picture's pane is as it is at the moment.
 */
const watchSeeks = (page) =>
  page.evaluate(() => {
    globalThis.seeks = { drawn: [], complete: [] };
    const tracks = document.querySelector('.tracks');
    const graph = document.querySelector('.graph');
    const isComplete = () => Number(graph.dataset.call) + 1 === Number(tracks.ariaValueNow);
    tracks.addEventListener(
      'pointerdown',
      ({ timeStamp }) => {
        const behindFrame = (act) => requestAnimationFrame(() => setTimeout(act));
        const took = () => performance.now() - timeStamp;
        const look = () => {
          if (isComplete()) globalThis.seeks.complete.push(took());
          else behindFrame(look);
        };
        behindFrame(() => {
          globalThis.seeks.drawn.push(took());
          look();
        });
      },
      true,
    );
  });

/** Prints what jumps take by the clock. Nothing is traced meanwhile: that takes its time as well. */
async function clockSeeks(page, world, tracks) {
  await watchSeeks(page);
  await seeking(page, tracks, PAUSE_MS)();
  const seeks = await page.evaluate(() => globalThis.seeks);
  for (const [what, times] of Object.entries(seeks)) {
    times.sort((a, b) => a - b);
    const [median, p95] = [at(times, 0.5), at(times, 0.95)].map((ms) => ms.toFixed(0));
    console.log(`${world}: a seek is ${what} after ${median} ms by the clock, 95 % after ${p95} ms`);
  }
}

/** Prints what each act costs. @returns by act the script of a move, and of the worst frame */
async function report(browser, page, world, acts) {
  const costs = {};
  for (const [name, act] of Object.entries(acts)) {
    const frames = await measure(browser, page, act);
    const [median, p95, most] = [at(frames, 0.5), at(frames, 0.95), frames.at(-1) ?? 0];
    const move = frames.reduce((sum, ms) => sum + ms, 0) / FRAMES;
    costs[name] = { move, most };
    console.log(
      `${world} ${name.padEnd(8)}: script per frame median ${median.toFixed(1)} ms, ` +
        `95 % ${p95.toFixed(1)} ms, most ${most.toFixed(1)} ms in ${frames.length} frames; ${move.toFixed(1)} ms for each of ${FRAMES} moves`,
    );
  }
  return costs;
}

/** Keeps the scene that the machine worker sends, for the peer. */
const keepScene = () => {
  const Plain = Worker;
  globalThis.Worker = class extends Plain {
    constructor(url, options) {
      super(url, options);
      this.addEventListener('message', ({ data }) => {
        const scene = data?.value?.views?.[0]?.scene;
        if (scene)
          globalThis.keptScene = {
            place: [...scene.place],
            edges: [...scene.edgeFrom].map((from, i) => [from, scene.edgeTo[i]]),
          };
      });
    }
  };
};

/** The same nodes and arrows in the same places, drawn by cytoscape with what it offers for large graphs. */
function drawPeer({ place, edges }) {
  const box = document.body.appendChild(document.createElement('div'));
  box.style.cssText = 'position:fixed;inset:0;width:1000px;height:700px';
  const count = place.length / 4;
  const nodes = Array.from({ length: count }, (_, i) => ({
    data: { id: `n${i}`, w: place[4 * i + 2], h: place[4 * i + 3] },
    position: { x: place[4 * i] + place[4 * i + 2] / 2, y: place[4 * i + 1] + place[4 * i + 3] / 2 },
  }));
  const arrows = edges.map(([from, to], i) => ({
    data: { id: `e${i}`, source: `n${from}`, target: `n${to}` },
  }));
  globalThis.cytoscape({
    container: box,
    elements: [...nodes, ...arrows],
    layout: { name: 'preset', fit: false },
    style: [
      { selector: 'node', style: { shape: 'rectangle', width: 'data(w)', height: 'data(h)' } },
      { selector: 'edge', style: { 'curve-style': 'haystack', width: 1 } },
    ],
    hideEdgesOnViewport: true,
    textureOnViewport: true,
    pixelRatio: 1,
    zoom: 0.95,
  });
}

async function comparePeer(browser, page, world, own) {
  const scene = await page.evaluate(() => globalThis.keptScene);
  const other = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  await other.addScriptTag({ path: PEER });
  const began = performance.now();
  await other.evaluate(drawPeer, scene);
  await frame(other);
  console.log(`${world} cytoscape: on show after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  const theirs = await report(browser, other, `${world} cytoscape`, hand(other, { x: 800, y: 350 }));
  for (const [name, { move, most }] of Object.entries(theirs))
    console.log(
      `${world} ${name}: cytoscape / Iterscope = ${(move / own[name].move).toFixed(1)} for a move, ` +
        `${(most / own[name].most).toFixed(1)} for the worst frame`,
    );
  await other.close();
}

const server = givenUrl ? null : await servePage(0);
const browser = await chromium.launch(launchOptions());
try {
  for (const world of WORLDS) {
    const page = await browser.newPage({
      viewport: { width: 1440, height: 900 },
      reducedMotion: 'reduce',
    });
    if (peer) await page.addInitScript(keepScene);
    await page.goto(givenUrl ?? server.url);
    await page.locator('.monaco-editor .view-lines').waitFor();
    await page.getByText(/^Verified/).waitFor({ timeout: 60_000 });
    await page.getByLabel('World', { exact: true }).selectOption(world);
    const began = performance.now();
    await page.keyboard.press('F5');
    await page.locator('.counter[value="1"]').waitFor({ timeout: 600_000 });
    const seconds = (performance.now() - began) / 1000;
    const label = await page.getByRole('textbox', { name: /^Event number/ }).getAttribute('aria-label');
    console.log(`${world}: ${label.match(/(\d+)$/)[1]} events on show after ${seconds.toFixed(1)} s`);
    await page.waitForTimeout(2000);
    const graph = await page.locator('.graph > svg').boundingBox();
    const middle = { x: graph.x + graph.width / 2, y: graph.y + graph.height / 2 };
    const tracks = await page.locator('.tracks').boundingBox();
    await clockSeeks(page, world, tracks);
    const own = await report(browser, page, world, {
      seeking: seeking(page, tracks),
      stepping: stepping(page),
      ...hand(page, middle),
    });
    console.log(`${world}: ${await page.locator('.graph *').count()} elements in the graph`);
    if (peer) await comparePeer(browser, page, world, own);
    await page.close();
  }
} finally {
  await browser.close();
  await server?.close();
}
