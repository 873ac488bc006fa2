import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../../agent/engine/engine.ts';
import { k3sEngine } from '../../../../agent/engine/k3s/k3s.ts';
import { kubeadmEngine } from '../../../../agent/engine/kubeadm/kubeadm.ts';
import { engineKinds } from '../../../../contract/engine.ts';
import { box } from '../../../../contract/layout.ts';
import type { Manifest } from '../../../../contract/manifest.ts';
import { parseBoxSite } from '../../../../contract/site.ts';

const site = parseBoxSite({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  engine: { version: 'v1.36.3' },
});
const self = {
  name: 'box',
  role: 'control-plane' as const,
  joins: false,
  address: '10.44.0.1',
  highlyAvailable: false,
};
const digest = `sha256:${'0'.repeat(64)}`;
const manifest = { images: { 'registry.k8s.io/etcd:3.6.8-0': digest }, files: {} } as unknown as Manifest;
const k3sInput = { network: site.network, self, initialised: box.initialised };
const engines: { [Kind in Engine['kind']]: Engine } = {
  kubeadm: kubeadmEngine(site, box, manifest, self),
  k3s: k3sEngine({ ...k3sInput, releaseImages: ['docker.io/rancher/mirrored-pause:3.6'], bundleImages: [] }),
};

/** All that the rest of the agent may ask an engine for; the compiler sees to it that none is missing or too many. */
const asked: { [Name in keyof Engine]: 'function' | 'object' | 'string' } = {
  kind: 'string',
  kubeconfig: 'string',
  keys: 'object',
  requiredImages: 'function',
  prepare: 'function',
  startServer: 'function',
  isMember: 'function',
  join: 'function',
  startJoined: 'function',
  followServers: 'function',
  startRest: 'function',
  mintJoinToken: 'function',
  endJoin: 'function',
  revoke: 'function',
  drain: 'function',
  reset: 'function',
  snapshot: 'function',
  checkSnapshot: 'function',
  restore: 'function',
};

describe.each(engineKinds)('engine %s', (kind) => {
  const engine = engines[kind];

  test.each(Object.entries(asked))('has %s, a %s', (name, type) => {
    expect(typeof engine[name as keyof Engine]).toBe(type);
  });

  test('has nothing else that the rest could come to rely on', () => {
    expect(Object.keys(engine).toSorted()).toEqual(Object.keys(asked).toSorted());
  });

  test('says what it is, and names files by whole paths', () => {
    expect(engine.kind).toBe(kind);
    for (const path of [engine.kubeconfig, ...engine.keys]) expect(path).toMatch(/^\/[\w./-]+$/);
    expect(engine.keys.length).toBeGreaterThan(0);
  });

  test('names the images it needs by full reference, none twice', () => {
    const images = engine.requiredImages();
    expect(images.length).toBeGreaterThan(0);
    expect(new Set(images).size).toBe(images.length);
    for (const image of images) expect(image).toMatch(/^[a-z0-9.-]+\.[a-z]+\/[\w./:-]+$/);
  });
});
