import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { changePassphrase } from '../../../agent/passphrase/change.ts';
import type { Encryption } from '../../../contract/encryption.ts';
import { type EnrollBox, startBox } from '../../support/enroll/box.ts';
import { operatorOf } from '../../support/operator-cli.ts';
import { Container } from '../../support/passphrase/container.ts';

const { signal } = new AbortController();
const [old, fresh] = ['correct horse battery', 'another horse staple'];

/** A box whose state is the container, and an operator of it with two files. */
async function encryptedBox(encryption: Encryption) {
  const state = await Container.make(old);
  const box = await startBox({
    changePassphrase: (change) => changePassphrase(change, state.program(), state.directory, signal),
  });
  box.api.report.set({ encryption });
  const operator = await operatorOf(box);
  const file = async (name: string, text: string) => {
    await writeFile(join(operator.directory, name), text);
    return name;
  };
  const order = async (given: { old: string; fresh: string }) => {
    const files = ['--old-file', await file('old', given.old), '--new-file', await file('new', given.fresh)];
    return await operator.ask('passphrase', ...files);
  };
  return { state, box, order };
}

const logOf = async ({ api }: EnrollBox) => (await api.audit.read(0)).entries;

test('an operator changes it from the command line, and the audit log has who, and no passphrase', async () => {
  const { state, box, order } = await encryptedBox('tpm2');
  const done = await order({ old: `${old}\n`, fresh: `${fresh}\n` });
  expect([done.status, done.stdout]).toEqual([0, expect.stringContaining('the recovery passphrase')]);
  expect([await state.opens(fresh), await state.opens(old)]).toEqual([true, false]);
  const entries = await logOf(box);
  const last = entries.slice(-2).map(({ who, action, outcome }) => [who.name, action, outcome]);
  expect(last).toEqual([
    ['alice', 'passphrase', 'begun'],
    ['alice', 'passphrase', 'done'],
  ]);
  for (const word of [old, fresh]) expect(JSON.stringify(entries)).not.toContain(word);
});

test('a wrong old passphrase is refused, and the log has that somebody tried', async () => {
  const { state, box, order } = await encryptedBox('passphrase');
  const refused = await order({ old: 'correct horse buttery', fresh });
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('CPIAB-E5122')]);
  expect(await state.opens(old)).toBe(true);
  const last = (await logOf(box)).at(-1);
  expect([last?.action, last?.outcome]).toEqual(['passphrase', 'failed']);
});

test('a box without encryption says so', async () => {
  const { order } = await encryptedBox('none');
  expect((await order({ old, fresh })).stderr).toContain('CPIAB-E5121');
});

test.each([
  ['too short', 'horse'],
  ['not to be typed everywhere', 'pferd, korrekt, schläft'],
  ['the old one', old],
])('a new passphrase that is %s goes nowhere', async (_, text) => {
  const { box, order } = await encryptedBox('passphrase');
  const refused = await order({ old, fresh: text });
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('CPIAB-E1415')]);
  expect(await logOf(box)).toEqual([]);
});

test('nobody changes it who is no administrator, or says what is no change', async () => {
  const { state, box } = await encryptedBox('passphrase');
  const change = { apiVersion: 'cpiab.dev/v1', kind: 'PassphraseChange', old, new: fresh };
  const headers = { 'content-type': 'application/json' };
  const stranger = await box.anonymous('/v1/passphrase', {
    ...{ method: 'POST', headers, body: JSON.stringify(change) },
  });
  expect(stranger.status).toBe(403);
  expect((await box.post('/v1/passphrase', { ...change, new: 'short' })).status).toBe(400);
  expect((await box.ask('/v1/passphrase')).status).toBe(405);
  expect(await state.opens(old)).toBe(true);
});

test('two changes come one after the other', async () => {
  const [begun, most] = [new Set<string>(), [0]];
  const box = await startBox({
    changePassphrase: async (change) => {
      begun.add(change.new);
      most.push(begun.size);
      await sleep(100);
      begun.delete(change.new);
    },
  });
  box.api.report.set({ encryption: 'passphrase' });
  const change = { apiVersion: 'cpiab.dev/v1', kind: 'PassphraseChange', old };
  const answers = await Promise.all(
    [fresh, 'yet another passphrase'].map((one) => box.post('/v1/passphrase', { ...change, new: one })),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(Math.max(...most)).toBe(1);
});
