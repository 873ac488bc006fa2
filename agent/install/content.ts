import { z } from 'zod';
import { installClaim } from '../../contract/install.ts';
import { bytesAt } from '../../host/files.ts';
import { ProcessError, run } from '../../host/process.ts';

/** What is on a disk. */
export type Content =
  | { kind: 'blank' }
  /** An installation that was cut off. */
  | { kind: 'unfinished' }
  /** Somebody's data, a box of CPiaB among it: what was found, for people. */
  | { kind: 'foreign'; found: string[] };

const MIB = 2 ** 20;
const SECTOR = 512;

const TableSchema = z.object({
  partitiontable: z.object({
    label: z.string(),
    partitions: z
      .array(z.object({ start: z.number(), size: z.number(), name: z.string().default('') }))
      .default([]),
  }),
});
const SignaturesSchema = z.object({
  signatures: z.array(z.object({ type: z.string(), label: z.string().nullable() })),
});

/**
 * Looks at a disk and writes nothing. It is blank when no tool knows anything on it, and its first and last
 * MiB are zeros: what no tool knows may be dear to somebody.
 */
export async function contentOf(path: string, size: number, signal: AbortSignal): Promise<Content> {
  const first = await bytesAt(path, 0, SECTOR);
  if (isClaim(first)) return { kind: 'unfinished' };
  const found = [...(await partitionsOn(path, signal)), ...(await signaturesOn(path, signal))];
  if (found.length > 0) return { kind: 'foreign', found };
  for (const [where, start] of [
    ['first', 0],
    ['last', Math.max(0, size - MIB)],
  ] as const) {
    const bytes = await bytesAt(path, start, MIB);
    if (bytes.some((byte) => byte !== 0))
      return { kind: 'foreign', found: [`data of no known kind in its ${where} MiB`] };
  }
  return { kind: 'blank' };
}

/** The first sector of a disk that is being installed: the claim, and zeros. */
export function claimSector(): Buffer {
  const sector = Buffer.alloc(SECTOR);
  sector.write(installClaim);
  return sector;
}

const isClaim = (sector: Buffer) => sector.equals(claimSector());

async function partitionsOn(path: string, signal: AbortSignal): Promise<string[]> {
  const text = await outputOf(['sfdisk', '--json', path], signal);
  if (text === null) return [];
  const { label, partitions } = TableSchema.parse(JSON.parse(text)).partitiontable;
  const described = await Promise.all(
    partitions.map(async ({ start, size, name }, index) => {
      const what = await fileSystemAt(path, start * SECTOR, size * SECTOR, signal);
      return [`partition ${index + 1}`, quoted(name), what].filter((part) => part !== '').join(' ');
    }),
  );
  return [`a ${label} partition table`, ...described];
}

async function fileSystemAt(path: string, start: number, size: number, signal: AbortSignal): Promise<string> {
  const argv = ['blkid', '--probe', '--output', 'export', '--offset', String(start), '--size', String(size)];
  const text = await outputOf([...argv, path], signal);
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text ?? '')?.[1] ?? '';
  return value('TYPE') === '' ? '' : `with ${value('TYPE')} ${quoted(value('LABEL'))}`.trim();
}

/** File systems, RAID members and the like on the whole disk; a partition table is told before. */
async function signaturesOn(path: string, signal: AbortSignal): Promise<string[]> {
  const text = await outputOf(['wipefs', '--json', '--no-act', path], signal);
  if (text === null || text.trim() === '') return [];
  const { signatures } = SignaturesSchema.parse(JSON.parse(text));
  const known = new Set(['gpt', 'PMBR', 'dos']);
  return signatures
    .filter(({ type }) => !known.has(type))
    .map(({ type, label }) => `${type} ${quoted(label ?? '')}`.trim());
}

/** A program's output; null when it found nothing, which sfdisk and blkid tell by their status. */
async function outputOf(argv: string[], signal: AbortSignal): Promise<string | null> {
  try {
    return (await run(argv, { signal })).stdout;
  } catch (error) {
    if (error instanceof ProcessError && error.failure === 'exit') return null;
    throw error;
  }
}

const quoted = (text: string) => (text === '' ? '' : `"${text}"`);
