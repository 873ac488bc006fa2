import { createHmac, timingSafeEqual } from 'node:crypto';
import { fromUnpadded, type Identity, type Recipient, type Stanza, unpadded } from './keys.ts';
import { hkdf } from './primitives.ts';

const VERSION = 'age-encryption.org/v1';
const COLUMNS = 64;
/** Bytes of a header: room for some hundred recipients. */
export const LARGEST_HEADER = 1 << 16;

export function formatHeader(fileKey: Buffer, recipients: readonly Recipient[]): string {
  const stanzas = recipients.map((recipient) => formatStanza(recipient.wrap(fileKey)));
  const signed = `${VERSION}\n${stanzas.join('')}---`;
  return `${signed} ${unpadded(mac(fileKey, signed))}\n`;
}

/**
 * Reads a header and finds the file key.
 * @returns null when no identity fits, or the header was changed.
 */
export function openHeader(text: string, identities: readonly Identity[]): Buffer | null {
  const stanzas = parseStanzas(text);
  if (stanzas === null) return null;
  // A passphrase must stand alone, or who knows it could not tell who else can read. Source: C2SP age.
  if (stanzas.length > 1 && stanzas.some(({ args }) => args[0] === 'scrypt')) return null;
  const fileKey = unwrapped(stanzas, identities);
  return fileKey !== null && isSigned(text, fileKey) ? fileKey : null;
}

function unwrapped(stanzas: readonly Stanza[], identities: readonly Identity[]): Buffer | null {
  for (const stanza of stanzas)
    for (const identity of identities) {
      const fileKey = identity.unwrap(stanza);
      if (fileKey?.length === 16) return fileKey;
    }
  return null;
}

function isSigned(text: string, fileKey: Buffer): boolean {
  const at = text.lastIndexOf('--- ');
  const found = fromUnpadded(text.slice(at + 4, -1));
  const expected = mac(fileKey, text.slice(0, at + 3));
  return found?.length === expected.length && timingSafeEqual(found, expected);
}

const mac = (fileKey: Buffer, text: string) =>
  createHmac('sha256', hkdf(fileKey, Buffer.alloc(0), 'header'))
    .update(text)
    .digest();

/** The last line of a body is shorter than the others, if need be empty. */
function formatStanza({ args, body }: Stanza): string {
  const encoded = unpadded(body);
  const lines = Array.from({ length: Math.floor(encoded.length / COLUMNS) + 1 }, (_, line) =>
    encoded.slice(line * COLUMNS, (line + 1) * COLUMNS),
  );
  return `-> ${args.join(' ')}\n${lines.join('\n')}\n`;
}

function parseStanzas(text: string): Stanza[] | null {
  const [version, ...lines] = text.split('\n').slice(0, -2);
  if (version !== VERSION) return null;
  const stanzas: Stanza[] = [];
  for (let at = 0; at < lines.length; ) {
    const [arrow, ...args] = (lines[at] ?? '').split(' ');
    if (arrow !== '->' || args.length === 0 || args.some((arg) => !/^[\x21-\x7e]+$/.test(arg))) return null;
    const end = lines.findIndex((line, index) => index > at && line.length < COLUMNS);
    const body = end === -1 ? null : bodyOf(lines.slice(at + 1, end + 1));
    if (body === null) return null;
    stanzas.push({ args, body });
    at = end + 1;
  }
  return stanzas;
}

const bodyOf = (lines: string[]) =>
  lines.slice(0, -1).some((line) => line.length !== COLUMNS) ? null : fromUnpadded(lines.join(''));
