import { badge, code, empty, make, section, setText, table } from './dom.js';
import { forOperators } from './operators.js';
import { bytes, groups, moment } from './words.js';

const PATIENCE_MS = 60_000;

/** Machines that ask to become nodes, for a person to decide, and those that are members. */
export const members = forOperators({
  id: 'members',
  path: '/v1/nodes',
  label: 'Show who asks to join',
  command: 'cpiab nodes',
  absent: 'The box takes nobody in before its audit log is open.',
  show: ({ nodes }) => {
    showPending(nodes.filter(({ state }) => state === 'pending'));
    showKnown(nodes.filter(({ state }) => state !== 'pending'));
  },
});

/** The same requests again change nothing: what is being typed stays. */
const showPending = section('membersPending', (pending) =>
  pending.length === 0
    ? [empty('Nobody asks to join.')]
    : [
        make(
          'h3',
          {},
          `${pending.length === 1 ? 'A machine asks' : `${pending.length} machines ask`} to join`,
        ),
        ...pending.map(request),
      ],
);

function request(node) {
  const { id, name, role, key, address, invited, expires, inventory } = node;
  const field = (what) => `${what}-${id}`;
  const same = make('input', { type: 'checkbox', id: field('same') });
  const reason = make('input', { type: 'text', id: field('reason'), maxlength: '500', autocomplete: 'off' });
  const said = make('p', { role: 'status', class: 'hint' });
  const approve = make('button', { type: 'button', disabled: '' }, `Approve ${name}`);
  const deny = make('button', { type: 'button', class: 'second' }, `Deny ${name}`);
  same.addEventListener('change', () => {
    approve.disabled = !same.checked;
  });
  approve.addEventListener('click', () => decide(node, 'approve', reason.value, said));
  deny.addEventListener('click', () => decide(node, 'deny', reason.value, said));
  const about =
    inventory === null ? '' : `${inventory.cpus} processors, ${bytes(inventory.memoryBytes)} of memory, `;
  return make(
    'article',
    { class: 'request', 'aria-label': `request of ${name}` },
    make(
      'p',
      {},
      make('strong', {}, name),
      ` as ${role}, from ${address}; `,
      invited ? 'invited' : badge('busy', 'not invited'),
    ),
    make(
      'p',
      { class: 'hint' },
      `It says of itself: ${about}${inventory?.kernel ?? 'nothing'}. It waits until ${moment(expires)}.`,
    ),
    make('p', { class: 'key' }, 'Its key: ', code(groups(key))),
    make('label', { class: 'tick', for: field('same') }, same, ' The machine itself shows this key.'),
    make('label', { for: field('reason') }, 'Reason, for the audit log ', reason),
    make('p', { class: 'buttons' }, approve, deny),
    said,
  );
}

/** An approval is for the request that was looked at, and no other. */
async function decide({ id, name, request }, what, reason, said) {
  said.textContent = 'asking the box …';
  const body = JSON.stringify(what === 'approve' ? { request, reason } : { reason });
  const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  try {
    const answer = await fetch(`/v1/nodes/${id}/${what}`, {
      ...options,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const told = answer.ok
      ? null
      : await answer.json().catch(() => ({ message: `status ${answer.status}`, hint: '' }));
    if (told !== null) said.textContent = `${told.message}. ${told.hint}`;
    else setText('said', `${name}: ${what === 'approve' ? 'approved' : 'denied'}`);
    if (told === null) await members.refresh();
  } catch (error) {
    said.textContent = `the box did not answer (${error.message}); look at what became of it`;
  }
}

const tones = { ready: 'good', approved: 'busy', enrolled: 'busy', joining: 'busy', notReady: 'bad' };

const standing = (word) => badge(tones[word] ?? 'quiet', word === 'notReady' ? 'not ready' : word);

const showKnown = section('membersKnown', (nodes) =>
  nodes.length === 0
    ? []
    : [
        table(
          'Machines that were let in, or not',
          [['Name'], ['State', 'line'], ['Role'], ['Certificate until', 'line'], ['Reason', 'wide']],
          nodes.map(({ name, state, cluster, role, certificates, reason }) => [
            name,
            standing(cluster === 'none' ? state : cluster),
            role,
            certificates.length === 0 ? 'none' : moment(certificates.at(-1).notAfter),
            reason,
          ]),
        ),
        make(
          'p',
          { class: 'hint' },
          code('cpiab revoke'),
          ' ends one at once, ',
          code('cpiab invite'),
          ' asks another.',
        ),
      ],
);
