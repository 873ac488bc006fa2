import type { Estimate } from '../../contract/preflight.ts';
import { formatRough } from '../../contract/units.ts';
import type { Times } from '../times.ts';
import type { Work } from './work.ts';

/**
 * What programs took on two cores of 2020, one after another, seconds; others take OTHER. Where nothing was
 * measured these are scaled by cores.
 */
const COMPILES: Readonly<Record<string, number>> = {
  kube: 300,
  containerd: 60,
  coredns: 140,
  'kustomize-controller': 145,
  registry: 50,
  'local-path-provisioner': 50,
  attach: 30,
};
const OTHER = 60;
const REFERENCE_CORES = 2;
/** Seconds. */
const ASSEMBLIES: Readonly<Record<string, number>> = {
  'build-root': 30,
  'os-base': 60,
  os: 60,
  compose: 40,
  bundle: 20,
  image: 60,
};
/** Bytes in a second where no download was measured: a slow line of 2020. */
const SLOW_LINE = 4e6;
/** Go modules of all programs, bytes; measured for the programs of `supply/go`. */
const MODULES = 900 * 2 ** 20;
const NODE = 50e6;
/** Downloads of fewer bytes say little about the line. */
const TELLING = 5e6;

/** How long the work will take, from what it took here before; else from figures for a slow machine. */
export function estimate(work: Work, times: Times, cores: number): Estimate {
  const scale = Math.max(0.5, REFERENCE_CORES / cores);
  const compiles = work.programs.map(({ name }) =>
    figure(known(times[`go/${name}`], work.cold), (COMPILES[name] ?? OTHER) * scale),
  );
  const assemblies = work.assembled.map((id) =>
    figure(times[id]?.tookMs, (ASSEMBLIES[id] ?? OTHER) * Math.max(1, scale)),
  );
  const downloadBytes = work.debs.bytes + work.published.bytes + (work.node ? NODE : 0);
  const modules = MODULES * (work.modules.missing / Math.max(1, work.modules.all));
  const rate = measuredRate(times);
  const downloads = downloadBytes + modules > 0 ? [rate !== null] : [];
  const all = [...compiles, ...assemblies].map(({ measured }) => measured).concat(downloads);
  return {
    compileMs: total(compiles),
    downloadMs: Math.round(((downloadBytes + modules) / (rate ?? SLOW_LINE)) * 1000),
    assembleMs: total(assemblies),
    downloadBytes,
    basis: basisOf(all),
  };
}

/** All of it. */
export const estimateMs = ({ compileMs, downloadMs, assembleMs }: Estimate) =>
  compileMs + downloadMs + assembleMs;

/** `about 25 min: 18 min to compile, 4 min to download …`, and what that is based on. */
export function estimateText(found: Estimate): string {
  const { compileMs, downloadMs, assembleMs, basis } = found;
  const all = estimateMs(found);
  if (all < 60_000) return `less than a minute (${BASES[basis]})`;
  const shares = [
    { ms: compileMs, doing: 'to compile' },
    { ms: downloadMs, doing: 'to download' },
    { ms: assembleMs, doing: 'to assemble and write' },
  ].filter(({ ms }) => ms >= 30_000);
  const detail = shares.map(({ ms, doing }) => `${formatRough(Math.max(ms, 60_000))} ${doing}`).join(', ');
  return `about ${formatRough(all)}${shares.length > 1 ? `: ${detail}` : ''} (${BASES[basis]})`;
}

const BASES: Record<Estimate['basis'], string> = {
  measured: 'by what it took here before',
  partly: 'partly by what it took here before',
  assumed: 'a guess: nothing was measured here yet',
};

interface Figure {
  ms: number;
  measured: boolean;
}

const figure = (measuredMs: number | undefined, seconds: number): Figure =>
  measuredMs === undefined ? { ms: seconds * 1000, measured: false } : { ms: measuredMs, measured: true };

const known = (time: Times[string] | undefined, cold: boolean) => (cold ? time?.longestMs : time?.tookMs);

const total = (figures: readonly Figure[]) => Math.round(figures.reduce((sum, { ms }) => sum + ms, 0));

/** Of the downloads that were large enough, bytes in a second. */
function measuredRate(times: Times): number | null {
  const telling = Object.values(times).filter(({ bytes, tookMs }) => bytes >= TELLING && tookMs > 0);
  if (telling.length === 0) return null;
  const [bytes, took] = [telling.map((one) => one.bytes), telling.map((one) => one.tookMs)].map((values) =>
    values.reduce((sum, value) => sum + value, 0),
  );
  return ((bytes ?? 0) / (took ?? 1)) * 1000;
}

function basisOf(measured: readonly boolean[]): Estimate['basis'] {
  if (measured.every(Boolean)) return 'measured';
  return measured.some(Boolean) ? 'partly' : 'assumed';
}
