import { expect, test } from 'vitest';
import type { NodeRecord } from '../../../agent/enroll/ledger.ts';
import { Uninvited } from '../../../agent/enroll/quota.ts';
import { freshStore, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

/** Of a machine that nobody invited. */
function waiting(index: number, address: string): NodeRecord {
  const key = index.toString(16).padStart(64, '0');
  const [id, name] = [`00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`, `n${index}`];
  return {
    ...{ id, name, key, address, role: 'agent', state: 'pending', spki: '', request: key, invitation: null },
    ...{
      requested: 0,
      expires: 1000,
      reason: '',
      inventory: null,
      certificates: [],
      issued: null,
      nonces: [],
    },
    ...{ witnessed: null, revokedAt: null, joining: null, ready: null, leaving: false, registry: null },
  };
}

test('10. of 10,000 pending requests as many stay as there are places, and an honest one among them survives', () => {
  const table = new Uninvited();
  const honest = waiting(0, '192.0.2.1');
  table.add(honest, 0);
  for (let index = 1; index <= 10_000; index++) {
    // Of three hundred networks; a host has as many addresses of its own as it likes.
    const address = `2001:db8:0:${(index % 300).toString(16)}::${index.toString(16)}`;
    try {
      table.add(waiting(index, address), 0);
    } catch (error) {
      expect(error).toMatchObject({ code: 'E5504' });
    }
  }
  expect(table.all().length).toBeLessThanOrEqual(256);
  expect(table.get(honest.id)).toBe(honest);
});

test('10. who was invited finds a place while all others are taken', async () => {
  const box = await startBox();
  const { parsed } = await box.invite();
  const answers = [];
  for (let index = 0; index < 12; index++) {
    const machine = await Machine.make(box);
    answers.push(await machine.post('/v1/enroll', requestOf(machine, null, { name: `flood-${index}` })));
  }
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.map(({ text }) => JSON.parse(text).code)).toEqual(Array(8).fill('CPIAB-E5504'));
  const honest = await box.joinWith(await freshStore(), parsed, 'honest');
  expect(honest.grant.name).toBe('honest');
});
