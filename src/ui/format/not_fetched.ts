/** Parts of the page are fetched when they are first wanted. Without a network that is no defect of theirs. */

/** What browsers say of a module or a style sheet that did not come. */
const SAID =
  /dynamically imported module|importing a module script failed|preload CSS|error loading dynamically/i;

/** @returns what to say instead of a defect; '' when the error is another */
export const notFetched = (what: string, error: string): string =>
  SAID.test(error)
    ? `${what} could not be fetched. When the network is there again, reload the page: your program is kept.`
    : '';
