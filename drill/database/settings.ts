import { bankNames, type PlacedHost, type World } from '../world.ts';

/** The service's database, and whom it is written by. */
export const SERVICE = 'payments';
export const SERVICE_USER = 'app';
/** Of the standby, from which it streams. */
export const REPLICA = 'replica';

/** Lines of `postgresql.conf`. @param primary what the server follows; empty for none. @param run directory of its socket. */
export function serverSettings({ address }: PlacedHost, run: string, primary: string): string[] {
  const settings = {
    listen_addresses: address,
    unix_socket_directories: run,
    ...{ shared_buffers: '16MB', max_connections: '30', wal_keep_size: '256MB', max_wal_senders: '5' },
    // A cable that is pulled is noticed after so long, and the way back is tried so often.
    ...{ wal_sender_timeout: '10s', wal_receiver_timeout: '10s', wal_retrieve_retry_interval: '500ms' },
    primary_conninfo: primary,
  };
  return Object.entries(settings).map(([key, value]) => `${key} = '${value}'`);
}

/** Lines of `pg_hba.conf`. @param service whether the service's own user may connect. */
export function accessRules({ scenario }: World, service: boolean): string[] {
  const access = bankNames.flatMap((bank) => {
    const from = `${scenario.banks[bank].network} scram-sha-256`;
    const own = service ? [`host ${SERVICE} ${SERVICE_USER} ${from}`] : [];
    return [...own, `host replication ${REPLICA} ${from}`];
  });
  return ['local all postgres trust', ...access];
}

/** SQL that makes a role where there is none. */
export const roleSql = (name: string, rights: string, password: string): string => `
  DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') THEN
      CREATE ROLE ${name} ${rights} PASSWORD '${password}';
    END IF;
  END $$;`;
