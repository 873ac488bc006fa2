import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { attach } from '../../../cli/box/disks.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const image = async (name: string) => {
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', here(name), '1M']);
  return here(name);
};

describe('what a machine is started from', () => {
  test.each([
    ['empty', ''],
    ['text', 'hello'],
    ['a zip', 'PK\x03\x04'],
  ])('is refused when it is no medium: %s', async (_, content) => {
    await writeFile(here('medium'), content);
    const refused = await refusal(attach({ medium: here('medium'), disk: null }, signal));
    expect([refused.code, refused.subject, refused.exit]).toEqual(['E1070', here('medium'), 2]);
  });

  test('is refused with a disk that was kept of another', async () => {
    const [one, other] = [await image('one.qcow2'), await image('other.qcow2')];
    await attach({ medium: one, disk: here('kept') }, signal);
    await attach({ medium: one, disk: here('kept') }, signal);
    const refused = await refusal(attach({ medium: other, disk: here('kept') }, signal));
    expect([refused.code, refused.subject]).toEqual(['E1071', here('kept')]);
    expect(refused.message).toContain(one);
  });
});
