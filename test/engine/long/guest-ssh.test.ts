import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { Run } from '../../support/guest/guest.ts';
import { GuestLab, repository, soon } from '../../support/guest/lab.ts';

const lab = new GuestLab();
let operator: string;

beforeAll(() => lab.open(), 900_000);
afterAll(() => lab.close());

/** `cpiab join --ssh` as an operator runs it, who logs in with a key from a file or from an agent. */
const bySsh = async (
  user: string,
  key: 'file' | 'agent',
  hostKey: string,
  identity = join(lab.scratch, 'id'),
) => {
  const at = ['ip', 'netns', 'exec', operator];
  const agent = ['ssh-agent', 'sh', '-c', 'ssh-add -q "$0" && exec "$@"', identity];
  const cli = [process.execPath, join(repository, 'cli/main.ts'), 'join', '--host-key', hostKey];
  const how = key === 'file' ? ['--identity', identity] : [];
  const argv = [...at, ...(key === 'agent' ? agent : []), ...cli, '--ssh', `${user}@10.99.0.31`, ...how, '-'];
  return new Run(argv, `${await lab.invite()}\n`);
};
const traces = 'ls /var/lib /etc/systemd/system /usr/local/sbin /var/tmp; ps -e -o args';

test('by SSH nothing is told to a machine that shows another key, and nobody comes in with a strange one', async () => {
  operator = await lab.box.attach('operator', '10.99.0.41');
  await lab.guest.takeKey(join(lab.scratch, 'id'));
  const own = await lab.guest.hostKey();
  const other = await bySsh('root', 'file', `SHA256:${'A'.repeat(43)}`);
  await other.ended;
  expect(other.text).toContain(`CPIAB-E2511 root@10.99.0.31:22: the machine shows the SSH key ${own}`);
  expect(other.status).toBe(3);
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(lab.scratch, 'stranger')]);
  const stranger = await bySsh('root', 'file', own, join(lab.scratch, 'stranger'));
  await stranger.ended;
  expect(stranger.text).toContain('CPIAB-E5511 root@10.99.0.31:22: cannot log in: ');
  expect(stranger.status).toBe(1);
});

test('by SSH a refusal of the machine is told', async () => {
  const refused = await bySsh('root', 'agent', await lab.guest.hostKey());
  await refused.ended;
  expect(refused.text).toContain('CPIAB-E4042 /sys/fs/cgroup: the kernel lacks: ');
  expect(refused.text).toContain('CPIAB-E5512 root@10.99.0.31: the join there ended with status 4');
  expect(refused.status).toBe(1);
});

test.each(['bringing', 'unpacking', 'waiting for approval'])(
  'by SSH Ctrl-C ends it on both sides, while it says %s',
  async (moment) => {
    await lab.guest.allow();
    await lab.guest.showControllers();
    const cut = await bySsh('root', 'file', await lab.guest.hostKey());
    if (moment === 'waiting for approval') {
      await soon(() => cut.said('verifying') || cut.status !== null);
      await lab.guest.hideControllers();
    }
    await soon(() => cut.said(moment) || cut.status !== null);
    cut.interrupt();
    await cut.ended;
    await lab.guest.hideControllers();
    expect(cut.status).toBe(130);
    await soon(async () => !(await lab.inside(traces)).includes('cpiab-join'));
    // Once the agent has the join, it goes on without anybody who looks.
    expect((await lab.inside(traces)).includes('cpiab-guest')).toBe(moment === 'waiting for approval');
  },
);

test('by SSH as a user with sudo, run again, it becomes a Ready node', async () => {
  await lab.guest.showControllers();
  const joining = await bySsh('ops', 'file', await lab.guest.hostKey());
  await soon(() => joining.said('verifying') || joining.status !== null);
  await lab.guest.hideControllers();
  await lab.approved(joining);
  expect(joining.text).toContain('ops@10.99.0.31 is a node of 10.99.0.11:7443');
  expect(joining.status).toBe(0);
  await soon(async () => (await lab.box.kubectl('get', 'node', 'guest-1')).includes(' Ready '));
});

test('it leaves by its own command, and its box and the cluster know', async () => {
  expect(await lab.inside('cpiab leave')).toContain('tokens, member and Node are gone');
  expect(await lab.inside(traces)).not.toContain('cpiab');
  expect((await lab.node())?.state).toBe('removed');
  expect(await lab.box.kubectl('get', 'nodes')).not.toContain('guest-1');
});
