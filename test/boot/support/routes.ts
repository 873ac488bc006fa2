import { run } from '../../../host/process.ts';

/** What a machine of `cpiab boot` needs to reach routes, as docs/operate/routes.md has it. */
export interface Routes {
  /** Where Traefik answers here. */
  port: number;
  /** HTTP status of a client that knows the box's root alone. */
  ask(host: string): Promise<number>;
  close(): Promise<void>;
}

/** @param root path of the box's root, PEM. */
export async function forwardRoutes(kubeconfig: string, root: string): Promise<Routes> {
  const ended = new AbortController();
  const told = Promise.withResolvers<number>();
  const onLine = (line: string) => {
    const port = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) told.resolve(Number(port));
  };
  const to = ['--namespace', 'traefik', 'port-forward', 'deployment/traefik', ':8443'];
  const forwarding = run(['kubectl', `--kubeconfig=${kubeconfig}`, ...to], { signal: ended.signal, onLine });
  const never = forwarding.then(() => Promise.reject(new Error('kubectl port-forward ended')));
  const port = await Promise.race([told.promise, never]);
  return {
    port,
    ask: async (host) => {
      const options = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--cacert', root];
      const address = ['--connect-to', `${host}:443:127.0.0.1:${port}`, `https://${host}/`];
      return Number((await run(['curl', ...options, ...address])).stdout);
    },
    close: async () => {
      ended.abort();
      await never.catch(() => {});
    },
  };
}
