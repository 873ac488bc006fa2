import type { GitPolicy } from '../../contract/git-policy.ts';
import { messageOf } from '../../contract/message-of.ts';
import { checkSshSignature } from './sshsig.ts';

/** A commit without its signature, and the signature. Source: git, gitformat-signature(5). */
function split(commit: Buffer): { payload: Buffer; signatures: string[] } {
  const text = commit.toString('latin1');
  const end = text.indexOf('\n\n');
  const head = text.slice(0, end);
  const field = /(?:^|\n)gpgsig(?:-sha256)? (?<value>[^\n]*(?:\n [^\n]*)*)/g;
  const signatures = [...head.matchAll(field)].map(({ groups }) =>
    (groups?.['value'] ?? '').replaceAll('\n ', '\n'),
  );
  return { payload: Buffer.from(head.replace(field, '') + text.slice(end), 'latin1'), signatures };
}

/** Why a commit is not signed as it must be; null when it is. */
export function signatureProblem(
  commit: Buffer,
  { signed, allowedSigners }: Pick<GitPolicy, 'signed' | 'allowedSigners'>,
): string | null {
  if (signed === 'none') return null;
  const { payload, signatures } = split(commit);
  const [signature] = signatures;
  if (signature === undefined) return 'is not signed';
  if (signatures.length > 1) return 'has two signatures';
  if (!signature.startsWith('-----BEGIN SSH'))
    return 'is not signed with SSH: a box cannot check other signatures';
  try {
    const { key, good } = checkSshSignature(signature, payload);
    if (!good) return 'has a signature that is not of this commit';
    const isAllowed = allowedSigners.some((signer) => signer.split(' ').slice(1, 3).join(' ') === key);
    return signed === 'any' || isAllowed ? null : `is signed by a key that the site does not allow: ${key}`;
  } catch (error) {
    return `has a signature that cannot be checked: ${messageOf(error)}`;
  }
}
