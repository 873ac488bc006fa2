import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a package says of its licences. */
export interface Licence {
  /** SPDX licence expression, or NOASSERTION. */
  expression: string;
  /** Licences in it that SPDX has no identifier for. */
  own: OwnLicence[];
}

export interface OwnLicence {
  /** `LicenseRef-…`, the same for the same name and text. */
  id: string;
  name: string;
  text: string;
}

export const unknown: Licence = { expression: 'NOASSERTION', own: [] };

const lists = readFileSync(join(import.meta.dirname, 'spdx-ids.txt'), 'utf8')
  .split('\n\n')
  .map((part) => new Set(part.split('\n').filter((line) => line !== '' && !line.startsWith('#'))));

/** Whether the SPDX License List has it, as it is written. */
export const isSpdxId = (id: string) => lists[0]?.has(id) ?? false;
export const isSpdxException = (id: string) => lists[1]?.has(id) ?? false;

/** A licence that has no SPDX identifier, by the name that the package gives it. Source: SPDX 2.3, clause 10. */
export function ownLicence(name: string, text: string): OwnLicence {
  const readable = name.replaceAll(/[^A-Za-z0-9.]+/g, '-').replace(/^-|-$/g, '');
  const hash = createHash('sha256').update(`${name}\n${text}`).digest('hex').slice(0, 8);
  return { id: `LicenseRef-${readable}-${hash}`, name, text };
}

/**
 * An expression that a package declares in SPDX's own words, as npm, Alpine and Python do; NOASSERTION for
 * whatever else it says. Source: SPDX 2.3, annex D.
 */
export function declaredLicence(text: string | null): Licence {
  const plain = text?.trim() ?? '';
  const words = plain.replaceAll(/[()]/g, ' ').trim().split(/\s+/);
  const isGood = words.length % 2 === 1 && words.every((word, index) => fits(word, words[index - 1], index));
  return isGood && balanced(plain) ? { expression: plain, own: [] } : unknown;
}

/** Licences and operators take turns; after WITH comes an exception. */
function fits(word: string, before: string | undefined, index: number): boolean {
  if (index % 2 === 1) return /^(?:AND|OR|WITH)$/.test(word);
  return before === 'WITH' ? isSpdxException(word) : isSpdxId(word.replace(/\+$/, ''));
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}
