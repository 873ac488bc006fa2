import { z } from 'zod';
import { AuditReportSchema } from '../../contract/audit.ts';
import { CpiabError } from '../../contract/errors.ts';
import { ManifestSchema } from '../../contract/manifest.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import { readTextFile } from '../../host/input-file.ts';
import type { Check, Seen } from './check.ts';

/** It is not older than what somebody saw before. */
export const sequenceCheck: Check = {
  name: 'sequence',
  run: async ({ medium, manifest, after }) => {
    const { sequence } = manifest;
    if (after === null)
      return {
        says: `${sequence}; nothing to compare with, as --after is not given`,
        count: sequence,
        none: true,
      };
    refuseOlder(medium.path, manifest, after);
    const follows = after.manifest !== null && manifest.previous === after.manifest;
    const says = `${sequence}, not older than ${after.sequence}${follows ? ', which it names as the one before' : ''}`;
    return { says, count: sequence };
  },
};

/** @throws CpiabError E2125 when it is older than what was seen, E2126 when that is of another site. */
export function refuseOlder(
  subject: string,
  { site, sequence }: { site: string; sequence: number },
  after: Seen,
): void {
  if (after.site !== null && after.site !== site)
    throw new CpiabError('E2126', { subject, args: [site, after.site] });
  if (sequence < after.sequence)
    throw new CpiabError('E2125', { subject, args: [String(sequence), String(after.sequence)] });
}

/** Bytes; a manifest names each blob in about 300. */
const LARGEST_REPORT = 64 << 20;

const SeenSchema = z.union([
  ManifestSchema,
  AuditReportSchema.transform(({ bundle }, context) => {
    if (bundle === null) context.addIssue({ code: 'custom', message: 'the report is of no signed bundle' });
    return bundle ?? z.NEVER;
  }),
]);

/**
 * What somebody saw before, as it is given on the command line.
 * @param text a sequence, or the path of a manifest or of an audit's report.
 * @throws CpiabError E1004 it is neither, and what `readTextFile` throws.
 */
export async function readSeen(text: string): Promise<Seen> {
  if (/^\d+$/.test(text)) return { site: null, sequence: Number(text), manifest: null };
  const content = await readTextFile(text, { limit: LARGEST_REPORT });
  try {
    const { site, sequence, ...seen } = SeenSchema.parse(JSON.parse(content));
    return { site, sequence, manifest: 'manifest' in seen ? seen.manifest : digestOfBytes(content) };
  } catch (cause) {
    throw new CpiabError('E1004', { subject: text, cause });
  }
}
