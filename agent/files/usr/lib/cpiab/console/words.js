/** Milliseconds for people. */
export function duration(ms) {
  if (ms === null) return '';
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const hours = Math.floor(whole / 3600);
  if (hours < 48) return `${hours} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** Bytes in powers of 1000. */
export function bytes(count) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(value < 9.95 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

/** A time as the box tells it, RFC 3339, for people. */
export const moment = (time) => time.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC');

/** Packets that wanted out: 0 where the world is closed. */
export const triedToLeave = ({ egress, podEgress }) => egress + podEgress;

export const short = (commit) => commit?.slice(0, 10) ?? 'none';

/** A fingerprint in groups of four, easy to compare by eye. */
export const groups = (hex) => hex.match(/.{1,4}/g)?.join(' ') ?? '';

const doing = {
  verify: 'Checking the medium',
  serve: 'Starting to serve Git and images',
  engine: 'Starting Kubernetes',
  flux: 'Handing the cluster to Flux',
  converge: 'Applying what is in Git',
  enroll: 'Asking its box for a place',
  join: 'Joining the cluster',
};

/** What the box is at, in one line, and its tone: `good`, `busy` or `bad`. */
export function headline({ phase, problem, git, flux, images, node }) {
  if (phase === 'failed') return ['bad', 'Stopped: a person is needed'];
  if (problem !== null)
    return ['bad', phase === 'ready' ? 'Running, with a problem' : `${doing[phase]}: held up`];
  if (images.notInBundle.length > 0) return ['bad', 'Running what the bundle does not hold'];
  if (phase !== 'ready') return ['busy', doing[phase]];
  if (node) return ['good', `A node of ${node.box}`];
  if (flux.ready < flux.total || git.applied !== git.head) return ['busy', 'Running, applying a change'];
  return ['good', 'Everything in Git is applied'];
}

export const stateTones = {
  done: 'good',
  running: 'busy',
  failed: 'bad',
  waiting: 'quiet',
  skipped: 'quiet',
};
export const outcomeTones = { done: 'good', begun: 'busy', refused: 'bad', failed: 'bad' };
