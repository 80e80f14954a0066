import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kubernetesObject, problemsOf, type KubernetesObject } from './api-schemas.js';
import { kustomize } from './tools.js';

let example: KubernetesObject[];
let version: KubernetesObject[];

async function built(folder: string): Promise<KubernetesObject[]> {
  const { ok, stdout, stderr } = await kustomize(folder);
  if (!ok) throw new Error(stderr);
  return parseAllDocuments(stdout).map((document) => kubernetesObject.parse(document.toJS()));
}

beforeAll(async () => {
  example = await built('example');
  version = await built('versions');
});

const kindsOf = (objects: readonly KubernetesObject[]) => objects.map(({ kind }) => kind).toSorted();

function theOne(kind: string, name: string, objects = example): KubernetesObject {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

describe('what kustomize makes of the example', () => {
  it('is all that is in the folders', () => {
    expect(kindsOf(example)).toEqual([
      'ConfigMap',
      'ConfigMap',
      'Deployment',
      'Deployment',
      'Namespace',
      'NetworkPolicy',
      'NetworkPolicy',
      'NetworkPolicy',
      'NetworkPolicy',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'PodMonitor',
      'ScaledObject',
      'Secret',
      'Service',
      'ServiceAccount',
    ]);
    for (const { kind, metadata } of example)
      expect(metadata.namespace).toBe(kind === 'Namespace' ? undefined : 'marketplace');
  });

  it("fits the API's own schemas, field by field", async () => {
    for (const object of [...example, ...version]) {
      expect([object.kind, object.metadata.name, await problemsOf(object)]).toEqual([
        object.kind,
        object.metadata.name,
        [],
      ]);
    }
  });

  it('hands each Deployment the ConfigMap that was made for it', () => {
    const maps = example.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name);
    for (const name of ['marketplace-worker', 'marketplace-codec-server']) {
      const map = maps.find((one) => one.startsWith(`${name}-`));
      expect(JSON.stringify(theOne('Deployment', name))).toContain(`"configMapRef":{"name":"${map}"}`);
    }
  });

  it('leaves to KEDA how many workers there are', () => {
    expect(JSON.stringify(theOne('Deployment', 'marketplace-worker'))).not.toContain('"replicas"');
    expect(JSON.stringify(theOne('Deployment', 'marketplace-codec-server'))).toContain('"replicas"');
  });

  it('takes the image from where the example says', () => {
    expect(JSON.stringify(theOne('Deployment', 'marketplace-worker'))).toContain(
      '"image":"registry.example.com/gitlab-marketplace-temporal:0.1.0"',
    );
  });

  it('keeps versions apart, each with its build ID', () => {
    expect(kindsOf(version)).toEqual(['Deployment', 'PodDisruptionBudget', 'ServiceAccount']);
    const text = JSON.stringify(theOne('Deployment', 'marketplace-worker-0-1-0', version));
    expect(text).toContain('{"name":"MARKETPLACE_BUILD_ID","value":"0.1.0"}');
    expect(text).toContain(
      '"matchLabels":{"app.kubernetes.io/name":"marketplace-worker","app.kubernetes.io/version":"0-1-0"}',
    );
  });
});

describe('the schemas', () => {
  it.each([
    ['a field that does not exist', 'Deployment', '"readinessProbe"', '"readynessProbe"'],
    [
      'a value of another type',
      'Deployment',
      '"terminationGracePeriodSeconds":150',
      '"terminationGracePeriodSeconds":"long"',
    ],
    ['a field of KEDA that does not exist', 'ScaledObject', '"minReplicaCount"', '"minReplicas"'],
    ['a field of the operator that does not exist', 'PodMonitor', '"podMetricsEndpoints"', '"endpoints"'],
  ])('would refuse %s', async (_what, kind, from, to) => {
    const text = JSON.stringify(theOne(kind, 'marketplace-worker'));
    expect(text).toContain(from);
    const spoilt = kubernetesObject.parse(JSON.parse(text.replace(from, to)));
    expect(await problemsOf(spoilt)).not.toEqual([]);
  });
});
