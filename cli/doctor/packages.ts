import { run } from '../../host/process.ts';
import { locate, type SystemPackage, systemPackages } from '../../host/system-packages.ts';
import { type Check, fail, pass } from './check.ts';

/** One check for each system package; dpkg is asked once, for all their versions. */
export async function packageChecks(): Promise<Check[]> {
  const packages = await systemPackages();
  const versions = versionsOf(packages.map(({ name }) => name));
  return packages.map((found) => ({
    id: `package/${found.name}`,
    title: `${found.name}: ${found.purpose}`,
    neededBy: found.commands,
    look: async () => await look(found, await versions),
  }));
}

async function look({ name, proof }: SystemPackage, versions: Map<string, string>) {
  const path = await locate(proof);
  if (path === undefined) return fail('missing', `sudo apt-get install ${name}`);
  return pass(versions.get(name) ?? path);
}

/** Versions of those that are installed. Without dpkg nothing is known, and the path is shown instead. */
async function versionsOf(names: string[]): Promise<Map<string, string>> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own field syntax
  const format = '--showformat=${Package}\\t${Version}\\n';
  // dpkg-query ends with status 1 when one of the names isn't installed, after listing the others.
  const output = await run(['dpkg-query', '--show', format, ...names]).catch(
    (error: { stdout?: string }) => error,
  );
  const rows = (output.stdout ?? '').split('\n').map((line) => line.split('\t'));
  return new Map(rows.flatMap(([name, version]) => (name && version ? [[name, version]] : [])));
}
