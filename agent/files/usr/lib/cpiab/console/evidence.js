import { badge, code, empty, facts, make, section, table } from './dom.js';
import { bytes, groups, outcomeTones } from './words.js';

const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

export const showEvidence = section('evidenceFacts', ({ bundle, fingerprint, audit, box }) => [
  bundle === null ? empty('The bundle is not verified yet.') : bundleFacts(bundle),
  facts([
    ['Fingerprint', code(groups(fingerprint))],
    ['Box', code(box.id)],
    [
      'State',
      box.state === 'disk' ? `kept on disk, ${openers[box.encryption]}` : 'in memory: lost at power-off',
    ],
    ['Audit log', audit === null ? 'not open' : `${audit.size} entries, signed as a tree`],
  ]),
  make('h3', {}, 'Check it yourself'),
  make(
    'ol',
    { class: 'how' },
    ...how.map(([text, command]) => make('li', {}, text, command === null ? '' : code(command))),
  ),
]);

const openers = {
  none: 'not encrypted',
  tpm2: 'encrypted, opened by the TPM',
  passphrase: 'encrypted, opened by a passphrase',
};

const bundleFacts = ({ sequence, blobs, bytes: size, expires, revision, manifest, key, siteKey }) =>
  facts([
    ['Bundle', `sequence ${sequence}, ${blobs} blobs, ${bytes(size)}, good until ${day(expires)}`],
    ['Commit', code(revision)],
    ['Manifest', code(manifest)],
    ['Signed by key', code(key)],
    ["Site's public key", code(siteKey)],
  ]);

const how = [
  [
    "Compare the fingerprint above with the one on the box's own screen: only then is this page the box's.",
    null,
  ],
  [
    'Verify the medium it started from, with the public key that you have from the site: ',
    'cpiab verify MEDIUM --all',
  ],
  ["The digest of that medium's manifest.json is the one above: ", 'sha256sum manifest.json'],
  ['Verify what was done to the box since: ', 'cpiab audit --box https://HOST:7443#FINGERPRINT'],
];

/** The newest entries, newest first. */
export const showAudit = section('auditRows', (log) => {
  if (log === null) return [empty('The log is not open.')];
  const { entries, size } = log;
  const rows = entries
    .toReversed()
    .map(({ index, time, who, action, subject, outcome, detail }) => [
      String(index),
      make('time', { datetime: time }, time.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')),
      who.name,
      action,
      badge(outcomeTones[outcome], outcome),
      detail === '' ? subject : `${subject}: ${detail}`,
    ]);
  const columns = [
    ['Entry', 'number'],
    ['Time of the box'],
    ['Who', 'line'],
    ['Action', 'line'],
    ['Outcome'],
    ['What', 'wide'],
  ];
  const older = size > entries.length ? `The newest ${entries.length} of ${size} entries. ` : '';
  return [
    table('Audit log, newest first', columns, rows, 'unseen'),
    make('p', { class: 'hint' }, older, code('cpiab audit'), ' shows all of them, verified.'),
  ];
});
