import { access, readFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** A Debian package whose program or file CPiaB uses on the host. */
export interface SystemPackage {
  name: string;
  /** A program's name, or an absolute path: when it is there, so is the package. */
  proof: string;
  /** Commands that need it. */
  commands: string[];
  /** What for, in a few words. */
  purpose: string;
}

/** The one list of system packages, which the launcher reads too. */
export async function systemPackages(): Promise<SystemPackage[]> {
  const text = await readFile(new URL('system-packages.tsv', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', proof = '', commands = '', purpose = ''] = line.split('\t');
      return { name, proof, commands: commands.split(','), purpose };
    });
}

/** Where a program or file is, or undefined. Programs are looked for along `PATH`. */
export async function locate(proof: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  const candidates = isAbsolute(proof) ? [proof] : path.split(delimiter).map((folder) => join(folder, proof));
  for (const candidate of candidates) {
    const there = await access(candidate).then(
      () => true,
      () => false,
    );
    if (there) return candidate;
  }
  return undefined;
}
