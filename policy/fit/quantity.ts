/** Source: Kubernetes API reference, "Quantity". */
const SUFFIXES: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** A quantity of Kubernetes as a number, such as 0.25 for `250m`; null for what is none. */
export function quantity(value: unknown): number | null {
  const { number, suffix = '' } =
    /^(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?<suffix>[A-Za-z]{0,2})$/.exec(String(value ?? ''))?.groups ??
    {};
  const factor = SUFFIXES[suffix];
  return number === undefined || factor === undefined ? null : Number(number) * factor;
}
