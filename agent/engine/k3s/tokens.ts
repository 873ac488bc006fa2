import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { run } from '../../../host/process.ts';
import { tokenDescription } from '../nodes.ts';
import { k3s } from './layout.ts';

/** The command that makes a token for one node. Source: docs.k3s.io, "k3s token". */
export function createTokenCommand(node: string, ttlMs: number): string[] {
  const ttl = ['--ttl', `${Math.ceil(ttlMs / 1000)}s`];
  return [
    k3s.program,
    'token',
    'create',
    ...ttl,
    '--usages',
    'authentication',
    '--description',
    tokenDescription(node),
  ];
}

/**
 * The form in which a joining node checks the cluster's authority before it shows the secret:
 * `K10`, SHA-256 of the authority as it lies on disk, and the secret. Source: docs.k3s.io, "Tokens".
 */
export function secureToken(secret: string, authority: string): string {
  if (secret.startsWith('K10')) return secret;
  return `K10${createHash('sha256').update(authority).digest('hex')}::${secret}`;
}

/** A token that agents join with, and servers never can. */
export async function createAgentToken(node: string, ttlMs: number, signal: AbortSignal): Promise<string> {
  const { stdout } = await run(createTokenCommand(node, ttlMs), { signal });
  return secureToken(stdout.trim(), await readFile(k3s.authority, 'utf8'));
}

/** What servers join with: k3s has nothing for one of them alone, nor with an end. */
export async function serverToken(): Promise<string> {
  return (await readFile(k3s.token, 'utf8')).trim();
}
