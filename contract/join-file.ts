import type { Invitation } from './invitation.ts';

/** Where a box gives the one file that makes another machine a node of it. */
export const joinFilePath = '/v1/cpiab-join';

/**
 * The command that gets the file from the box of an invitation, and from no other. Its certificate is signed by nobody
 * else: the key is what counts. Source: curl(1), `--pinnedpubkey`, which holds also with `--insecure`.
 */
export function fetchCommand({ box, pin }: Invitation): string {
  const key = Buffer.from(pin, 'hex').toString('base64');
  const how = `--fail --silent --show-error --insecure --pinnedpubkey 'sha256//${key}'`;
  return `curl ${how} --output cpiab-join https://${box}${joinFilePath}`;
}
