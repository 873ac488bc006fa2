import { expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { systemPackages } from '../../../host/system-packages.ts';

test('each package of the list is one of Debian, and holds the program or file that proves it', async () => {
  const wrong: string[] = [];
  for (const { name, proof } of await systemPackages()) {
    const files = await run(['dpkg-query', '--listfiles', name]).then(
      ({ stdout }) => stdout.split('\n'),
      () => [],
    );
    if (!files.some((file) => file === proof || file.endsWith(`/${proof}`)))
      wrong.push(`${proof} is not of ${name}`);
  }
  expect(wrong).toEqual([]);
});
