import { expect, test } from 'vitest';
import { firewallElements } from '../../../contract/firewall.ts';
import { SiteSchema } from '../../../contract/site.ts';

const elementsFor = (network: object) =>
  firewallElements(SiteSchema.parse({ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab', network }));

test('the way to name servers is open, each once, also where the site lists it itself', () => {
  const way = { to: '192.0.2.53', protocol: 'udp', port: 53 };
  expect(elementsFor({ nameservers: ['192.0.2.53'], egress: [way] })).toContain(
    'add element inet cpiab outside4 { 192.0.2.53 . udp . 53, 192.0.2.53 . tcp . 53 }\n',
  );
  expect(elementsFor({})).not.toContain('outside4');
});
