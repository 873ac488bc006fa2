import { NodeNameSchema } from './enroll.ts';
import { CpiabError } from './errors.ts';

/** @throws CpiabError E1002 for what no node may be called. */
export function requireNodeName(name: string): void {
  if (NodeNameSchema.safeParse(name).success) return;
  const args: [string, string] = ['lower-case letters, digits and hyphens', name];
  throw new CpiabError('E1002', { subject: '--name', args });
}
