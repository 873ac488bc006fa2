import { constants, openSync, readSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { TypedTerminal } from '../../support/typed-terminal.ts';

const path = freshDirectory();
const scripts = resolve(import.meta.dirname, '../../../images/os/files/usr/lib/cpiab');
const passphrase = 'correct horse battery';

let terminal: TypedTerminal;
let stop: AbortController;
beforeEach(async () => {
  stop = new AbortController();
  terminal = await TypedTerminal.open();
});
afterEach(() => {
  stop.abort();
  terminal.close();
});

/** Makes the terminal the one console of a machine. `gate` waits until the test lets it go on. */
const machine = `mount -t tmpfs tmpfs /run && mkdir -p /run/cpiab /run/systemd/ask-password
printf '%s\\n' "\${1#/dev/}" >/run/active && mount --bind /run/active /sys/class/tty/console/active
gate() { touch "$2/waits.$1"; until [[ -e $2/open.$1 ]]; do sleep 0.05; done; }
. "$0/data"
`;
const started = async (script: string) => {
  await mkdir(path('gates'));
  // All of it ends with the test.
  const own = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const args = [scripts, terminal.path, path('gates')];
  return run([...own, 'bash', '-c', machine + script, ...args], { signal: stop.signal });
};
const waitsAt = async (gate: string) => {
  const there = () =>
    run(['test', '-e', path('gates', `waits.${gate}`)]).then(
      () => true,
      () => false,
    );
  while (!(await there())) await sleep(20);
};
const goesOn = (gate: string) => writeFile(path('gates', `open.${gate}`), '');

/** systemd's own programs ask; each question waits for a gate first, named by how many files the gates have. */
const gated = `gates=$2
systemd-ask-password() { gate "$(ls "$gates" | wc -l)" "$gates"; command systemd-ask-password "$@"; }
`;
/** The script that asks, and what is typed at each question. */
const asked: Record<string, [script: string, answers: [question: string, typed: string][]]> = {
  'when a passphrase is chosen': [
    'given=/none; first_passphrase passphrase',
    [
      ['characters:', passphrase],
      ['The same again:', passphrase],
    ],
  ],
  'when the state wants its passphrase': [
    // In place of the disk, which says with status 2 that a passphrase is wrong (cryptsetup(8)).
    `modprobe() { :; }; cryptsetup() { [[ $1 == luksDump || $(<"$3") == '${passphrase}' ]] || return 2; }
     given=/none; unlock /dev/none`,
    [
      ['Passphrase:', 'correct pony battery'],
      ['Passphrase:', passphrase],
    ],
  ],
};

test.each(Object.keys(asked))(
  '%s, what is typed before and between questions is shown nowhere',
  async (when) => {
    const [script, answers] = asked[when] ?? expect.unreachable();
    const done = started(`${gated}${script} && cat "$key"`);
    for (const [index, [question, typed]] of answers.entries()) {
      const gate = String(2 * index);
      await waitsAt(gate);
      terminal.type('horse too early');
      await sleep(300);
      await goesOn(gate);
      const times = answers.slice(0, index + 1).filter(([other]) => other === question).length;
      await terminal.shows(question, times);
      await terminal.has('-icanon');
      // Ctrl-U takes away what came so late that it counts.
      terminal.type(`\u0015${typed}\r`);
    }
    expect((await done).stdout).toBe(passphrase);
    expect(terminal.screen).not.toContain('horse');
    expect(await terminal.settings()).toEqual(expect.arrayContaining(['echo', 'icanon']));
  },
);

test('what was typed and not asked for is given to nobody, and then a terminal shows again what is typed', async () => {
  const done = started('quietly gate end "$2"');
  await waitsAt('end');
  terminal.type('a line\rand half a');
  await sleep(300);
  await goesOn('end');
  await done;
  terminal.type('seen');
  terminal.type('\r');
  await terminal.shows('seen\r\n');
  const reader = openSync(terminal.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  const bytes = Buffer.alloc(100);
  expect(bytes.toString('utf8', 0, readSync(reader, bytes))).toBe('seen\n');
  expect(terminal.screen).not.toContain('half');
});
