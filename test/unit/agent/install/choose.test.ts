import { describe, expect, test } from 'vitest';
import { type Candidate, choose, describe as described } from '../../../../agent/install/choose.ts';
import type { Content } from '../../../../agent/install/content.ts';
import { CpiabError } from '../../../../contract/errors.ts';
import { InstallSchema } from '../../../../contract/install.ts';

const LEAST = 5e9;
const foreign: Content = { kind: 'foreign', found: ['ext4 "photos"'] };

const disk = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  path: `/dev/${name}`,
  size: 20e9,
  model: 'ACME SSD 9',
  serial: `serial-${name}`,
  unfit: null,
  content: { kind: 'blank' },
  ...more,
});

function chosen(disks: Candidate[], install: object = {}): string {
  try {
    return choose(disks, InstallSchema.parse(install), LEAST).path;
  } catch (error) {
    if (error instanceof CpiabError) return `${error.code} ${error.message}`;
    throw error;
  }
}

describe('choose takes', () => {
  test.for<[string, Candidate[], object, string]>([
    ['the one blank disk', [disk('sda')], {}, '/dev/sda'],
    [
      'a blank one beside one that holds data',
      [disk('sda', { content: foreign }), disk('sdb')],
      {},
      '/dev/sdb',
    ],
    [
      'the one of a model',
      [disk('sda', { model: 'Other' }), disk('sdb')],
      { disk: { model: 'acme' } },
      '/dev/sdb',
    ],
    [
      'the one of a serial number',
      [disk('sda'), disk('sdb')],
      { disk: { serial: 'serial-sdb' } },
      '/dev/sdb',
    ],
    [
      'the one that is large enough',
      [disk('sda'), disk('sdb', { size: 2e12 })],
      { disk: { minSize: '1TB' } },
      '/dev/sdb',
    ],
    [
      'one that was begun, before blank ones',
      [disk('sda'), disk('sdb', { content: { kind: 'unfinished' } })],
      {},
      '/dev/sdb',
    ],
    [
      'one with data when it is named',
      [disk('sda', { content: foreign })],
      { erase: 'serial-sda' },
      '/dev/sda',
    ],
  ])('%s', ([, disks, install, expected]) => {
    expect(chosen(disks, install)).toBe(expected);
  });
});

describe('choose refuses', () => {
  test.for<[string, Candidate[], object, RegExp]>([
    ['no disk', [], {}, /^E1301 .*the machine has none/],
    ['the medium and what is mounted', [disk('sda', { unfit: 'in use' })], {}, /^E1301 .*sda is in use/],
    [
      'one that is too small',
      [disk('sda', { size: 4e9 })],
      {},
      /^E1301 .*sda is 4.0 GB, smaller than 5.0 GB/,
    ],
    ['another model', [disk('sda')], { disk: { model: 'Other' } }, /^E1301 .*model ACME SSD 9, not Other/],
    [
      'part of a serial number',
      [disk('sda')],
      { disk: { serial: 'serial' } },
      /^E1301 .*serial serial-sda, not serial/,
    ],
    [
      'one that holds data',
      [disk('sda', { content: foreign })],
      {},
      /^E1302 .*sda, 20 GB, ACME SSD 9, serial serial-sda: holds ext4 "photos"/,
    ],
    [
      'data, when another disk may be erased',
      [disk('sda', { content: foreign })],
      { erase: 'serial-sdb' },
      /^E1302/,
    ],
    ['two blank ones', [disk('sda'), disk('sdb')], {}, /^E1303 .*sda.*sdb/],
    ['to erase what does not fit', [disk('sda', { unfit: 'removable' })], { erase: 'serial-sda' }, /^E1301/],
    [
      'to erase a disk without a number',
      [disk('sda', { serial: '', content: foreign })],
      { erase: 'x' },
      /^E1302/,
    ],
  ])('%s', ([, disks, install, expected]) => {
    expect(chosen(disks, install)).toMatch(expected);
  });
});

test('a disk is described without what it does not tell', () => {
  expect(described(disk('sda', { model: '', serial: '' }))).toBe('sda, 20 GB: blank');
});
