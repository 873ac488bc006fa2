import { createHash, verify, X509Certificate } from 'node:crypto';
import { type AuditLogDocument, type BoxSeal, endorsedText } from '../contract/audit-log.ts';
import { CpiabError } from '../contract/errors.ts';
import { MerkleTree } from './merkle.ts';
import { openNote, parseCheckpoint, parseNoteKey } from './signed-note.ts';

/** A log that is what its box has signed. */
export interface VerifiedLog {
  /** SHA-256 of the key of the box's API, hexadecimal: what its console shows. */
  fingerprint: string;
  origin: string;
  size: number;
  /** Root of the tree, base64. */
  root: string;
}

/**
 * Checks that a box's records hang on the key that its console shows.
 * @param subject names the file or box in errors.
 * @returns the fingerprint of that key.
 * @throws CpiabError E2160.
 */
export function checkSeal(seal: BoxSeal, subject: string): string {
  try {
    const { publicKey } = new X509Certificate(seal.certificate);
    const text = Buffer.from(endorsedText(seal.key));
    if (!verify('sha256', text, publicKey, Buffer.from(seal.endorsement, 'base64')))
      throw new Error("the API's key did not endorse it");
    return createHash('sha256')
      .update(publicKey.export({ format: 'der', type: 'spki' }))
      .digest('hex');
  } catch (cause) {
    throw new CpiabError('E2160', { subject, args: [(cause as Error).message], cause });
  }
}

/**
 * Checks a whole log offline: every entry follows from those before, and all of them are what the box signed.
 * @throws CpiabError E2160 wrong seal, E2161 wrong checkpoint, E2162 with the index of what was changed.
 */
export function verifyLog(log: AuditLogDocument, subject: string): VerifiedLog {
  const fingerprint = checkSeal(log.seal, subject);
  const text = openNote(log.checkpoint, parseNoteKey(log.seal.key));
  if (text === null) throw new CpiabError('E2161', { subject });
  const { origin, size, root } = parseCheckpoint(text);
  const tree = replay(log, subject);
  if (tree.size < size)
    throw new CpiabError('E2162', {
      subject,
      args: [String(tree.size), `it is missing; the box has signed ${size}`],
    });
  if (tree.size > size || !tree.root().equals(root)) {
    const last = String(tree.size - 1);
    throw new CpiabError('E2162', { subject, args: [last, 'it is not what the box has signed'] });
  }
  return { fingerprint, origin, size, root: root.toString('base64') };
}

/**
 * Checks that a log goes on from an earlier copy of it: the way to find one that was rolled back or written anew.
 * @throws CpiabError E2162 with the first index that differs.
 */
export function checkContinues(log: AuditLogDocument, earlier: AuditLogDocument, subject: string): void {
  const differs = earlier.entries.findIndex(
    (entry, index) => JSON.stringify(entry) !== JSON.stringify(log.entries[index]),
  );
  if (differs >= 0)
    throw new CpiabError('E2162', {
      subject,
      args: [String(differs), 'an earlier copy of the log has another'],
    });
}

function replay({ from, entries }: AuditLogDocument, subject: string): MerkleTree {
  const tree = new MerkleTree();
  if (from !== 0) throw new CpiabError('E2162', { subject, args: ['0', 'the copy does not begin with it'] });
  for (const entry of entries) {
    const { size } = tree;
    if (entry.index !== size)
      throw new CpiabError('E2162', { subject, args: [String(size), 'another stands in its place'] });
    if (entry.tree !== tree.root().toString('base64'))
      throw new CpiabError('E2162', {
        subject,
        args: [String(Math.max(0, size - 1)), 'what follows it was made for another'],
      });
    tree.append(Buffer.from(JSON.stringify(entry)));
  }
  return tree;
}
