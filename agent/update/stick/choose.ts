import { CpiabError } from '../../../contract/errors.ts';
import type { Manifest } from '../../../contract/manifest.ts';
import { readHead, type UpdateHead } from '../update-file.ts';
import { type Candidate, candidatesOn } from './candidates.ts';

/** Whether an update may follow the version that runs, by what it says of itself. @throws CpiabError when not. */
export type Admit = (head: UpdateHead) => Promise<Manifest>;

interface Admitted {
  candidate: Candidate;
  sequence: number;
  size: number;
}

/**
 * The update on a stick that this box can take: the newest, and of two ways to it the smaller one.
 * @throws CpiabError E5314 with the reason of each file when it can take none.
 */
export async function chooseUpdate(root: string, admit: Admit): Promise<Candidate> {
  const refused: string[] = [];
  const admitted: Admitted[] = [];
  for (const candidate of await candidatesOn(root)) {
    const size = candidate.files.reduce((sum, file) => sum + file.size, 0);
    const found = await sequenceOf(candidate, admit).catch((error: unknown) => {
      if (!(error instanceof CpiabError)) throw error;
      refused.push(`${candidate.name}: CPIAB-${error.code} ${error.message}`);
      return null;
    });
    if (found !== null) admitted.push({ candidate, sequence: found, size });
  }
  const [best] = admitted.toSorted((a, b) => b.sequence - a.sequence || a.size - b.size);
  if (best !== undefined) return best.candidate;
  const why = refused.length === 0 ? 'it has no .cpiab-delta and no .tar.zst' : refused.join('; ');
  throw new CpiabError('E5314', { subject: 'the stick', args: [why] });
}

/** The papers come before all blobs, so the first volume has them. */
async function sequenceOf({ files: [first], missing, name }: Candidate, admit: Admit): Promise<number> {
  if (first === undefined || missing.length > 0)
    throw new CpiabError('E2404', { subject: name, args: [missing.join(', '), name] });
  return (await admit(await readHead(first.path))).sequence;
}
