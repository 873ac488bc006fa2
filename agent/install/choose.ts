import { basename } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { Install } from '../../contract/install.ts';
import { formatBytes, parseBytes } from '../../contract/units.ts';
import type { Content } from './content.ts';
import type { Disk } from './disks.ts';

/** A disk that was looked at. */
export interface Candidate extends Disk {
  content: Content;
}

/** A disk for people: `vda, 17 GB, QEMU HARDDISK, serial 4711: blank`. */
export function describe({ path, size, model, serial, content }: Candidate): string {
  const about = [basename(path), formatBytes(size), model, serial === '' ? '' : `serial ${serial}`];
  return `${about.filter((part) => part !== '').join(', ')}: ${describeContent(content)}`;
}

export function describeContent(content: Content): string {
  if (content.kind === 'foreign') return `holds ${content.found.join(', ')}`;
  return content.kind === 'blank' ? 'blank' : 'an installation that was cut off';
}

/** Why a disk does not fit a rule; null when it does. @param least bytes that the box needs. */
export function misfit(
  { unfit, size, model, serial }: Disk,
  rule: Install['disk'],
  least: number,
): string | null {
  const wanted = Math.max(least, parseBytes(rule.minSize ?? '') ?? 0);
  if (unfit !== null) return unfit;
  if (size < wanted) return `${formatBytes(size)}, smaller than ${formatBytes(wanted)}`;
  if (rule.model !== undefined && !model.toLowerCase().includes(rule.model.toLowerCase()))
    return `model ${model || 'unknown'}, not ${rule.model}`;
  if (rule.serial !== undefined && serial !== rule.serial)
    return `serial ${serial || 'unknown'}, not ${rule.serial}`;
  return null;
}

/**
 * The one disk that a box may install itself to without asking: it fits the rule, and is blank or half
 * installed, or named as one to erase.
 * @throws CpiabError E1301 none fits, E1302 those that fit hold data, E1303 several.
 */
export function choose(candidates: readonly Candidate[], { disk, erase }: Install, least: number): Candidate {
  const fitting = candidates.filter((candidate) => misfit(candidate, disk, least) === null);
  const named = ({ serial }: Candidate) => erase !== undefined && serial === erase;
  const free = fitting.filter((candidate) => candidate.content.kind !== 'foreign' || named(candidate));
  // One that was begun is gone on with, whatever else was built in since.
  const begun = free.filter(({ content }) => content.kind === 'unfinished');
  const [chosen, ...others] = begun.length > 0 ? begun : free;
  if (chosen === undefined) throw refusal(candidates, fitting, disk, least);
  if (others.length === 0) return chosen;
  const names = [chosen, ...others].map(describe).join('; ');
  throw new CpiabError('E1303', { subject: 'install', args: [names] });
}

function refusal(
  candidates: readonly Candidate[],
  [first, ...rest]: readonly Candidate[],
  rule: Install['disk'],
  least: number,
): CpiabError {
  if (first !== undefined) {
    const found = [first, ...rest].map(describe).join('; ');
    return new CpiabError('E1302', { subject: basename(first.path), args: [found] });
  }
  const reasons = candidates.map((each) => `${basename(each.path)} is ${misfit(each, rule, least)}`);
  const none = 'the machine has none that Linux knows';
  return new CpiabError('E1301', { subject: 'install', args: [reasons.join('; ') || none] });
}
