import { expect, test } from 'vitest';
import { SiteSchema } from '../../../../contract/site.ts';
import { addressesOf } from '../../../../policy/closed/addresses.ts';

const site = SiteSchema.parse({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  engine: { version: 'v1.36.3' },
});
const found = (text: string) =>
  addressesOf({ apiVersion: 'v1', kind: 'ConfigMap', data: { text } }, site).map(({ address }) => address);

test.each([
  'https://updates.vendor.com/check',
  'http://8.8.8.8:53/',
  'oci://ghcr.io/team/chart',
  'ssh://git@github.com/a/b',
  'see (https://user:pw@host.vendor.io)',
  'http://[2001:db8::1]/',
  'http://10.evil.com/',
  'http://192.168.evil.com/',
  'http://134744072/',
  'http://[::1234]/',
])('%s leads out', (text) => {
  expect(found(text)).toHaveLength(1);
});

test.each([
  'http://prometheus:9090',
  'http://loki.observability.svc:3100/loki',
  'https://api.ns.svc.cluster.local',
  'https://10.44.0.1:7443',
  'http://127.0.0.1:8384',
  'http://[::1]:80',
  'http://192.168.1.9:5000',
  'http://nas.local/share',
  'http://printer.lan',
  'xmlns="http://www.w3.org/2000/svg"',
  'https://docs.example.org/x',
  '# see https://docs.vendor.com',
  'http://$(HOST):80',
  'http://172.31.0.1',
])('%s stays', (text) => {
  expect(found(text)).toEqual([]);
});
