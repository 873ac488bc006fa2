import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { nfsDetail, nfsNull } from '../../../agent/discover/probe/greetings.ts';
import { inGuest } from '../../support/nas/guest.ts';
import { removeTree } from '../../support/remove-tree.ts';

const repository = resolve(import.meta.dirname, '../../..');
const kubernetes = join(repository, 'cluster/kubernetes');
const scripts = ['exports', 'folders.sh', 'snapshot.sh', 'verify.sh'].map((name) =>
  join(repository, 'synology', name),
);

let scratch: string;
/** What the machine said, by name. */
let said: Record<string, string>;

/** The mount options of a volume, as mount(8) takes them. */
async function optionsOf(file: string, volume: string): Promise<string> {
  const text = await readFile(join(kubernetes, 'platform/nfs', file), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS());
  return objects.find(({ metadata }) => metadata.name === volume).spec.mountOptions.join(',');
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-nas-'));
  await writeFile(join(scratch, 'null'), nfsNull);
  const options = {
    MEDIA: await optionsOf('media.yaml', 'media-jellyfin'),
    PROBE: await optionsOf('nas.yaml', 'media-nfs'),
    BACKUP: await optionsOf('backup.yaml', 'backup-syncthing'),
  };
  const head = Object.entries(options).map(([name, value]) => `${name}=${value}\n`);
  const script = await readFile(join(repository, 'test/support/nas/scenario.sh'), 'utf8');
  const own = [
    join(kubernetes, 'platform/nfs/links.sh'),
    join(kubernetes, 'components/backup/backup.sh'),
    join(scratch, 'null'),
  ];
  const files = [...scripts, ...own, join(repository, 'test/support/nas/nas.sh')];
  const lines = await inGuest({ script: head.join('') + script, files, scratch });
  expect(lines).toContain('end');
  const told = lines.flatMap((line) => {
    const { name, value } = /^(?<name>[-a-z]+): (?<value>.*)$/.exec(line)?.groups ?? {};
    return name === undefined || value === undefined ? [] : [[name, value]];
  });
  said = Object.fromEntries(told);
});
afterAll(() => removeTree(scratch));

/** How something ended. */
function ended(name: string): { status: number; seconds: number } {
  const found = /^status (?<status>\d+) after (?<seconds>\d+) s/.exec(said[name] ?? '')?.groups;
  if (found === undefined) throw new Error(`${name}: ${said[name]}`);
  return { status: Number(found['status']), seconds: Number(found['seconds']) };
}
const well = (name: string) => expect(ended(name).status, `${name}: ${said[name]}`).toBe(0);
const failed = (name: string) => expect(ended(name).status, `${name}: ${said[name]}`).not.toBe(0);

describe('what the NAS exports', () => {
  test('is mounted by the options of the volumes, and nothing else is', () => {
    for (const name of ['serve', 'mount-media', 'mount-soft', 'mount-backup']) well(name);
    failed('mount-other');
  });

  test('takes a link from torrents to media, by whoever the pod runs as', () => {
    well('links');
    expect(said['link']).toBe('2 links of 1024:100');
  });

  test('answers the question by which a box knows that it is there', () => {
    expect(nfsDetail(Buffer.from(said['null'] ?? '', 'hex'))).toBe('versions 4 to 4');
  });
});

describe("an app's claims", () => {
  test('are backed up, and what was lost, changed or added since is as it was', () => {
    for (const name of ['backup-first', 'backup-second', 'restore']) well(name);
    expect(said['restored']).toBe('same');
    expect(said['owner']).toBe('1024:100');
    well('verify');
  });

  test('have snapshots that a box can neither change nor remove, and only so many', () => {
    for (const name of ['snapshot', 'verify-snapshot', 'thin-out']) well(name);
    failed('touch-snapshot');
    expect(said['kept']).toMatch(/^3 snapshots, the oldest 2020-01-03$/);
  });
});

describe('when the server is gone', () => {
  test('a soft mount says so, a backup fails within minutes, and nothing new can be mounted', () => {
    for (const name of ['gone-soft', 'gone-backup', 'gone-mount']) {
      failed(name);
      expect(ended(name).seconds, name).toBeLessThan(600);
    }
  });

  test('who writes to a hard mount waits, and can be killed', () => {
    expect(said['gone-hard']).toBe('waits');
    expect(ended('gone-kill')).toMatchObject({ status: 137 });
    expect(ended('gone-kill').seconds).toBeLessThan(30);
  });

  test('all goes on by itself when it is back, and nothing that was written is lost', () => {
    expect(said['back-hard']).toMatch(/^status 0 after \d+ s, 65536 bytes$/);
    for (const name of ['back-soft', 'back-backup']) well(name);
  });
});
