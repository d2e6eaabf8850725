import { expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import { judgeSignature } from './pkcs7.ts';

const ofHex = (text: string): Uint8Array => Uint8Array.from(text.split(' '), (byte) => parseInt(byte, 16));

test.each([
  ['nothing', Uint8Array.of(), 'EBADMSG'],
  ['text', ofHex('68 65 6c 6c 6f'), 'EBADMSG'],
  ['a sequence that ends too early', ofHex('30 20 06 09 2a 86 48 86 f7 0d 01 07 02'), 'EBADMSG'],
  ['data that is not signed', ofHex('30 0d 06 09 2a 86 48 86 f7 0d 01 07 01 a0 00'), 'EINVAL'],
  ['signed data without content', ofHex('30 0d 06 09 2a 86 48 86 f7 0d 01 07 02 a0 00'), 'EBADMSG'],
  ['a signature', ofHex('30 81 0f 06 09 2a 86 48 86 f7 0d 01 07 02 a0 02 30 00'), 'ENOKEY'],
  ['what is too long', new Uint8Array(65_536), 'EMSGSIZE'],
] as const)('%s', (_what, bytes, errno) => {
  expect(judgeSignature(bytes)).toBe(fail(errno));
});
