import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { statusPage } from '../../cli/stage/status-page.ts';
import { readStatus } from '../../cli/stage/write.ts';
import { statusFiles } from '../../contract/stage.ts';
import { repository } from './pages.ts';

test('STATUS.md says what ai/state/status.json says', async () => {
  const page = await readFile(join(repository, statusFiles.page), 'utf8');
  expect(page).toBe(statusPage(await readStatus(repository)));
});
