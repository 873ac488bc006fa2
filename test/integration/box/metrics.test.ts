import { expect, test } from 'vitest';
import { startTestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';

test('the API counts what it answered, and clients cannot make series up', async () => {
  const api = await startTestApi(() => undefined);
  const { certificate: ca } = api.identity;
  await ask(`${api.url}/v1/status`, { ca });
  for (let index = 0; index < 20; index += 1) await ask(`${api.url}/made-up-${index}`, { ca });
  const { headers, body } = await ask(`${api.url}/metrics`, { ca });
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = body.toString();
  expect(text).toContain('cpiab_http_requests_total{route="/v1/status",method="GET",code="200"} 1\n');
  expect(text).toContain('cpiab_http_requests_total{route="other",method="GET",code="404"} 20\n');
  expect(text).toMatch(/^cpiab_audit_entries 0$/m);
  await api.close();
});
