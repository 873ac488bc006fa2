const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes for people, in powers of 1000 and three digits: `161 MB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = value < 9.95 && unit > 0 ? 1 : 0;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** Bytes that a person wrote, such as `10GB`, `4G` (powers of 1000, as carriers are sold) or `500MiB`; null for else. */
export function parseBytes(text: string): number | null {
  const { number, unit = 'B' } = /^(?<number>\d+(?:\.\d+)?)\s*(?<unit>[a-z]+)?$/i.exec(text)?.groups ?? {};
  const name = unit.toUpperCase();
  const factor = UNIT_BYTES[name] ?? UNIT_BYTES[name.replace(/B$/, '')];
  return number === undefined || factor === undefined ? null : Math.round(Number(number) * factor);
}

/** Milliseconds for people: `0.3 s`, `42.0 s`, `5 min 07 s`, `1 h 02 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** Milliseconds that nobody knows exactly: `20 s`, `4 min`, `25 min`, `1 h 10 min`; never finer than it can be known. */
export function formatRough(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 55) return `${Math.max(5, roundTo(seconds, 5))} s`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 20) return `${minutes} min`;
  const coarse = roundTo(minutes, 5);
  if (coarse < 60) return `${coarse} min`;
  const [hours, rest] = [Math.floor(coarse / 60), coarse % 60];
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

const roundTo = (value: number, step: number) => Math.round(value / step) * step;

const two = (value: number) => String(value).padStart(2, '0');
