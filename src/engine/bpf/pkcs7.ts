/**
 * Signatures as PKCS#7 messages: how far a kernel comes that has nobody's key.
 *
 *     SEQUENCE { OBJECT IDENTIFIER signedData, [0] { SEQUENCE ... } }
 *
 * Source: crypto/asymmetric_keys/pkcs7_parser.c, pkcs7_trust.c, lib/asn1_decoder.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';

const SEQUENCE = 0x30;
const OBJECT_ID = 0x06;
const EXPLICIT_0 = 0xa0;
/** 1.2.840.113549.1.7.2 */
const SIGNED_DATA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02] as const;
const MOST_BYTES = 65_535;
/** A length from here on says how many bytes of length follow; 0x80 itself, that the end is marked. */
const LONG_LENGTH = 0x80;

/** The content of an element with this tag at the start, and what follows it; null where there is none. */
function element(bytes: Uint8Array, tag: number): { inside: Uint8Array; rest: Uint8Array } | null {
  const [found, short = LONG_LENGTH] = bytes;
  if (found !== tag || short === LONG_LENGTH) return null;
  const more = short < LONG_LENGTH ? 0 : short - LONG_LENGTH;
  if (more > 2 || bytes.length < 2 + more) return null;
  const length = more === 0 ? short : bytes.subarray(2, 2 + more).reduce((sum, byte) => sum * 256 + byte, 0);
  const start = 2 + more;
  if (start + length > bytes.length) return null;
  return { inside: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}

/**
 * What a signature is worth to who trusts no key.
 *
 * @returns -EMSGSIZE above 65,535 bytes, -EBADMSG for what is no message, -EINVAL for a message of another kind,
 *   -ENOKEY for a signature
 * @kernel verify_pkcs7_signature, certs/system_keyring.c
 * @fidelity partial: no digest is computed, so a signature of other data has no key either
 */
export function judgeSignature(signature: Uint8Array): NegErrno {
  if (signature.length > MOST_BYTES) return fail('EMSGSIZE');
  const message = element(signature, SEQUENCE);
  const kind = message && element(message.inside, OBJECT_ID);
  if (!kind) return fail('EBADMSG');
  const isSigned =
    kind.inside.length === SIGNED_DATA.length && SIGNED_DATA.every((byte, i) => kind.inside[i] === byte);
  if (!isSigned) return fail('EINVAL');
  const content = element(kind.rest, EXPLICIT_0);
  return content && element(content.inside, SEQUENCE) ? fail('ENOKEY') : fail('EBADMSG');
}
