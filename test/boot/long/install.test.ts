import { join } from 'node:path';
import { test } from 'vitest';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { buildLab } from '../support/lab.ts';
import { expectSameBoxTwice } from '../support/same-box.ts';

const path = freshDirectory();

test('an installed box converges, by Secure Boot, and is the same box after the power was cut', async () => {
  const iso = join(await buildLab(), 'cpiab-lab.iso');
  await expectSameBoxTwice(iso, '--install', '--disk', path('box.raw'), '--firmware', 'secure-boot');
});
