import { showSteps, showTimeline } from './boot.js';
import { showBlocking, showGit, showKustomizations, showNodes } from './cluster.js';
import { refreshDashboards, showAlerts, showDashboards } from './dashboards.js';
import { at, setText } from './dom.js';
import { showAudit, showEvidence } from './evidence.js';
import { showDropped, showImages, showWorld } from './images.js';
import { members } from './members.js';
import { network } from './network.js';
import { showOverview } from './overview.js';
import { triedToLeave } from './words.js';

const SOON_MS = 2000;
/** For what changes seldom, and for a page that nobody looks at. */
const LATER_MS = 10_000;
const PATIENCE_MS = 10_000;

/** The box's answer, or null where it has not come so far. */
async function ask(path) {
  const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.status === 503) return null;
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer;
}

const json = async (path) => await (await ask(path))?.json();

async function showStatus() {
  const status = await json('/v1/status');
  if (status === undefined) throw new Error('no status');
  const { steps, git, flux, nodes, images, dropped, alerts } = status;
  showOverview(status);
  showSteps(steps);
  showGit({ git, flux });
  showBlocking(flux.blocking);
  showNodes(nodes);
  showAlerts(alerts);
  showWorld({ images, left: triedToLeave(dropped) });
  showDropped(dropped);
  showTimeline(await (await ask('/v1/timeline.svg')).text());
  return status;
}

/** What the box can't have yet is not asked for. */
async function showRest({ box, nodes }) {
  const [list, images, evidence, log, dashboards] = await Promise.all([
    nodes.length > 0 ? json('/v1/kustomizations') : undefined,
    box.sequence > 0 ? json('/v1/images') : undefined,
    json('/v1/evidence'),
    json('/v1/audit?last=50'),
    nodes.length > 0 ? json('/v1/dashboards') : undefined,
  ]);
  showDashboards(dashboards?.dashboards ?? []);
  showKustomizations(list?.kustomizations ?? null);
  showImages(images?.images ?? null);
  showEvidence({ ...evidence, box });
  const size = Number(log?.checkpoint.split('\n')[1] ?? 0);
  showAudit(log === undefined ? null : { entries: log.entries, size });
}

let answered = null;

function showLive() {
  setText('liveText', 'live');
  at('live').dataset.tone = 'good';
  at('gone').hidden = true;
  answered = new Date();
}

/** What is on the page is still true as of then; it stays, and says so. */
function showGone(error) {
  const since = answered === null ? '' : ` since ${answered.toLocaleTimeString()}`;
  setText('liveText', `no answer${since}`);
  at('live').dataset.tone = 'bad';
  const shown = answered === null ? '' : ' What this page shows is from then.';
  const text = `The box has not answered${since} (${error.message}).${shown} It is asked again every few seconds.`;
  if (at('gone').hidden) setText('gone', text);
  at('gone').hidden = false;
}

async function poll(round) {
  try {
    const status = await showStatus();
    if (round % 5 === 0) await showRest(status);
    if (round % 5 === 0) await Promise.all([members.refresh(), network.refresh(), refreshDashboards()]);
    showLive();
  } catch (error) {
    showGone(error);
  }
  const next = answered === null ? 0 : round + 1;
  setTimeout(() => void poll(next), document.hidden ? LATER_MS : SOON_MS);
}

/** Marks the section that one is at; without that, the links still work. */
function followReading() {
  const links = new Map([...document.querySelectorAll('nav a')].map((link) => [link.hash.slice(1), link]));
  const seen = new Set();
  const watcher = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) seen[isIntersecting ? 'add' : 'delete'](target.id);
      const current = [...links.keys()].find((id) => seen.has(id));
      for (const [id, link] of links) link.setAttribute('aria-current', String(id === current));
    },
    { rootMargin: '-72px 0px -40% 0px' },
  );
  for (const id of links.keys()) watcher.observe(at(id));
}

followReading();
members.offer();
network.offer();
void poll(0);
