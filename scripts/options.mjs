/** The words behind a script's name. What it does not know ends it, with what there is. */
import { parseArgs } from 'node:util';

/** @returns {never} */
export function refuse(sentence) {
  console.error(sentence);
  process.exit(2);
}

/** `parseArgs`, whose errors are sentences. */
export function readOptions(config) {
  try {
    return parseArgs(config);
  } catch (error) {
    const [said] = error.message.split(/\. To specify|\n/);
    const names = Object.keys(config.options).map((name) => `--${name}`);
    refuse(`${said}. There are: ${names.join(', ')}`);
  }
}

/** What was said of an option that takes a whole number. */
export function whole(values, name) {
  const text = values[name];
  if (!/^\d+$/.test(text)) refuse(`--${name} takes a whole number, not '${text}'`);
  return Number(text);
}
