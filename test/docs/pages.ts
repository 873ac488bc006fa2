import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../host/process.ts';

export const repository = dirname(dirname(import.meta.dirname));

/** Every Markdown page that Git knows or would add, by path below the repository. */
export async function pages(): Promise<Map<string, string>> {
  const argv = ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.md'];
  const { stdout } = await run(argv, { cwd: repository });
  const paths = stdout.split('\n').filter((path) => path !== '');
  const texts = await Promise.all(
    paths.map((path) => readFile(join(repository, path), 'utf8').catch(() => null)),
  );
  return new Map(paths.flatMap((path, index) => (texts[index] == null ? [] : [[path, texts[index]]])));
}
