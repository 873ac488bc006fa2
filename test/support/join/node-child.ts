import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Board } from '../../../agent/board.ts';
import { boot } from '../../../agent/boot.ts';
import { hasStore } from '../../../agent/engine/kubeadm/further-server.ts';
import { NodeStore } from '../../../agent/join/store.ts';
import { keepNode } from '../../../agent/node/keep.ts';
import { nodeSequence } from '../../../agent/node/sequence.ts';
import { BoxReport } from '../../../agent/report/report.ts';
import { BlobCheck } from '../../../agent/verify/blobs.ts';
import { parseInvitation } from '../../../contract/invitation.ts';
import type { NodeRole } from '../../../contract/join-material.ts';
import { box } from '../../../contract/layout.ts';
import { Moments } from '../enroll/moments.ts';
import { joinManifest, joinSigned, joinSite } from './site.ts';

/**
 * A node's agent on a machine of its own: `NAME INVITATION AT ROLE`. It runs the steps after `verify`, then what a node does
 * while it is one, looking at the box every second. AT names the moment at which it is killed.
 */
const [name = '', invitation = '', at = '', given = ''] = process.argv.slice(2);
const role: NodeRole = given === 'control-plane' ? given : 'agent';
const parsed = parseInvitation(invitation);
if (typeof parsed === 'string') throw new Error(parsed);
const never = new AbortController().signal;
const moments = new Moments(at);
const joining = { name, role, invitation: parsed, guest: false, store: new NodeStore(box.node) };
const report = new BoxReport(['enroll', 'join'], () => performance.now(), 'lab');
report.set({ state: 'disk' });
const board = new Board(joinSite, report, (why) => {
  process.stdout.write(`${(why as Error).message}\n`);
  process.exit(0);
});
/** Moments that the report tells. */
const told = [
  ['[preflight] Reading configuration', 'preflight'],
  ['[kubelet-start] Starting the kubelet', 'kubelet'],
  ['perform the TLS Bootstrap', 'bootstrap'],
  ['Announced new etcd member', 'announced'],
  ['[mark-control-plane]', 'mark'],
  ["this node's part", 'certificate'],
] as const;
let last = '';
report.onChange(() => {
  const { name: step, state, detail } = report.current;
  const line = `${step} ${state} ${detail}`;
  for (const [said, moment] of told) if (line !== last && detail.includes(said)) moments.pass(moment);
  if (line !== last) process.stderr.write(`${line}\n`);
  last = line;
});
await mkdir(box.run, { recursive: true });
// etcd says so itself; nobody else is told.
if (at === 'store') setInterval(() => hasStore() && moments.pass(at), 20).unref();
board.put('blobs', new BlobCheck([], async () => ''));
board.put('signed', joinSigned);
board.put('manifest', joinManifest);

for (const [method, moment] of [
  ['key', 'key'],
  ['ask', 'request'],
  ['keep', 'identity'],
  ['keepCluster', 'material'],
] as const)
  moments.around(NodeStore.prototype, method, () => moment);

const pause = (ms: number, signal: AbortSignal) => sleep(Math.min(ms, 1000), undefined, { signal });
const steps = nodeSequence(joining).filter((step) => step.name !== 'verify');
const complete = await boot(steps, board, pause, never);
const { problem } = report.snapshot();
process.stdout.write(`${complete ? 'ready' : `failed ${problem}`}\n`);
if (!complete) process.exit(1);
await keepNode(board, joining, { wall: Date.now, random: Math.random, lookMs: 1000, signal: never });
