import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { removeTree } from '../../support/remove-tree.ts';
import { type StartedBox, startLab } from '../support/lab.ts';
import { buildEncrypted } from '../support/versions.ts';

let scratch: string;
let image: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-encrypted-'));
  image = await buildEncrypted(scratch, 'tpm2');
});
afterAll(() => removeTree(scratch));

/** Starts the box, and gives the power cut when the work with it is done. */
async function started<Result>(tpm: string, options: string[], work: (box: StartedBox) => Promise<Result>) {
  const disk = ['--disk', join(scratch, 'box.qcow2'), '--tpm', join(scratch, tpm)];
  const box = await startLab(image, '--firmware', 'secure-boot', ...disk, ...options);
  try {
    return await work(box);
  } finally {
    await box.cut();
  }
}

test('a box seals its state to its TPM, starts without anybody, and with another TPM wants the passphrase', async () => {
  const { id, passphrase } = await started('tpm', [], async (box) => {
    const { box: about, problem } = await box.status();
    expect(about).toMatchObject({ state: 'disk', encryption: 'tpm2' });
    expect(problem).toContain('nobody has noted it');
    const console = await readFile(box.report.console, 'utf8');
    const [, made = ''] = /recovery ((?:[a-z]{4}-){7}[a-z]{4}) /.exec(console) ?? [];
    return { id: about.id, passphrase: made };
  });
  expect(passphrase).not.toBe('');

  await started('tpm', [], async (box) => {
    const { box: about, problem } = await box.status();
    expect(about).toMatchObject({ id, state: 'disk', encryption: 'tpm2' });
    expect(problem).toBeNull();
    // Neither who asks nor who reads the disk learns it.
    expect(JSON.stringify(await box.status())).not.toContain(passphrase);
    const found = run([
      'grep',
      '--count',
      '--text',
      '--fixed-strings',
      passphrase,
      join(scratch, 'box.qcow2'),
    ]);
    await expect(found).rejects.toMatchObject({ status: 1 });
  });

  const seed = join(scratch, 'seed.yaml');
  const lines = ['apiVersion: cpiab.dev/v1', 'kind: Seed', `disk: { passphrase: ${passphrase} }`, ''];
  await writeFile(seed, lines.join('\n'));
  await started('other-tpm', ['--seed', seed], async (box) => {
    const { box: about, problem } = await box.status();
    expect(about).toMatchObject({ id, state: 'disk', encryption: 'tpm2' });
    expect(problem).toContain('recovery passphrase opened the state: it was sealed by another TPM');
    expect(await readFile(box.report.console, 'utf8')).not.toContain(passphrase);
  });

  await started('other-tpm', [], async (box) => {
    const { box: about, problem } = await box.status();
    expect(about).toMatchObject({ id, encryption: 'tpm2' });
    expect(problem).toBeNull();
  });
});
