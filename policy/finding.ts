import { type RuleName, rules } from './rules.ts';

/** Something that a commit must not have. */
export interface Finding {
  rule: RuleName;
  /** Below the tree; a reference or a commit where no file is meant. */
  file: string;
  /** Counted from 1; absent where it is about the whole file. */
  line?: number;
  /** What is wrong, as a phrase without a full stop. */
  what: string;
  /** `Kind/name` of the object, where an app may ask for an exception. */
  object?: string;
}

/** `file:line`. */
export const placeOf = ({ file, line }: Finding) => (line === undefined ? file : `${file}:${line}`);

export const fixOf = ({ rule }: Finding): string => rules[rule].fix;

/** So many are shown to who pushes; who has more has one mistake with many effects. */
const MOST_SHOWN = 20;

/** In the order of files and lines. */
export const sorted = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((a, b) => a.file.localeCompare(b.file, 'en') || (a.line ?? 0) - (b.line ?? 0));

/** Findings for people, two lines each, in the order of files and lines. @param most how many. */
export function linesOf(findings: readonly Finding[], most = MOST_SHOWN): string[] {
  const shown = sorted(findings)
    .slice(0, most)
    .flatMap((finding) => [
      `${placeOf(finding)}: ${finding.rule}: ${printable(finding.what)}`,
      `  fix: ${fixOf(finding)}`,
    ]);
  const more = findings.length - most;
  return more > 0 ? [...shown, `and ${more} more`] : shown;
}

/** What a file says must not move the cursor of who reads it. */
const printable = (text: string) => text.replaceAll(/\p{C}/gu, '?').slice(0, 400);
