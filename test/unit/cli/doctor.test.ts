import { afterEach, describe, expect, test, vi } from 'vitest';
import { proxyCheck } from '../../../cli/doctor/proxy.ts';
import { idleContext } from '../../support/context.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const NAMES = ['http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];

async function looked(env: Record<string, string>) {
  for (const name of NAMES) vi.stubEnv(name, env[name] ?? '');
  return await proxyCheck.look(idleContext('/'));
}

describe('the proxy variables', () => {
  test('may be unset', async () => {
    expect(await looked({})).toMatchObject({ result: 'pass', detail: 'none' });
  });

  test.each(['nonsense', ':::', 'proxy:3128', 'http://', 'ftp://proxy'])(
    'must be addresses: %s',
    async (value) => {
      const found = await looked({ HTTPS_PROXY: value, http_proxy: 'http://proxy:3128' });
      expect(found).toMatchObject({ result: 'fail', detail: 'HTTPS_PROXY: not an address' });
    },
  );

  test.each(['http://proxy:3128', 'https://user:secret@proxy', 'socks5h://127.0.0.1:1080'])(
    'are told without what they hold, and who uses them: %s',
    async (value) => {
      const found = await looked({ https_proxy: value });
      expect(found).toMatchObject({ result: 'warn', detail: 'https_proxy' });
      expect(JSON.stringify(found)).not.toContain('secret');
    },
  );
});
