import { beforeEach, describe, expect, test } from 'vitest';
import { checkSlot } from '../../../agent/slots/check.ts';
import { Journal } from '../../../agent/update/journal.ts';
import { type SlotName, settled } from '../../../contract/boot-slots.ts';
import type { UpdateRecord } from '../../../contract/update.ts';
import { type Cut, KilledBox } from '../../support/update/machine.ts';
import { box, choice, path } from '../../support/updating.ts';
import { deltaBetween } from '../../support/versions.ts';

const { signal } = new AbortController();
let killed: KilledBox;
let file: string;
beforeEach(async () => {
  killed = new KilledBox(path('disk'), path('keys'));
  file = await deltaBetween(path(), box.one, box.two);
});

/** What must hold wherever the power went, once the box has come to rest. */
async function atRest(slot: SlotName): Promise<UpdateRecord | null> {
  expect(await choice(slot)).toEqual(settled(slot));
  const { digest } = await checkSlot(path('disk', 'b'), trust(), signal).catch(() => ({ digest: null }));
  if (slot === 'b') expect(digest).not.toBeNull();
  return await new Journal(path('disk', 'data', 'updates')).read();
}

const trust = () => ({
  keyFile: path('keys', 'minisign.pub'),
  rotations: path('disk', 'data', 'rotations'),
  site: 'harbour',
});

describe('the power goes', () => {
  test.each<[string, RegExp]>([
    ['when half of the file was sent', /^sent 2 of 4$/],
    ['when all of it was sent', /^staging$/],
    ['when the other slot was emptied', /^emptied$/],
    ['when some blobs were in the other slot', /^staging 4 of \d+ blobs/],
    ['while what was written is read back', /^staging reading back/],
    ['after the journal said that the slots will switch', /^switching /],
    ['before the sector of GRUB was written', /^before switch$/],
    ['after it was written', /^after switch$/],
    ['in the trial', /^trial/],
    ['before the commit', /^before settle$/],
    ['between GRUB and the journal', /^after settle$/],
    ['after the commit', /^committed/],
  ])('%s: the box ends on the new version by itself', async (_, at) => {
    const { wasCut } = await killed.runUntil({ at }, file);
    expect(wasCut).toBe(true);
    // A file that had not come whole is sent again by whoever sent it; the box goes on where it was.
    const { slot, said } = await killed.rest(file);
    expect(said).not.toContain('sent 1 of 4');
    expect(slot).toBe('b');
    expect(await atRest(slot)).toMatchObject({ state: 'committed', to: { sequence: 2 } });
  });
});

test('killed again and again at moments that nobody chose, the box ends on a version that is whole', async () => {
  const ends: string[] = [];
  for (let round = 0; round < 10; round++) {
    const after = Math.round(Math.random() * 300);
    const cut: Cut = { after };
    const { wasCut, said } = await killed.runUntil(cut, file);
    ends.push(`${after} ms: ${wasCut ? (said.at(-1) ?? 'nothing') : 'over'}`);
    if (!wasCut) break;
  }
  process.stderr.write(`${ends.join('\n')}\n`);
  const { slot } = await killed.rest(file);
  const record = await atRest(slot);
  // What was cut off three times while it was written is given up.
  expect(['committed', 'refused']).toContain(record?.state);
  expect(slot).toBe(record?.state === 'committed' ? 'b' : 'a');
  await checkSlot(path('disk', slot), trust(), signal).catch((error: unknown) => {
    if (slot === 'b') throw error;
  });
});
