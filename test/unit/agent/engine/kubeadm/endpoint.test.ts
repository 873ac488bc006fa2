import { readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { endpoint, hostsWith } from '../../../../../agent/engine/kubeadm/endpoint.ts';
import { pointEndpoint } from '../../../../../agent/engine/kubeadm/start.ts';
import { freshDirectory } from '../../../../support/fresh-directory.ts';

const path = freshDirectory();
const hosts = '127.0.0.1 localhost\n::1 localhost\n10.44.0.1 cpiab\n';
const name = endpoint.split(':')[0];
const addressOf = (text: string) =>
  text.split('\n').flatMap((line) => (line.split(' ')[1] === name ? [line.split(' ')[0]] : []));

describe('the name of the API server', () => {
  test('leads to one address only, whatever it led to before; other names stay', () => {
    const moved = hostsWith(hostsWith(hosts, '10.44.0.1'), '10.44.0.2');
    expect(addressOf(moved)).toEqual(['10.44.0.2']);
    expect(moved.startsWith(hosts)).toBe(true);
    expect(hostsWith(moved, '10.44.0.2')).toBe(moved);
  });

  test('is written whole, and not again when it is there', async () => {
    await writeFile(path('hosts'), hosts);
    await pointEndpoint('127.0.0.1', path('hosts'));
    const first = await stat(path('hosts'));
    await pointEndpoint('127.0.0.1', path('hosts'));
    expect((await stat(path('hosts'))).ino).toBe(first.ino);
    expect(addressOf(await readFile(path('hosts'), 'utf8'))).toEqual(['127.0.0.1']);
  });
});
