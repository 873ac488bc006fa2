import { describe, expect, test } from 'vitest';
import { checkYaml } from '../../../contract/document/check-yaml.ts';
import { CpiabError } from '../../../contract/errors.ts';
import { SeedSchema, withoutPassphrase } from '../../../contract/seed.ts';

const head = 'apiVersion: cpiab.dev/v1\nkind: Seed\n';
const read = (lines: string) => checkYaml(head + lines, SeedSchema, 'seed.yaml').content;

function mistake(lines: string): string {
  try {
    read(lines);
  } catch (error) {
    if (error instanceof CpiabError) return `${error.code} ${error.subject}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('a seed', () => {
  test('that says nothing is a box as without one', () => {
    expect(read('')).toEqual({ ...read('network: {}'), hostname: 'cpiab', network: {} });
    expect(read('').install).toBeUndefined();
  });

  test('has one card, fixed addresses of both families, a gateway and a VLAN', () => {
    const network = [
      'network:',
      '  interface: { mac: 52:54:00:AB:CD:EF }',
      '  addresses: [192.0.2.7/24, "2001:db8::7/64"]',
      '  gateway: 192.0.2.1',
      '  vlan: 30',
    ];
    expect(read(network.join('\n')).network).toEqual({
      interface: { mac: '52:54:00:ab:cd:ef' },
      addresses: ['192.0.2.7/24', '2001:db8::7/64'],
      gateway: '192.0.2.1',
      vlan: 30,
    });
  });

  test.each([
    ['hostnme: a', 'E1001 seed.yaml:3:1 hostnme'],
    ['hostname: Harbour', 'E1002 seed.yaml:3:11 hostname: expected lower-case letters'],
    ['hostname: -a', 'E1002 seed.yaml:3:11 hostname: expected lower-case letters'],
    ['roles: node', 'E1001 seed.yaml:3:1 roles'],
    ['role: node', 'the key invitation is missing'],
    ['role: control-plane\nhostname: s2', 'the key invitation is missing'],
    ['role: node\nhostname: w1\ninvitation: https://10.0.0.7', 'E1002 seed.yaml:5:13 invitation'],
    ['invitation: https://10.0.0.7', 'E1002 seed.yaml:3:13 invitation'],
    ['network: { dns: [192.0.2.1] }', 'E1001 seed.yaml:3:12 network.dns'],
    ['network: { addresses: [192.0.2.7/24] }', 'E1003 seed.yaml:3:1 network: the key interface is missing'],
    ['network: { vlan: 3 }', 'E1003 seed.yaml:3:1 network: the key interface is missing'],
    ['network: { interface: { name: en* }, vlan: 4095 }', 'E1002 seed.yaml:3:44 network.vlan'],
    ['network: { interface: { name: a/b } }', 'E1002 seed.yaml:3:31 network.interface.name'],
    ['network: { interface: { name: "en1\\nX=" } }', 'E1002 seed.yaml:3:31 network.interface.name'],
    ['network: { interface: { mac: 52:54 } }', 'E1002 seed.yaml:3:30 network.interface.mac'],
    ['network: { interface: {} }', 'E1002 seed.yaml:3:23 network.interface: expected either a mac or a name'],
    [
      'network: { interface: { name: a }, addresses: [192.0.2.7] }',
      'E1002 seed.yaml:3:48 network.addresses[0]: expected an address with the length of its network',
    ],
    [
      'network: { interface: { name: a }, gateway: 192.0.2.1 }',
      'E1003 seed.yaml:3:1 network: the key addresses is missing',
    ],
    ['install: { mode: maybe }', 'E1002 seed.yaml:3:18 install.mode'],
  ])('%s is refused with its place', (lines, told) => {
    expect(mistake(lines)).toContain(told);
  });
});

describe("a seed's passphrase", () => {
  test.for([
    ['is short', 'elevenchars'],
    ['is not ASCII', 'schlüssel schlüssel'],
    ['has a space at its end', "'twelve chars '"],
  ])('is refused when it %s, and no message has it', ([, value]) => {
    expect(mistake(`disk: { passphrase: ${value} }\n`)).toBe(
      'E1002 seed.yaml:3:21 disk.passphrase: expected 12 to 512 characters of ASCII, no space at either end, found another text',
    );
  });

  const one = `${head}# The seventh.\nhostname: rack-7\n`;
  const other = 'network: { interface: {name: en*}, vlan: 7 }\n';
  const [block, flow] = [
    'disk:\n  passphrase: correct horse battery\n',
    'disk: { passphrase: correct horse battery }\n',
  ];
  test.for([
    [one + block, one],
    [one + flow, one],
    [one + block + other, one + other],
    [flow + one + other, one + other],
    [one + other, one + other],
  ])('is not in what is kept, and all else is, as it was written: %s', ([text = '', kept]) => {
    expect(withoutPassphrase(text)).toBe(kept);
  });

  test('is not in what is kept of a seed in one line either', () => {
    const kept = withoutPassphrase('{kind: Seed, disk: {passphrase: correct horse battery}}\n');
    expect(kept).toContain('kind: Seed');
    expect(kept).not.toContain('horse');
  });
});
