import { LOOPBACK } from '../src/temporal/ports.js';
import type { DatabaseAddress } from './postgres.js';

/** The services that a Temporal server consists of; here each is a process. */
export const TEMPORAL_SERVICES = ['frontend', 'history', 'matching', 'worker'] as const;

export type TemporalService = (typeof TEMPORAL_SERVICES)[number];

/** The ports of one service. */
export interface ServicePorts {
  readonly grpc: number;
  readonly membership: number;
  /** For Prometheus. */
  readonly metrics: number;
}

export type TemporalPorts = Readonly<Record<TemporalService, ServicePorts>> & { readonly http: number };

/** The two databases of a Temporal server. */
export const DATABASES = { main: 'temporal', visibility: 'temporal_visibility' } as const;

/** Like a development server's; it can never be changed for a database. */
const HISTORY_SHARDS = 4;

const CLUSTER = 'active';

interface Settings {
  readonly service: TemporalService;
  readonly ports: TemporalPorts;
  readonly database: DatabaseAddress;
  readonly dynamicConfig: string;
}

/** The configuration of one service. Source: `config/development-postgres12.yaml` of Temporal's server. */
export function temporalConfig({ service, ports, database, dynamicConfig }: Settings): object {
  const frontend = `${LOOPBACK}:${ports.frontend.grpc}`;
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'main',
      visibilityStore: 'visibility',
      numHistoryShards: HISTORY_SHARDS,
      datastores: {
        main: { sql: store(database, DATABASES.main, 20) },
        visibility: { sql: store(database, DATABASES.visibility, 10) },
      },
    },
    global: {
      membership: { maxJoinDuration: '30s', broadcastAddress: LOOPBACK },
      metrics: {
        prometheus: { timerType: 'histogram', listenAddress: `${LOOPBACK}:${ports[service].metrics}` },
      },
    },
    services: Object.fromEntries(TEMPORAL_SERVICES.map((name) => [name, { rpc: rpc(name, ports) }])),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: CLUSTER,
      currentClusterName: CLUSTER,
      clusterInformation: {
        [CLUSTER]: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: frontend,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: frontend },
    dynamicConfigClient: { filepath: dynamicConfig, pollInterval: '10s' },
  };
}

/** What the server decides by while it runs. */
export const DYNAMIC_CONFIG = {
  // Tasks are handed out fairly among trading partners.
  'matching.enableFairness': [{ value: true }],
  // Each order makes one list before its first POST; the default is 10 a second.
  'frontend.namespaceRPS.visibility': [{ value: 200 }],
  // What the columns of PostgreSQL hold; it allows more by itself, and fails then.
  'limit.maxIDLength': [{ value: 255 }],
  // A namespace that was made a moment ago is served sooner than after the usual ten seconds.
  'system.namespaceCacheRefreshInterval': [{ value: '2s' }],
} as const;

function rpc(service: TemporalService, ports: TemporalPorts): object {
  return {
    grpcPort: ports[service].grpc,
    membershipPort: ports[service].membership,
    bindOnIP: LOOPBACK,
    ...(service === 'frontend' && { httpPort: ports.http }),
  };
}

function store(
  { host, port, user, password }: DatabaseAddress,
  database: string,
  connections: number,
): object {
  return {
    pluginName: 'postgres12',
    databaseName: database,
    connectAddr: `${host}:${port}`,
    connectProtocol: 'tcp',
    user,
    password,
    maxConns: connections,
    maxIdleConns: connections,
    maxConnLifetime: '1h',
  };
}
