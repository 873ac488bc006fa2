import { expect, test } from 'vitest';
import { boxNames } from '../../../agent/backup/members.ts';
import { backupMembers } from '../../../contract/backup.ts';
import { handedOver, reminted } from '../../../contract/cargo.ts';
import { box, persisted, restoring } from '../../../contract/layout.ts';
import { stateTree } from '../../../contract/state-tree.ts';

const names = stateTree.map(({ name }) => name);

test('every path that the layout has below the state tree is described, and no other', () => {
  const below = Object.values(box)
    .filter((path) => path.startsWith(`${box.state}/`))
    .map((path) => path.slice(box.state.length + 1).split('/')[0] ?? '');
  const all = [...below, ...Object.keys(persisted), ...Object.values(restoring)];
  expect([...new Set(all)].toSorted()).toEqual(names);
});

test('it is said of each member of a backup what it has', () => {
  const said = new Set(stateTree.map(({ backup }) => backup).filter((member) => member !== null));
  expect([...said].toSorted()).toEqual([...backupMembers].toSorted());
  const own = stateTree.filter(({ backup }) => backup === 'box.tar').map(({ name }) => name);
  expect(own).toEqual(boxNames);
});

test('what a backup has is handed over by a cargo, or the receiver has its own', () => {
  const inBackup = stateTree.filter(({ backup }) => backup !== null).map(({ name }) => name);
  // A snapshot is how etcd is handed over.
  const all = inBackup.filter((name) => name !== 'engine-snapshot');
  expect([...handedOver, ...reminted].toSorted()).toEqual(all);
});
