import { join } from 'node:path';
import { test } from 'vitest';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { buildLabElsewhere } from '../support/lab.ts';
import { expectSameBoxTwice } from '../support/same-box.ts';

const path = freshDirectory();

test('a box on a disk image converges, and again after the power is cut', async () => {
  await buildLabElsewhere(path('dist'), '--only', 'qcow2');
  const image = join(path('dist'), 'cpiab-lab.qcow2');
  await expectSameBoxTwice(image, '--firmware', 'secure-boot', '--disk', path('box.qcow2'));
});
