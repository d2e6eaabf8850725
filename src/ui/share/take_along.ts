/** The things that can be taken along from the moment on show, by what they are called. */
import { traceOf } from '../store/run.ts';
import type { PageState } from '../store/store.ts';
import { describeMoment } from '../trace/describe.ts';
import { foldTrace } from '../trace/fold.ts';
import { heldAt } from '../trace/held.ts';
import { namesOf } from '../trace/names.ts';
import { sessionOutput } from '../trace/output.ts';
import { download } from './deliver.ts';
import { drawPicture, toPng } from './picture_file.ts';
import type { PictureFile } from './picture_file.ts';
import { momentText, runText } from './transcript.ts';

const shown = (state: PageState) => {
  const trace = traceOf(state);
  const { result, ran } = state;
  if (!trace || !result || !ran || trace.length === 0) return null;
  return { trace, result, ran, folded: foldTrace(trace), names: namesOf(result.scene) };
};

/** The moment in words, with the callbacks around it; '' without a recording. */
export function transcriptOf(state: PageState): string {
  const here = shown(state);
  if (!here) return '';
  const { folded, names, trace, ran } = here;
  return momentText(folded, names, state.at, ran, heldAt(trace, state.at.call));
}

/** Every callback of the session and what was read; '' without a recording. */
export function runOf(state: PageState): string {
  const here = shown(state);
  if (!here) return '';
  const { folded, names, ran, result } = here;
  const output = sessionOutput(result.report.output, result.sessions, state.session);
  return runText(folded, names, ran, output);
}

/** The picture, or null where a target has none. */
export function pictureOf(state: PageState): PictureFile | null {
  const here = shown(state);
  if (!here || !here.result.scene || here.result.scene.length === 0) return null;
  const { folded, names, result } = here;
  const subject = { picture: result.scene as NonNullable<typeof result.scene>, folded };
  return drawPicture(subject, state.at.call, state.selected, describeMoment(folded, names, state.at));
}

/** `task_file-event-26.svg` */
const fileName = (state: PageState, end: string): string =>
  `${traceOf(state)?.target ?? 'walk'}-event-${state.at.call + 1}${end}`;

export function saveSvg(state: PageState): void {
  const picture = pictureOf(state);
  if (picture) download(fileName(state, '.svg'), picture.svg, 'image/svg+xml');
}

export async function savePng(state: PageState): Promise<void> {
  const picture = pictureOf(state);
  if (picture) download(fileName(state, '.png'), await toPng(picture));
}

export const saveTranscript = (state: PageState): void =>
  download(fileName(state, '.txt'), transcriptOf(state));
export const saveRun = (state: PageState): void =>
  download(`${traceOf(state)?.target ?? 'walk'}-run.txt`, runOf(state));
