import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readWorkTree } from '../../../builder/check/work-tree.ts';
import { readSite } from '../../../builder/config/read-site.ts';
import { readBundleSets, readRecipes } from '../../../builder/fetch/recipes.ts';
import { isRecord, type KubeObject, recordsIn } from '../../../policy/closed/object.ts';
import { type Container, containersOf, podSpecs } from '../../../policy/rules/pod-specs.ts';
import { readWorld } from '../../../policy/world/read-world.ts';
import type { World } from '../../../policy/world/world.ts';

const repository = join(import.meta.dirname, '../../..');
const GiB = 2 ** 30;

let world: World;
let containers: Container[];

beforeAll(async () => {
  const tree = await readWorkTree(repository, new AbortController().signal);
  world = await readWorld(tree, 'homelab');
  containers = world.objects.flatMap(podSpecs).flatMap(containersOf);
}, 60_000);

test('fits a machine of 16 GiB: 12 GiB at most for what runs, 5 GiB to begin with', () => {
  // Jobs run by night, one after another.
  const lasting = containers.filter(({ list, kind }) => list === 'containers' && kind !== 'batch/CronJob');
  expect(lasting.length).toBeGreaterThan(12);
  expect(sum(lasting, 'limits')).toBeLessThanOrEqual(12 * GiB);
  expect(sum(lasting, 'requests')).toBeLessThanOrEqual(5 * GiB);
});

test('every image that a container names is in a bundle set of the site', async () => {
  const { images } = await readBundleSets(repository, await readSite(repository, 'homelab'));
  const recipes = await readRecipes(repository, images);
  const made = recipes.flatMap((recipe) => recipe.images.map(({ reference }) => reference));
  const named = containers.map(({ content }) => String(content['image']));
  expect([...new Set([...images, ...made])]).toEqual(expect.arrayContaining([...new Set(named)]));
});

test('routes from the Internet are in one file, and its last one refuses', () => {
  const tunnels = world.objects.flatMap(({ object, file }) => {
    const { data } = object;
    const text = isRecord(data) ? data['config.yaml'] : undefined;
    const settings: unknown = typeof text === 'string' ? parse(text) : null;
    return isRecord(settings) && Array.isArray(settings['ingress'])
      ? [{ file, routes: settings['ingress'] }]
      : [];
  });
  expect(tunnels.map(({ file }) => file)).toEqual([
    'cluster/kubernetes/platform/cloudflared/routes/config.yaml',
  ]);
  expect(tunnels[0]?.routes.at(-1)).toEqual({ service: 'http_status:404' });
});

test.each(['sonarr', 'radarr', 'prowlarr'])('%s leaves asking for passwords to Authentik', (name) => {
  const [found] = containers.filter((container) => container.name === name);
  const variable = `${name.toUpperCase()}__AUTH__METHOD`;
  expect(found?.content['env']).toContainEqual({ name: variable, value: 'External' });
});

test('people get to apps without accounts by Authentik, and by nothing else', () => {
  const blueprints = world.objects.find(({ file }) => file.endsWith('authentik/blueprints.yaml'))?.object;
  const proxied = [...JSON.stringify(blueprints).matchAll(/internal_host: http:\/\/(\w+)\.\1\.svc:(\d+)/g)];
  expect(proxied.map(([, name]) => name)).toEqual(['sonarr', 'radarr', 'prowlarr', 'bazarr']);
  for (const [, name = '', port] of proxied) {
    const callers = grants(name, 'ingress');
    expect(callers).toContainEqual({ peer: 'authentik', port: Number(port) });
    for (const way of ['cloudflared', 'traefik', '', '-'])
      expect(callers.map(({ peer }) => peer)).not.toContain(way);
  }
});

test('who may call an app is let in by that app too', () => {
  const namespaces = world.objects
    .filter(({ object }) => object.kind === 'Namespace')
    .map(({ object }) => String(object.metadata?.name));
  const calls = namespaces.flatMap((from) =>
    grants(from, 'egress')
      .filter(({ peer }) => peer !== from && namespaces.includes(peer))
      .map(({ peer, port }) => ({ from, to: peer, port })),
  );
  expect(calls.length).toBeGreaterThan(10);
  const shut = calls.filter(
    ({ from, to, port }) =>
      !grants(to, 'ingress').some((grant) => ['', from].includes(grant.peer) && grant.port === port),
  );
  expect(shut).toEqual([]);
});

/** Namespaces that policies of a namespace name, with each port; an empty name stands for all. */
function grants(namespace: string, direction: 'ingress' | 'egress'): { peer: string; port: unknown }[] {
  const policies = world.objects
    .map(({ object }) => object)
    .filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata?.namespace === namespace);
  return policies
    .flatMap((policy) => rulesOf(policy, direction))
    .flatMap((rule) =>
      peersOf(rule[direction === 'ingress' ? 'from' : 'to'], namespace).flatMap((peer) =>
        recordsIn(rule['ports']).map(({ port }) => ({ peer, port })),
      ),
    );
}

/** A rule without peers is about everybody. */
const peersOf = (peers: unknown, namespace: string): string[] =>
  peers === undefined
    ? ['']
    : recordsIn(peers).map(({ namespaceSelector, podSelector }) =>
        namespaceSelector === undefined && podSelector !== undefined ? namespace : nameIn(namespaceSelector),
      );

const rulesOf = ({ spec }: KubeObject, direction: string) =>
  isRecord(spec) ? recordsIn(spec[direction]) : [];

function nameIn(selector: unknown): string {
  const { matchLabels } = isRecord(selector) ? selector : {};
  return isRecord(matchLabels) ? String(matchLabels['kubernetes.io/metadata.name'] ?? '') : '-';
}

function sum(all: readonly Container[], kind: 'requests' | 'limits'): number {
  return all.reduce((total, { content: { resources } }) => {
    const part = isRecord(resources) ? resources[kind] : undefined;
    return total + bytes(isRecord(part) ? part['memory'] : undefined);
  }, 0);
}

/** Source: Kubernetes API reference, Quantity. */
function bytes(quantity: unknown): number {
  const { number, unit = '' } = /^(?<number>\d+)(?<unit>Mi|Gi)$/.exec(String(quantity))?.groups ?? {};
  if (number === undefined) throw new Error(`memory ${String(quantity)}`);
  return Number(number) * (unit === 'Gi' ? GiB : 2 ** 20);
}
