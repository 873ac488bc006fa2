import { expect, test } from 'vitest';
import { Board } from '../../../../agent/board.ts';
import { startRuntime } from '../../../../agent/engine/start.ts';
import { BoxReport } from '../../../../agent/report/report.ts';
import type { Manifest } from '../../../../contract/manifest.ts';
import { parseBoxSite } from '../../../../contract/site.ts';
import { refusal } from '../../../support/refusal.ts';

const site = parseBoxSite({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  engine: { version: 'v1.36.3' },
});

test('a bundle without the images of its engine is refused before anything is started', async () => {
  const board = new Board(site, new BoxReport([], () => 0, 'lab'), () => {});
  const images = { 'registry.k8s.io/pause:3.10': `sha256:${'0'.repeat(64)}` };
  board.put('manifest', { images, files: {} } as unknown as Manifest);
  const refused = await refusal(startRuntime(board, new AbortController().signal));
  expect([refused.code, refused.exit]).toEqual(['E5102', 1]);
  expect(refused.message).toContain('registry.k8s.io/kube-apiserver:v1.36.3');
  expect(refused.hint).toContain('`core`');
});
