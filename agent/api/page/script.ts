/** Values of the status are only ever set as text, so nothing in them can become markup. */
export const script = `
'use strict';
const at = (id) => document.getElementById(id);
const seconds = (ms) => (ms === null ? '' : (ms / 1000).toFixed(1) + ' s');
const mebibytes = (bytes) => Math.round(bytes / 1048576) + ' MiB';
const element = (name, text, className) => {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
};
const facts = (id, pairs) =>
  at(id).replaceChildren(...pairs.flatMap(([name, value]) => [element('dt', name), element('dd', value)]));
const row = ({ name, state, startedMs, tookMs, detail }) => {
  const made = document.createElement('tr');
  const head = element('th', name);
  head.scope = 'row';
  made.append(head, element('td', state, state), element('td', seconds(startedMs), 'number'), element('td', seconds(tookMs), 'number'), element('td', detail));
  return made;
};
const setText = (id, text) => { if (at(id).textContent !== text) at(id).textContent = text; };
const show = (status) => {
  const { box, git, flux, nodes, memory, egress, images } = status;
  document.title = 'CPiaB ' + box.site + ': ' + status.phase;
  setText('site', box.site);
  setText('phase', status.phase);
  at('phase').className = status.phase === 'ready' ? 'done' : status.phase === 'failed' ? 'failed' : 'running';
  at('trouble').hidden = status.problem === null;
  setText('problem', status.problem ?? '');
  setText('nextAction', status.nextAction ?? '');
  at('stepRows').replaceChildren(...status.steps.map(row));
  facts('appliedFacts', [
    ['Ready', flux.ready + ' of ' + flux.total],
    ['Head', git.head ?? 'none'],
    ['Applied', git.applied ?? 'nothing yet'],
  ]);
  at('blocking').replaceChildren(...flux.blocking.map(({ object, reason }) => element('li', object + ': ' + reason)));
  facts('boxFacts', [
    ['Identifier', box.id],
    ['Fingerprint', box.fingerprint],
    ['Version', box.version + ' (sequence ' + box.sequence + ')'],
    ['State', box.state === 'disk' ? 'on disk' : 'in memory: lost at power-off'],
    ['Nodes', nodes.map(({ name, ready, version }) => name + ' ' + version + (ready ? '' : ' (not ready)')).join(', ') || 'none yet'],
    ['Memory', mebibytes(memory.used) + ' of ' + mebibytes(memory.total)],
    ['Egress refused', String(egress.denied)],
    ['Images running', images.running + (images.notInBundle.length > 0 ? ', not from the bundle: ' + images.notInBundle.join(', ') : '')],
  ]);
};
const poll = async () => {
  try {
    const answer = await fetch('/v1/status', { cache: 'no-store', signal: AbortSignal.timeout(10000) });
    show(await answer.json());
  } catch (error) {
    setText('phase', 'the box does not answer: ' + error.message);
    at('phase').className = 'failed';
  }
  setTimeout(poll, document.hidden ? 10000 : 2000);
};
poll();
`;
