import { expect, test } from 'vitest';
import { hostsToml } from '../../../../agent/node/mirrors.ts';

const box = { address: '10.44.0.1:7444', ca: '/run/ca', certificate: '/run/own', key: '/run/own' };
const places = (text: string) => [...text.matchAll(/https?:\/\/[^'"]+/g)].map(([found]) => found);

test('before it has joined, a node has images from its own medium only', () => {
  expect(places(hostsToml('docker.io', null))).toEqual(['http://127.0.0.1:5000/v2/docker.io']);
});

test('with the bundle of the box, its own medium is asked first; with another one the box is', () => {
  const same = hostsToml('quay.io', { ...box, sameBundle: true });
  // What stands in `server` is asked last.
  expect(places(same)).toEqual(['https://10.44.0.1:7444/v2/quay.io', 'http://127.0.0.1:5000/v2/quay.io']);
  const other = hostsToml('quay.io', { ...box, sameBundle: false });
  expect(places(other)).toEqual(places(same).toReversed());
});

test('the box is asked with the certificate of the node, and believed by its own alone', () => {
  const text = hostsToml('_default', { ...box, sameBundle: true });
  expect(text).toContain("server = 'https://10.44.0.1:7444/v2/unknown-host'");
  expect(text.split('[host.')[0]).toContain("ca = '/run/ca'\nclient = [['/run/own', '/run/own']]");
  expect(text.split('[host.')[1]).not.toContain('client');
});
