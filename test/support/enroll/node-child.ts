import { enroll } from '../../../agent/join/enroll.ts';
import { NodeStore } from '../../../agent/join/store.ts';
import { parseInvitation } from '../../../contract/invitation.ts';
import { machineId } from './machine-id.ts';
import { Moments } from './moments.ts';

/** A machine that joins, as a process that can be killed: `DIRECTORY INVITATION BOX AT`. */
const [directory = '', invitation = '', box = '', at = ''] = process.argv.slice(2);
const parsed = parseInvitation(invitation);
if (typeof parsed === 'string') throw new Error(parsed);
const moments = new Moments(at);
moments.around(NodeStore.prototype, 'key', () => 'key');
moments.around(NodeStore.prototype, 'ask', () => 'request');
moments.around(NodeStore.prototype, 'keep', () => 'identity');
const inventory = {
  ...{
    machineId,
    macs: [],
    addresses: [],
    cpus: 1,
    memoryBytes: 1 << 30,
    kernel: 'Linux',
    architecture: 'x64',
  },
};
const member = await enroll(
  new NodeStore(directory),
  { ...parsed, box },
  { name: 'n1', role: 'agent', inventory },
  { waiting: () => {}, wall: Date.now, pollMs: 20, signal: new AbortController().signal },
);
process.stdout.write(`joined ${member.grant.id}\n`);
