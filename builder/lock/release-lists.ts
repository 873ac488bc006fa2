import { isPinnable } from '../../contract/bundle-set.ts';
import { CpiabError } from '../../contract/errors.ts';

/** Characters of a wrong line that tell what it is. */
const SHOWN = 60;

/**
 * Name → SHA-256, of lines that sha256sum writes: the digest, a space, a space or an asterisk, the name.
 * Source: sha256sum(1).
 * @param subject where the text came from.
 * @throws CpiabError E3081.
 */
export function parseChecksums(text: string, subject: string): Map<string, string> {
  const refuse = (what: string) => new CpiabError('E3081', { subject, args: [what] });
  const sums = new Map<string, string>();
  for (const [index, line] of wholeLines(text, refuse).entries()) {
    const [, sha256, name] = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line) ?? [];
    if (sha256 === undefined || name === undefined) throw refuse(shown(index, line));
    if (sums.has(name)) throw refuse(`it has ${name} twice`);
    sums.set(name, sha256);
  }
  return sums;
}

/**
 * The images of a list that has one on each line, sorted.
 * @param subject where the text came from.
 * @throws CpiabError E3082.
 */
export function parseImageList(text: string, subject: string): string[] {
  const refuse = (what: string) => new CpiabError('E3082', { subject, args: [what] });
  const lines = wholeLines(text, refuse);
  const wrong = lines.findIndex((line) => !isPinnable(line));
  if (wrong !== -1) throw refuse(`${shown(wrong, lines[wrong] ?? '')}, no full reference`);
  return [...new Set(lines)].toSorted();
}

/** A text whose last line has no end was cut off, and a shorter tag may be another image. */
function wholeLines(text: string, refuse: (what: string) => CpiabError): string[] {
  if (text === '') throw refuse('it is empty');
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  if (rest !== '') throw refuse(`${shown(lines.length, rest)}, cut off`);
  return lines;
}

const shown = (index: number, line: string) => `line ${index + 1} is ${JSON.stringify(line.slice(0, SHOWN))}`;
