import { describe, expect, test } from 'vitest';
import { heldBy, type Pod } from '../../../../agent/observe/holding.ts';
import { runningImages } from '../../../../agent/observe/images.ts';
import { type Kustomization, notApplied } from '../../../../agent/observe/kustomizations.ts';
import { LastFound } from '../../../../agent/observe/last-found.ts';
import { memoryInUse } from '../../../../agent/observe/memory.ts';

const revision = `main@sha1:${'a'.repeat(40)}`;

function kustomization(change: Partial<Kustomization['status'] & object>, spec = {}): Kustomization {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'storage', namespace: 'flux-system', generation: 2 },
    spec,
    status: {
      observedGeneration: 2,
      lastAppliedRevision: revision,
      conditions: [{ type: 'Ready', status: 'True' }],
      history: [{ lastReconciledStatus: 'ReconciliationSucceeded' }],
      ...change,
    },
  };
}

describe('what Flux looks at anew', () => {
  const again = [{ type: 'Ready', status: 'Unknown', reason: 'Progressing' }] as const;
  const judge = (found: LastFound, item: Kustomization, at = revision) =>
    found.judge(item, at, notApplied(item, at));

  test('counts as it was found last, as often as that is asked', () => {
    const found = new LastFound();
    expect(judge(found, kustomization({}))).toBeNull();
    const looked = kustomization({ conditions: [...again] });
    expect([judge(found, looked), judge(found, looked)]).toEqual([null, null]);
    expect(judge(new LastFound(), looked)).toBe('Progressing');
  });

  test('what waits for such a one counts as it was found last too', () => {
    const found = new LastFound();
    judge(found, kustomization({}));
    const waits = [{ type: 'Ready', status: 'False', reason: 'DependencyNotReady' }] as const;
    expect(judge(found, kustomization({ conditions: [...waits] }))).toBeNull();
    expect(judge(new LastFound(), kustomization({ conditions: [...waits] }))).toBe('DependencyNotReady');
  });

  const other = 'main@sha1:b';
  const failed = [{ type: 'Ready', status: 'False', reason: 'HealthCheckFailed' }] as const;
  const unhealthy = { lastReconciledStatus: 'HealthCheckFailed' };
  const asked = { 'reconcile.fluxcd.io/requestedAt': '2' };
  const looked = kustomization({ conditions: [...again] });
  test.each<[string, Kustomization, string]>([
    ['is of another specification', { ...looked, metadata: { ...looked.metadata, generation: 3 } }, revision],
    ['is another object', { ...looked, metadata: { ...looked.metadata, uid: 'other' } }, revision],
    [
      'was asked for',
      {
        ...kustomization({ conditions: [...again], lastHandledReconcileAt: '2' }),
        metadata: { ...looked.metadata, annotations: asked },
      },
      revision,
    ],
    ['has a revision to apply', looked, other],
    ['was suspended', kustomization({ conditions: [...again] }, { suspend: true }), revision],
    ['fails', kustomization({ conditions: [...failed] }), revision],
    ['has failed since', kustomization({ conditions: [...again], history: [unhealthy] }), revision],
  ])('is to be found anew when it %s', (_, item, at) => {
    const found = new LastFound();
    judge(found, kustomization({}));
    expect(judge(found, item, at)).not.toBeNull();
    expect(judge(found, looked)).toBe('Progressing');
  });
});

describe('notApplied', () => {
  test('asks for the key of Secrets that the box can not decrypt, until they are there', () => {
    const waits = kustomization({ conditions: [{ type: 'Ready', status: 'Unknown' }] }, { decryption: {} });
    expect(notApplied(waits, revision, false)).toMatch(/cpiab secrets unlock/);
    expect(notApplied(waits, revision, true)).not.toMatch(/unlock/);
    const plain = kustomization({ conditions: [{ type: 'Ready', status: 'Unknown' }] });
    expect(notApplied(plain, revision, false)).not.toMatch(/unlock/);
    expect(notApplied(kustomization({}, { decryption: {} }), revision, false)).toBeNull();
  });

  test('is null only for one that is ready at the revision for its present specification', () => {
    expect(notApplied(kustomization({}), revision)).toBeNull();
  });

  test.each([
    ['another revision', kustomization({ lastAppliedRevision: 'main@sha1:b' }), 'still at main@sha1:b'],
    ['an older specification', kustomization({ observedGeneration: 1 }), 'changed, not reconciled yet'],
    [
      'what was asked for',
      {
        ...kustomization({ lastHandledReconcileAt: '1' }),
        metadata: { name: 'storage', generation: 2, annotations: { 'reconcile.fluxcd.io/requestedAt': '2' } },
      },
      'asked for, not reconciled yet',
    ],
    ['no condition yet', kustomization({ conditions: [] }), 'Flux has not looked at it yet'],
    ['suspended', kustomization({}, { suspend: true }), 'suspended'],
    [
      'a failure',
      kustomization({
        conditions: [{ type: 'Ready', status: 'False', reason: 'HealthCheckFailed', message: 'timeout' }],
      }),
      'HealthCheckFailed: timeout',
    ],
  ])('says why: %s', (_, found, reason) => {
    expect(notApplied(found, revision)).toBe(reason);
  });
});

function pod(status: Partial<Pod['status']>, spec: Pod['spec'] = { nodeName: 'cpiab' }): Pod {
  return { metadata: { name: 'p', namespace: 'n' }, spec, status: { phase: 'Pending', ...status } };
}
const container = (state: object, more: object = {}) => ({
  ...{ name: 'c', ready: false, restartCount: 0, imageID: '', state },
  ...more,
});

describe('heldBy', () => {
  test('a ready, finished or going pod holds nothing', () => {
    expect(heldBy(pod({ conditions: [{ type: 'Ready', status: 'True' }] }))).toEqual([]);
    expect(heldBy(pod({ phase: 'Succeeded' }))).toEqual([]);
    const going = pod({});
    going.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(heldBy(going)).toEqual([]);
  });

  test.each([
    [
      'image that cannot be had',
      { waiting: { reason: 'ErrImagePull', message: 'not found' } },
      'ErrImagePull: not found',
    ],
    ['crash', { terminated: { reason: 'Error', exitCode: 2 } }, 'ended with status 2 (Error)'],
  ])('names the container and the reason: %s', (_, state, reason) => {
    const [held] = heldBy(pod({ containerStatuses: [container(state)] }));
    expect(held?.object).toBe('Pod/n/p');
    expect(held?.reason).toContain(`container c`);
    expect(held?.reason).toContain(reason);
  });

  test('a probe that does not pass yet, with restarts', () => {
    const [held] = heldBy(pod({ containerStatuses: [container({}, { restartCount: 3 })] }));
    expect(held?.reason).toBe('container c runs, but is not ready (3 restarts)');
  });

  test('a claim that keeps a pod from a node', () => {
    const unbound = {
      type: 'PodScheduled',
      status: 'False',
      message: 'unbound immediate PersistentVolumeClaims',
    };
    expect(heldBy(pod({ conditions: [unbound] }, {}))[0]?.reason).toMatch(/no node takes it: unbound/);
  });

  test('what merely starts says so', () => {
    const waiting = container({ waiting: { reason: 'PodInitializing' } });
    expect(heldBy(pod({ containerStatuses: [waiting] }))[0]?.reason).toBe('starting');
  });
});

describe('runningImages', () => {
  const manifest = `sha256:${'1'.repeat(64)}` as const;
  const config = `sha256:${'2'.repeat(64)}` as const;
  const bundle = {
    images: { 'docker.io/x/y:1': manifest },
    blobs: [{ digest: config, size: 1, role: 'image-config' as const, for: ['docker.io/x/y:1'] }],
  };
  const running = (...ids: string[]) =>
    runningImages([pod({ containerStatuses: ids.map((imageID) => container({}, { imageID })) })], bundle);

  test('an image of the bundle is known by manifest or configuration, whatever its name', () => {
    expect(running(`docker.io/x/y@${manifest}`, `ghcr.io/a/b@${manifest}`, config)).toEqual({
      running: 3,
      notInBundle: [],
    });
  });

  test('any other is told by its whole identifier', () => {
    const foreign = `docker.io/evil@sha256:${'3'.repeat(64)}`;
    expect(running(`docker.io/x/y@${manifest}`, foreign, foreign)).toEqual({
      running: 2,
      notInBundle: [foreign],
    });
  });

  test('a container that has no image yet is none', () => {
    expect(running('')).toEqual({ running: 0, notInBundle: [] });
  });
});

test('memory in use is what programs could not be given', () => {
  const text = 'MemTotal:        4000000 kB\nMemFree:          100 kB\nMemAvailable:    3000000 kB\n';
  expect(memoryInUse(text)).toEqual({ used: 1_024_000_000, total: 4_096_000_000 });
  expect(() => memoryInUse('MemTotal: x')).toThrow(/MemTotal/);
});
