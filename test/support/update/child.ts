import { createReadStream, writeSync } from 'node:fs';
import type { Slots } from '../../../agent/slots/slots.ts';
import type { SlotName } from '../../../contract/boot-slots.ts';
import { digestOf } from '../../../contract/manifest.ts';
import { sha256File } from '../../../host/files.ts';
import { openDisk } from '../box-disk.ts';

/**
 * One start of the agent's part that changes versions, on a disk of directories, as a process that can be killed:
 * `ROOT KEYS SLOT AT [FILE]`. It says what it has come to, a line each, and waits where a line matches AT.
 * Ends when it asks for a restart, or has nothing left to do.
 */
const [root = '', keys = '', slot = 'a', at = '^$', file] = process.argv.slice(2);
const { signal } = new AbortController();
const PARTS = 4;
const awaited = new RegExp(at);
/** Until it is killed. */
const PAUSE_MS = 60_000;

function moment(name: string): void {
  writeSync(1, `${name}\n`);
  // Nothing of it goes on meanwhile.
  if (awaited.test(name)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/** The disk's slots, with a moment before and after each change. */
function aloud(slots: Slots): Slots {
  return {
    ...slots,
    choose: async (choice) => {
      const what = choice.trial === null ? 'settle' : 'switch';
      moment(`before ${what}`);
      await slots.choose(choice);
      moment(`after ${what}`);
    },
    emptyOther: async (stop) => {
      const emptied = await slots.emptyOther(stop);
      moment('emptied');
      return emptied;
    },
  };
}

const disk = openDisk(root, keys);
const updater = await disk.open(slot as SlotName, {
  slots: aloud(disk.slots(slot as SlotName)),
  tell: ({ update }) => moment(update === null ? 'no update' : `${update.state} ${update.detail}`.trim()),
  restart: async () => {
    moment('restart');
    process.exit(0);
  },
});
await updater.resume(signal);
// What came whole is gone on with by itself.
if (file !== undefined && updater.status === null) {
  const { sha256, size: length } = await sha256File(file);
  const digest = digestOf(sha256);
  for (let offset = await updater.received(digest); offset < length; ) {
    const end = Math.min(offset + Math.ceil(length / PARTS), length);
    const content = createReadStream(file, { start: offset, end: end - 1 });
    offset = await updater.receive({ digest, length, offset }, content, signal);
    moment(`sent ${Math.round((offset / length) * PARTS)} of ${PARTS}`);
  }
}
await updater.idle();
if (updater.onTrial) await updater.commit();
