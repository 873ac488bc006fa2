import { describe, expect, test } from 'vitest';
import { parseSshTarget, requireFingerprint } from '../../../../cli/nodes/ssh-target.ts';

describe('a machine to reach by SSH', () => {
  test.each([
    ['root@10.0.0.21', { user: 'root', host: '10.0.0.21', port: 22 }],
    ['ops@rack-4.example.org:2222', { user: 'ops', host: 'rack-4.example.org', port: 2222 }],
    ['root@[fe80::1]:2022', { user: 'root', host: 'fe80::1', port: 2022 }],
  ])('%s has a user, a host and a port', (text, target) => {
    expect(parseSshTarget(text)).toEqual(target);
  });

  test.each([
    '10.0.0.21',
    'root@',
    'root@host:0',
    'root@host:65536',
    'root@a b',
    'root@fe80::1',
    '-o@host;x',
  ])('%s is refused', (text) => {
    expect(() => parseSshTarget(text)).toThrow(expect.objectContaining({ code: 'E1506' }));
  });
});

describe('the key of a machine', () => {
  const key = `SHA256:${'aB3+'.repeat(10)}xyz`;

  test('is named as ssh-keygen shows it, with padding or without', () => {
    expect(requireFingerprint(key)).toBe(key);
    expect(requireFingerprint(`${key}=`)).toBe(key);
  });

  test.each([undefined, '', 'SHA256:short', 'MD5:00:11', key.toLowerCase().slice(7)])(
    'is not trusted because it came first: %s is refused',
    (text) => {
      expect(() => requireFingerprint(text)).toThrow(expect.objectContaining({ code: 'E1507' }));
    },
  );
});
