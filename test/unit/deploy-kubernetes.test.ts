import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { packageVersion } from '../../src/cli/package-files.js';
import { TASK_QUEUE } from '../../src/contract/names.js';
import {
  exampleSettings,
  kubernetesDeployment,
  kubernetesEnvironment,
  kubernetesObjects,
  textOf,
} from '../helpers/deployment-files.js';

const worker = kubernetesDeployment('worker');
const codecServer = kubernetesDeployment('codec-server');
const deployments = [worker, codecServer];
const labelOf = ({ spec }: typeof worker) => spec.template.metadata.labels['app.kubernetes.io/name'];

const PORTS = {
  MARKETPLACE_HEALTH_ADDRESS: 'health',
  MARKETPLACE_METRICS_ADDRESS: 'metrics',
  MARKETPLACE_CODEC_ADDRESS: 'http',
};

describe.each(deployments)('the Deployment $metadata.name', (deployment) => {
  const { containers, volumes } = {
    ...deployment.spec.template.spec,
    volumes: deployment.spec.template.spec.containers.flatMap(({ volumeMounts }) => volumeMounts),
  };
  const [container] = containers;
  const env = kubernetesEnvironment(deployment);

  it('runs our version, with no capability', () => {
    expect(container?.image).toBe(`gitlab-marketplace-temporal:${packageVersion()}`);
    expect(container?.securityContext.capabilities.drop).toEqual(['ALL']);
  });

  it('names each port as the address says that it listens at', () => {
    const listened = Object.entries(PORTS).flatMap(([variable, name]) => {
      const address = env[variable];
      return address === undefined ? [] : [{ name, containerPort: Number(address.split(':').at(-1)) }];
    });
    expect(container?.ports).toEqual(listened);
  });

  it('is probed at ports that it has', () => {
    const names = container?.ports.map(({ name }) => name);
    const probes = [container?.startupProbe, container?.readinessProbe, container?.livenessProbe];
    for (const probe of probes) expect(names).toContain(probe?.httpGet?.port ?? probe?.tcpSocket?.port);
  });

  it('finds its secrets where they are mounted', () => {
    const files = Object.values(env).filter((value) => value.startsWith('/run/secrets/'));
    expect(files).not.toEqual([]);
    for (const file of files) {
      expect(volumes.some(({ mountPath }) => file.startsWith(`${mountPath}/`))).toBe(true);
    }
  });
});

describe('deploy/kubernetes', () => {
  it('gives a worker the time that a POST may take, and probes what it serves', () => {
    const { terminationGracePeriodSeconds, containers } = worker.spec.template.spec;
    expect(terminationGracePeriodSeconds).toBe(150);
    expect(containers[0]?.startupProbe.httpGet?.path).toBe('/healthz');
    expect(containers[0]?.livenessProbe.httpGet?.path).toBe('/healthz');
    expect(containers[0]?.readinessProbe.httpGet?.path).toBe('/readyz');
  });

  it('selects the pods that exist, by label', () => {
    const labels = deployments.map((deployment) => labelOf(deployment));
    const files = ['worker/disruption-budget.yaml', 'components/prometheus-operator/pod-monitor.yaml'];
    for (const file of files) {
      expect(kubernetesObjects(file)[0]).toMatchObject({
        spec: { selector: { matchLabels: { 'app.kubernetes.io/name': labelOf(worker) } } },
      });
    }
    const named = textOf('deploy/kubernetes/base/network-policy.yaml').match(/marketplace-[\w-]+/g);
    expect(new Set(named)).toEqual(new Set(labels));
  });

  it('lets in only at ports that exist', () => {
    const ports = deployments.flatMap(({ spec }) =>
      spec.template.spec.containers.flatMap((one) => one.ports),
    );
    const names = new Set(ports.map(({ name }) => name));
    const policies = textOf('deploy/kubernetes/base/network-policy.yaml').matchAll(/port: ([a-z]+) \}/g);
    const open = [...policies].map(([, name]) => name);
    expect(open).toEqual(['metrics', 'http']);
    for (const name of open) expect(names).toContain(name);
    expect(kubernetesObjects('components/prometheus-operator/pod-monitor.yaml')[0]).toMatchObject({
      spec: { podMetricsEndpoints: [{ port: 'metrics', path: '/metrics' }] },
    });
    expect(kubernetesObjects('codec-server/service.yaml')[0]).toMatchObject({
      spec: {
        selector: { 'app.kubernetes.io/name': labelOf(codecServer) },
        ports: [{ port: 8090, targetPort: 'http' }],
      },
    });
  });

  it("scales by the backlog of the workers' own queue", () => {
    const settings = exampleSettings()['marketplace-worker'];
    const scaledObject = z
      .object({
        spec: z.object({
          scaleTargetRef: z.object({ name: z.string() }),
          minReplicaCount: z.number(),
          triggers: z.array(z.object({ type: z.string(), metadata: z.record(z.string(), z.string()) })),
        }),
      })
      .parse(kubernetesObjects('components/keda/scaled-object.yaml')[0]).spec;
    expect(scaledObject.scaleTargetRef.name).toBe(worker.metadata.name);
    expect(scaledObject.minReplicaCount).toBeGreaterThan(0);
    expect(scaledObject.triggers).toMatchObject([
      {
        type: 'temporal',
        metadata: {
          endpoint: settings?.['TEMPORAL_ADDRESS'],
          namespace: settings?.['TEMPORAL_NAMESPACE'],
          taskQueue: TASK_QUEUE,
        },
      },
    ]);
  });

  it('names the version in all places of its folder for versions', () => {
    const version = packageVersion();
    const text = textOf('deploy/kubernetes/versions/kustomization.yaml');
    expect(text).toContain(`nameSuffix: -${version.replaceAll('.', '-')}\n`);
    expect(text).toContain(`newTag: ${version}\n`);
    expect(text).toContain(`MARKETPLACE_BUILD_ID, value: ${version} }`);
  });
});
