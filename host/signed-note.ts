import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** An Ed25519 key that notes are checked with. Source: C2SP signed-note, "Verifier keys". */
export interface NoteKey {
  name: string;
  /** First 4 bytes of the SHA-256 of name, line break, algorithm and key. */
  id: Buffer;
  key: KeyObject;
}

/** What a checkpoint says. Source: C2SP tlog-checkpoint. */
export interface Checkpoint {
  origin: string;
  size: number;
  /** 32 bytes. */
  root: Buffer;
}

const ED25519 = Buffer.of(1);
/** DER of SubjectPublicKeyInfo up to the 32 bytes of an Ed25519 key (RFC 8410 section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const SIGNATURE = /^— (?<name>\S+) (?<value>[A-Za-z0-9+/]+=*)$/;

/** The text that names a public key: `<name>+<identifier>+<base64>`. */
export function formatNoteKey(name: string, key: KeyObject): string {
  const raw = Buffer.concat([ED25519, rawKey(key)]);
  return `${name}+${keyId(name, raw).toString('hex')}+${raw.toString('base64')}`;
}

/** @throws Error when the text names no Ed25519 key, or its identifier is another key's. */
export function parseNoteKey(text: string): NoteKey {
  const [, name = '', id = '', value = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? [];
  const raw = Buffer.from(value, 'base64');
  if (raw.length !== 33 || !raw.subarray(0, 1).equals(ED25519))
    throw new Error('not the key of a signed note');
  if (keyId(name, raw).toString('hex') !== id) throw new Error('the identifier is that of another key');
  const der = Buffer.concat([SPKI_PREFIX, raw.subarray(1)]);
  return {
    name,
    id: Buffer.from(id, 'hex'),
    key: createPublicKey({ key: der, format: 'der', type: 'spki' }),
  };
}

/** @returns what signs the text of a note, which has a line break at its end. */
export function noteSigner(name: string, privateKey: KeyObject): (text: string) => string {
  const id = keyId(name, Buffer.concat([ED25519, rawKey(createPublicKey(privateKey))]));
  return (text) => {
    const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]);
    return `${text}\n— ${name} ${signature.toString('base64')}\n`;
  };
}

/** The text of a note that this key signed, or null. Signatures by others are passed over, as C2SP wants. */
export function openNote(note: string, { name, id, key }: NoteKey): string | null {
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  for (const line of note.slice(end + 2).split('\n')) {
    const groups = SIGNATURE.exec(line)?.groups;
    const value = Buffer.from(groups?.['value'] ?? '', 'base64');
    const own = groups?.['name'] === name && value.subarray(0, 4).equals(id);
    if (end > 0 && own && verify(null, Buffer.from(text), key, value.subarray(4))) return text;
  }
  return null;
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** @throws Error when the text is no checkpoint. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', hash = ''] = text.split('\n');
  const root = Buffer.from(hash, 'base64');
  if (origin === '' || !/^(0|[1-9]\d{0,15})$/.test(size) || root.length !== 32)
    throw new Error('not a checkpoint');
  return { origin, size: Number(size), root };
}

function keyId(name: string, raw: Buffer): Buffer {
  return createHash('sha256').update(`${name}\n`).update(raw).digest().subarray(0, 4);
}

function rawKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}
