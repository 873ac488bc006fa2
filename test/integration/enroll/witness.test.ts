import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renew } from '../../../agent/join/renew.ts';
import type { NodeStore } from '../../../agent/join/store.ts';
import { type EnrollBox, freshPath, startBox } from '../../support/enroll/box.ts';

const { signal } = new AbortController();

/** The node finds the box at another address, with the same key. */
async function moveTo(store: NodeStore, box: EnrollBox): Promise<void> {
  await store.keep({ ...(await store.requireMember()), box: box.address });
}

describe('15. a log that was edited', () => {
  test('a restored snapshot is found by a node, which names the entries that are missing', async () => {
    const box = await startBox();
    const { store } = await box.member('a');
    const snapshot = await freshPath();
    await cp(box.api.directory, snapshot, { recursive: true });
    for (let count = 0; count < 3; count++) await box.invite();
    const { size } = box.api.audit;
    await renew(store, Date.now, signal);
    const rolledBack = await startBox({ directory: snapshot });
    await moveTo(store, rolledBack);
    await expect(renew(store, Date.now, signal)).rejects.toMatchObject({
      code: 'E2506',
      message: expect.stringContaining(`entries ${rolledBack.api.audit.size} to ${size}`),
    });
  });

  test('a log that was written anew and is longer than before is found by its proof', async () => {
    const box = await startBox();
    const { store } = await box.member('a');
    await renew(store, Date.now, signal);
    const copy = await freshPath();
    await cp(box.api.directory, copy, { recursive: true });
    await rm(join(copy, 'audit'), { recursive: true });
    const forger = await startBox({ directory: copy });
    for (let count = 0; count < 12; count++) await forger.invite();
    await moveTo(store, forger);
    const before = await store.requireMember();
    await expect(renew(store, Date.now, signal)).rejects.toMatchObject({
      code: 'E2506',
      message: expect.stringMatching(/one of entries 0 to \d+ was changed/),
    });
    expect(await store.requireMember()).toEqual(before);
  });
});
