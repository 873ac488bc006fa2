import { CpiabError } from '../../contract/errors.ts';
import { locate, systemPackages } from '../../host/system-packages.ts';
import { type Finding, fail, pass } from './finding.ts';

const about = { id: 'tools', title: 'tools' };

/** Programs of this machine that a build runs. */
export async function checkTools(path = process.env['PATH']): Promise<Finding> {
  const needed = (await systemPackages()).filter(({ commands }) => commands.includes('build'));
  for (const { name, proof } of needed)
    if ((await locate(proof, path)) === undefined)
      return fail(about, new CpiabError('E4007', { subject: proof, args: [name] }));
  return pass(about, needed.map(({ name }) => name).join(', '));
}
