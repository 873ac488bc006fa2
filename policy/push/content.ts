import type { Finding } from '../finding.ts';
import { envFile } from '../rules/files.ts';
import { plainFields } from '../rules/secrets.ts';
import { secretsIn } from './secrets.ts';

/** Bytes of one file; of a manifest, which is read whole. */
const MAX_FILE = 10 << 20;
const MAX_MANIFEST = 1 << 20;
const MANIFEST = /^cluster\/.*\.ya?ml$/;

export const mebibytes = (bytes: number) => (bytes / (1 << 20)).toFixed(1);

/** Whether a file is larger than Git should carry. */
export const isTooLarge = ({ path, size }: { path: string; size: number }): boolean =>
  size > (MANIFEST.test(path) ? MAX_MANIFEST : MAX_FILE);

export const tooLarge = ({ path, size }: { path: string; size: number }): Finding => ({
  rule: 'large-file',
  file: path,
  what: `has ${mebibytes(size)} MiB`,
});

/** Secrets in what a file holds: values of Secrets for the file's name, keys and tokens by their shape, plain Secrets. */
export function secretFindings(path: string, bytes: Buffer): Finding[] {
  const shapes = secretsIn(bytes.toString('latin1')).map(
    ({ rule, name, line }): Finding => ({ rule, file: path, line, what: `holds ${name}` }),
  );
  // Reading YAML is slow, and most manifests are of other kinds.
  const isSecret = MANIFEST.test(path) && bytes.includes('Secret');
  return [...envFile(path), ...shapes, ...(isSecret ? plainFields(path, bytes.toString('utf8')) : [])];
}
