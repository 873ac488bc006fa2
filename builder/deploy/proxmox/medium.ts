import { basename } from 'node:path';
import { CpiabError } from '../../../contract/errors.ts';
import { sha256File } from '../../../host/files.ts';
import { requireFile } from '../../../host/input-file.ts';

/** A file that a box starts from. */
export interface DeployedMedium {
  /** Without its folder. */
  name: string;
  size: number;
  sha256: string;
  content: 'iso' | 'import';
}

/** Proxmox VE accepts these in the names of uploads; it changes others. Source: PVE::Storage, SAFE_CHAR_CLASS_RE. */
const UNSAFE = /[^a-zA-Z0-9.+=_-]/g;

/** Looks at the file to deploy. @throws CpiabError E1006, E1030…E1033, E1402. */
export async function readDeployedMedium(path: string, signal: AbortSignal): Promise<DeployedMedium> {
  const extension = /\.(iso|qcow2|raw)$/.exec(path)?.[1];
  if (extension === undefined) throw new CpiabError('E1402', { subject: path });
  await requireFile(path);
  const { sha256, size } = await sha256File(path, signal);
  const content = extension === 'iso' ? 'iso' : 'import';
  return { name: basename(path).replace(UNSAFE, '_'), size, sha256, content };
}
