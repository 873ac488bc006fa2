import { expect, test } from 'vitest';
import { type ClusterRegistry, hostsToml, noRegistries } from '../../../../agent/node/mirrors.ts';

const registry = (address: string): ClusterRegistry => ({
  ...{ address: `${address}:7444`, ca: `/run/${address}.crt`, certificate: '/run/own', key: '/run/own' },
});
const [box, other] = [registry('10.44.0.1'), registry('10.0.0.9')];
/** In the order in which containerd asks: what stands in `server` is the last. */
function places(text: string): string[] {
  const found = [...text.matchAll(/https?:\/\/[^'"]+/g)].map(([place]) => place);
  return [...found.slice(1), ...found.slice(0, 1)];
}

test('before it has joined, a node has images from its own medium only', () => {
  expect(places(hostsToml('docker.io', noRegistries))).toEqual(['http://127.0.0.1:5000/v2/docker.io']);
});

test('its own medium is asked between those that go before it and those that come after', () => {
  const [own, first, second] = [
    'http://127.0.0.1:5000',
    'https://10.44.0.1:7444',
    'https://10.0.0.9:7444',
  ].map((server) => `${server}/v2/quay.io`);
  const asked = (before: ClusterRegistry[], after: ClusterRegistry[]) =>
    places(hostsToml('quay.io', { before, after }));
  expect(asked([], [box])).toEqual([own, first]);
  expect(asked([], [other, box])).toEqual([own, second, first]);
  expect(asked([box], [])).toEqual([first, own]);
  expect(asked([box], [other])).toEqual([first, own, second]);
});

test('each is asked with the certificate of the node, and believed by its own alone', () => {
  const text = hostsToml('_default', { before: [], after: [other, box] });
  expect(text).toContain("server = 'https://10.44.0.1:7444/v2/unknown-host'");
  const [last, own, next] = text.split('[host.');
  expect(last).toContain("ca = '/run/10.44.0.1.crt'\nclient = [['/run/own', '/run/own']]");
  expect(own).not.toContain('client');
  expect(next).toContain("ca = '/run/10.0.0.9.crt'\nclient = [['/run/own', '/run/own']]");
});
