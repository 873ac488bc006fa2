import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { foundState } from '../../../../agent/observe/state.ts';
import type { Encryption } from '../../../../contract/encryption.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const path = freshDirectory();
const paths = () => ({
  stateKind: path('data'),
  stateProblem: path('data-problem'),
  encryption: path('encryption'),
});

/** What the data unit left, as the agent finds it. */
async function found(files: Record<string, string>, wanted: Encryption = 'none') {
  for (const [name, text] of Object.entries(files)) await writeFile(path(name), `${text}\n`);
  return await foundState(paths(), wanted);
}

test('a state is encrypted by what opened it', async () => {
  const state = { kind: 'disk', encryption: 'tpm2', problem: null };
  expect(await found({ data: 'disk', encryption: 'tpm2' })).toEqual(state);
  // The site counts only for a state that is made.
  expect(await found({}, 'passphrase')).toEqual(state);
});

test('a plain state is told of where the site wants an encrypted one', async () => {
  expect((await found({ data: 'disk' })).problem).toBeNull();
  const { encryption, problem } = await found({}, 'tpm2');
  expect(encryption).toBe('none');
  expect(problem).toEqual({
    problem: expect.stringContaining('wants the state encrypted (tpm2)'),
    nextAction: expect.stringContaining('restore'),
  });
});

test('what the data unit has to say comes first, with what to do', async () => {
  const told = '/dev/sda cannot be mounted\trestart the box\n/dev/sdb too\tdo more';
  expect(await found({ data: 'memory', 'data-problem': told }, 'tpm2')).toEqual({
    kind: 'memory',
    encryption: 'none',
    problem: { problem: '/dev/sda cannot be mounted', nextAction: 'restart the box' },
  });
});
