import { existsSync } from 'node:fs';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { packageVersion } from '../../src/cli/package-files.js';
import { GO_TOOLS } from '../../stack/go-tools.js';
import { DYNAMIC_CONFIG } from '../../stack/temporal-config.js';
import { composeWith, envFile, inRepository, textOf, type Service } from '../helpers/deployment-files.js';

const SIMULATED = envFile('deploy/compose/simulator.env');
const { services, networks, secrets } = composeWith(SIMULATED);
const all = Object.entries(services);
const portOf = (address: string | undefined) => address?.split(':').at(-1);

function named(name: string): Service {
  const found = services[name];
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
}

/** The file of the repository that a container sees at a path. */
function mountedFrom({ volumes }: Service, path: string): string | undefined {
  for (const [host = '', target = ''] of volumes.map((volume) => volume.split(':'))) {
    if (path === target) return host;
    if (path.startsWith(`${target}/`)) return `${host}${path.slice(target.length)}`;
  }
  return undefined;
}

describe.each(all)('the service %s', (_name, service) => {
  it('runs as nobody special, and can change nothing but its volumes', () => {
    expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
  });

  it('has limits, and an image of one version', () => {
    const { cpus, memory, pids } = service.deploy.resources.limits;
    expect(Number(cpus)).toBeGreaterThan(0);
    expect(memory).toMatch(/^\d+[MG]$/);
    expect(pids).toBeGreaterThan(0);
    expect(service.image).toMatch(/:v?\d+\.\d+(\.\d+)?(-bookworm)?$/);
  });

  it('publishes on this machine only', () => {
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('is asked how it is, unless it ends by itself', () => {
    expect(service.healthcheck === undefined).toBe(service.restart.startsWith('on-failure'));
    const [how, program, flag, code] = service.healthcheck?.test ?? ['CMD'];
    expect(how).toBe('CMD');
    if (program === 'node') {
      expect(flag).toBe('-e');
      expect(() => new Script(code ?? '')).not.toThrow();
    }
  });

  it('waits for what exists, until it is fit', () => {
    for (const [other, { condition }] of Object.entries(service.depends_on)) {
      const ends = named(other).restart.startsWith('on-failure');
      expect([other, condition]).toEqual([
        other,
        ends ? 'service_completed_successfully' : 'service_healthy',
      ]);
    }
  });

  it('has its secrets as files, each of them given to it', () => {
    for (const [name, value] of Object.entries(service.environment)) {
      if (/PASSWORD|SECRET|PWD/.test(name)) expect(name).toMatch(/_FILE$/);
      const secret = /^\/run\/secrets\/(.+)$/.exec(value)?.[1];
      if (secret !== undefined) expect(service.secrets).toContain(secret);
    }
    for (const word of service.command.filter((part) => part.startsWith('/run/secrets/'))) {
      expect(service.secrets).toContain(word.slice('/run/secrets/'.length));
    }
    for (const name of service.secrets) expect(secrets).toHaveProperty([name]);
  });

  it('mounts files that exist, and runs scripts that are mounted', () => {
    for (const volume of service.volumes.filter((path) => path.startsWith('./'))) {
      expect(volume).toMatch(/:ro$/);
      expect(inRepository(volume.split(':')[0] ?? 'nowhere')).toSatisfy(existsSync);
    }
    const paths = [...service.entrypoint, ...Object.values(service.environment)];
    for (const path of paths.filter((text) => text.startsWith('/scripts/'))) {
      expect(inRepository(mountedFrom(service, path) ?? 'nowhere')).toSatisfy(existsSync);
    }
  });

  it('is in networks that exist, or shares those of another service', () => {
    if (service.network_mode === undefined) {
      expect(Object.keys(service.networks)).not.toEqual([]);
      for (const network of Object.keys(service.networks)) expect(networks).toHaveProperty([network]);
    } else {
      expect(services).toHaveProperty([service.network_mode.replace('service:', '')]);
    }
  });
});

describe('docker-compose.yml', () => {
  it('says what is missing, where no environment file is named', () => {
    expect(() => composeWith({})).toThrow('MARKETPLACE_PORTAL_URL is not set');
  });

  it('uses each variable of its environment files, and those use no others', () => {
    const used = new Set(textOf('docker-compose.yml').match(/(?<=\$\{)\w+/g));
    used.add('COMPOSE_PROFILES');
    for (const path of ['deploy/compose/simulator.env', 'deploy/compose/portal.env']) {
      for (const name of Object.keys(envFile(path))) expect(used).toContain(name);
    }
  });

  it('starts the simulator only where it is asked for', () => {
    const optional = all.filter(([, { profiles }]) => profiles.length > 0).map(([name]) => name);
    expect(optional).toEqual(['simulator', 'simulator-tls']);
    expect(SIMULATED['COMPOSE_PROFILES']).toBe('simulator');
  });

  it('has nothing that ends without another waiting for it: Compose would take that for a failure', () => {
    const awaited = all.flatMap(([, service]) => Object.keys(service.depends_on));
    const ending = all.filter(([, { restart }]) => restart.startsWith('on-failure')).map(([name]) => name);
    expect(ending).toEqual(['schema', 'namespace']);
    for (const name of ending) expect(awaited).toContain(name);
  });

  it('runs one version of ours and one of Temporal', () => {
    const images = all.map(([, { image }]) => image);
    const ours = new Set(images.filter((image) => image.startsWith('gitlab-marketplace-temporal:')));
    expect([...ours]).toEqual([`gitlab-marketplace-temporal:${packageVersion()}`]);
    const temporal = images.filter((image) => /^temporalio\/(server|admin-tools):/.test(image));
    expect(new Set(temporal.map((image) => image.split(':')[1])).size).toBe(1);
  });

  it('lets nobody but Temporal reach the database', () => {
    const inside = all.filter(([, service]) => 'database' in service.networks).map(([name]) => name);
    expect(inside).toEqual(['postgresql', 'schema', 'temporal']);
    expect(networks['database']).toEqual({ internal: true });
  });

  it('gives a worker the time that a POST may take', () => {
    for (const name of ['worker-1', 'worker-2']) expect(named(name).stop_grace_period).toBe('150s');
  });

  it('names one and the same port wherever two pieces meet', () => {
    const { environment: ui, ports: uiPorts } = named('web-ui');
    const codec = named('codec-server');
    const published = (ports: readonly string[]) => ports[0]?.split(':')[1];
    expect(ui['TEMPORAL_CODEC_ENDPOINT']).toBe(`https://localhost:${published(codec.ports)}`);
    expect(codec.environment['MARKETPLACE_CODEC_UI_ORIGINS']).toBe(`http://localhost:${published(uiPorts)}`);
    expect(ui['TEMPORAL_CORS_ORIGINS']).toBe(`http://localhost:${published(uiPorts)}`);
    for (const { environment } of Object.values(services)) {
      const address = environment['TEMPORAL_ADDRESS'];
      if (address !== undefined) expect(address).toBe('temporal:7233');
    }
    expect(named('temporal').healthcheck?.test.at(-1)).toBe('7233');
    expect(portOf(named('temporal').ports[0])).toBe('7233');
    for (const name of ['worker-1', 'worker-2']) {
      const { environment, healthcheck } = named(name);
      expect(healthcheck?.test.at(-1)).toContain(
        `:${portOf(environment['MARKETPLACE_HEALTH_ADDRESS'])}/readyz`,
      );
    }
    expect(codec.healthcheck?.test.at(-1)).toContain(
      `:${portOf(codec.environment['MARKETPLACE_CODEC_ADDRESS'])}/`,
    );
  });

  it('ends TLS where the codec server and the simulator are asked', () => {
    const front = (name: string) => named(name).command.slice(2, 4);
    const { environment, ports } = named('codec-server');
    const [codecListens, codecTarget] = front('codec-server-tls');
    expect(codecTarget).toBe(portOf(environment['MARKETPLACE_CODEC_ADDRESS']));
    expect(portOf(codecListens)).toBe(portOf(ports[0]));
    const [portalListens, portalTarget] = front('simulator-tls');
    expect(portalTarget).toBe(named('simulator').command.at(-1));
    expect(SIMULATED['MARKETPLACE_PORTAL_URL']).toBe(`https://simulator:${portOf(portalListens)}`);
    for (const name of ['codec-server-tls', 'simulator-tls']) {
      expect(named(name).healthcheck?.test.at(-1)).toContain(`connect(${portOf(front(name)[0])})`);
      expect(mountedFrom(named(name), '/app/tls-front.mjs')).toBe('./deploy/compose/tls-front.mjs');
    }
  });

  it("has Prometheus find both workers' metrics, and Grafana find Prometheus and its dashboards", () => {
    const config = z
      .object({
        scrape_configs: z.array(
          z.object({
            dns_sd_configs: z.array(z.object({ names: z.array(z.string()), port: z.number() })).default([]),
          }),
        ),
      })
      .parse(parse(textOf('deploy/prometheus/prometheus.yml')));
    const places = config.scrape_configs.flatMap((scrape) => scrape.dns_sd_configs);
    expect(places).not.toEqual([]);
    for (const { names, port } of places) {
      for (const name of ['worker-1', 'worker-2']) {
        const { networks: own, environment } = named(name);
        expect(own['metrics']).toEqual({ aliases: names });
        expect(portOf(environment['MARKETPLACE_METRICS_ADDRESS'])).toBe(String(port));
      }
    }
    expect(named('prometheus').networks).toHaveProperty('metrics');
    const file = named('prometheus').command.find((flag) => flag.startsWith('--config.file='));
    expect(mountedFrom(named('prometheus'), file?.split('=')[1] ?? '')).toBe(
      './deploy/prometheus/prometheus.yml',
    );
    expect(textOf('deploy/grafana/provisioning/datasources/prometheus.yml')).toContain(
      `http://prometheus:${portOf(named('prometheus').ports[0])}`,
    );
    const path = /path: (\S+)/.exec(textOf('deploy/grafana/provisioning/dashboards/marketplace.yml'))?.[1];
    expect(mountedFrom(named('grafana'), path ?? '')).toBe('./deploy/grafana/dashboards');
  });
});

describe('npm run stack, the same as plain processes', () => {
  it('decides as the server of the composition does, but for what makes a test sooner', () => {
    const { 'system.namespaceCacheRefreshInterval': _sooner, ...decisions } = DYNAMIC_CONFIG;
    expect(decisions).toEqual(parse(textOf('deploy/temporal/dynamic-config.yaml')));
  });

  it('has the same versions of Temporal', () => {
    const tags = ['temporal', 'web-ui'].map((name) => named(name).image.split(':')[1]);
    expect(tags).toEqual([GO_TOOLS.server.version, GO_TOOLS.ui.version]);
  });
});

describe.each(['setup-schema', 'create-namespace', 'server'])('deploy/temporal/%s.sh', (name) => {
  const script = textOf(`deploy/temporal/${name}.sh`);
  const service = all.find(([, { entrypoint }]) => entrypoint.includes(`/scripts/${name}.sh`))?.[1];

  it('is given each variable that it reads', () => {
    const own = new Set(script.match(/\b[A-Z_]+(?==)/g));
    const read = [...script.matchAll(/\$(?:([A-Z_]+)|\{([A-Z_]+)\})/g)].map(([, a, b]) => a ?? b ?? '');
    expect(read).not.toEqual([]);
    for (const variable of read.filter((one) => !own.has(one)))
      expect(service?.environment).toHaveProperty([variable]);
  });
});
