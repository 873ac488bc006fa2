import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { endpoint } from '../../../../../agent/engine/kubeadm/endpoint.ts';
import { pointEndpoint } from '../../../../../agent/engine/kubeadm/start.ts';
import { freshDirectory } from '../../../../support/fresh-directory.ts';

const path = freshDirectory();
const self = {
  name: 'cpiab',
  role: 'control-plane' as const,
  joins: false,
  address: '10.44.0.1',
  highlyAvailable: false,
};
const addressesOf = (text: string, name: string | undefined) =>
  text.split('\n').flatMap((line) => (line.split(' ')[1] === name ? [line.split(' ')[0]] : []));

describe('the name of the API server', () => {
  test('leads to one address only, whatever it led to before; the node keeps its own', async () => {
    for (const address of ['10.44.0.1', '127.0.0.1']) {
      await pointEndpoint(path('hosts'), self, address);
      const text = await readFile(path('hosts'), 'utf8');
      expect(addressesOf(text, endpoint.split(':')[0])).toEqual([address]);
      expect(addressesOf(text, 'cpiab')).toEqual(['10.44.0.1']);
      expect(addressesOf(text, 'localhost')).toEqual(['127.0.0.1', '::1']);
    }
  });
});
