import type { RegistryProxy } from '../api/registry-proxy.ts';
import type { GitHttp } from './git/http.ts';

/** What the serve step gives the API to answer with. */
export interface Served {
  git: GitHttp;
  registry: RegistryProxy;
}
