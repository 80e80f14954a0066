import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** A file of this repository. */
export function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

export function textOf(path: string): string {
  return readFileSync(inRepository(path), 'utf8');
}

const words = z.array(z.string()).default([]);

const service = z.object({
  image: z.string(),
  user: z.string(),
  entrypoint: words,
  command: words,
  environment: z.record(z.string(), z.string()).default({}),
  secrets: words,
  volumes: words,
  ports: words,
  profiles: words,
  cap_drop: words,
  security_opt: words,
  read_only: z.boolean().default(false),
  restart: z.string(),
  network_mode: z.string().optional(),
  networks: z
    .union([
      z.array(z.string()).transform((names) => Object.fromEntries(names.map((name) => [name, {}]))),
      z.record(z.string(), z.object({ aliases: words })),
    ])
    .default({}),
  stop_grace_period: z.string().optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  deploy: z.object({
    resources: z.object({
      limits: z.object({ cpus: z.string(), memory: z.string(), pids: z.number() }),
    }),
  }),
});

const composition = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

export type Service = z.infer<typeof service>;

/** `docker-compose.yml` as it is with these variables. An unset one that must be set is an error. */
export function composeWith(variables: NodeJS.ProcessEnv): z.infer<typeof composition> {
  const interpolated = textOf('docker-compose.yml').replaceAll(
    /\$\{(\w+):([-?])([^}]*)\}/g,
    (_all, name: string, kind: string, rest: string) => {
      const value = variables[name] || (kind === '-' ? rest : undefined);
      if (value === undefined) throw new Error(`${name} is not set: ${rest}`);
      return JSON.stringify(value);
    },
  );
  return composition.parse(parse(interpolated, { merge: true }));
}

/** The lines `NAME=value` of an environment file. */
export function envFile(path: string): Record<string, string> {
  const lines = textOf(path).matchAll(/^(\w+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}

const probe = z.object({
  httpGet: z.object({ path: z.string(), port: z.string() }).optional(),
  tcpSocket: z.object({ port: z.string() }).optional(),
});

const container = z.object({
  name: z.string(),
  image: z.string(),
  command: words,
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })).default([]),
  env: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z.object({ secretKeyRef: z.object({ optional: z.boolean() }) }).optional(),
      }),
    )
    .default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  startupProbe: probe,
  readinessProbe: probe,
  livenessProbe: probe,
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ cpu: z.string(), memory: z.string() }),
  }),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.array(z.string()) }),
  }),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
});

const deployment = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({
        automountServiceAccountToken: z.literal(false),
        terminationGracePeriodSeconds: z.number(),
        securityContext: z.object({
          runAsNonRoot: z.literal(true),
          runAsUser: z.number().min(1),
          seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
        }),
        containers: z.array(container).length(1),
      }),
    }),
  }),
});

export type Deployment = z.infer<typeof deployment>;

const KUBERNETES = 'deploy/kubernetes';

/** The objects in a file of `deploy/kubernetes`. */
export function kubernetesObjects(path: string): unknown[] {
  return parseAllDocuments(textOf(`${KUBERNETES}/${path}`), { merge: true }).map((document): unknown =>
    document.toJS(),
  );
}

export function kubernetesDeployment(folder: string): Deployment {
  return deployment.parse(kubernetesObjects(`${folder}/deployment.yaml`)[0]);
}

const overlay = z.object({
  configMapGenerator: z.array(z.object({ name: z.string(), literals: z.array(z.string()) })),
});

/** The settings of the example, by the name of their ConfigMap. */
export function exampleSettings(): Record<string, Record<string, string>> {
  const { configMapGenerator } = overlay.parse(kubernetesObjects('example/kustomization.yaml')[0]);
  return Object.fromEntries(
    configMapGenerator.map(({ name, literals }) => [
      name,
      Object.fromEntries(literals.map((literal) => splitAt(literal, '='))),
    ]),
  );
}

function splitAt(text: string, separator: string): [string, string] {
  const [before = '', ...after] = text.split(separator);
  return [before, after.join(separator)];
}

/** What a container of the example is given. */
export function kubernetesEnvironment({ spec }: Deployment): Record<string, string> {
  const settings = exampleSettings();
  const env: Record<string, string> = {};
  for (const { envFrom, env: own } of spec.template.spec.containers) {
    for (const { configMapRef } of envFrom) {
      const map = settings[configMapRef.name];
      if (map === undefined) throw new Error(`the example has no ConfigMap ${configMapRef.name}`);
      Object.assign(env, map);
    }
    for (const { name, value, valueFrom } of own) {
      if (value !== undefined) env[name] = value;
      else if (!valueFrom?.secretKeyRef.optional) throw new Error(`${name} has no value`);
    }
  }
  return env;
}
