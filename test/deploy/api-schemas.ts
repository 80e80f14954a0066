import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import { z } from 'zod';
import { goModule } from './tools.js';

/** The schemas of Kubernetes's own API, and those of the two operators, from where their makers keep them. */
const MODULES = {
  kubernetes: 'sigs.k8s.io/kubectl-validate@v0.0.4',
  keda: 'github.com/kedacore/keda/v2@v2.17.0',
  prometheus: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
};
const KUBERNETES_VERSION = '1.30';

const CUSTOM: Record<string, { readonly module: string; readonly file: string }> = {
  'keda.sh/v1alpha1/ScaledObject': {
    module: MODULES.keda,
    file: 'config/crd/bases/keda.sh_scaledobjects.yaml',
  },
  'monitoring.coreos.com/v1/PodMonitor': {
    module: MODULES.prometheus,
    file: 'example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml',
  },
};

const node = z.record(z.string(), z.unknown());
const list = z.array(z.unknown());

/** What every object says of itself. */
export const kubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
});

export type KubernetesObject = z.infer<typeof kubernetesObject>;

/** What the API's own schema finds wrong with an object. A field that it does not know is wrong, too. */
export async function problemsOf({ apiVersion, kind, ...rest }: KubernetesObject): Promise<unknown[]> {
  const validate = await validatorFor(apiVersion, kind);
  validate({ apiVersion, kind, ...rest });
  return validate.errors ?? [];
}

const validators = new Map<string, Promise<ValidateFunction>>();

/** Compiled once for each kind: they are large. */
function validatorFor(apiVersion: string, kind: string): Promise<ValidateFunction> {
  const key = `${apiVersion}/${kind}`;
  const custom = CUSTOM[key];
  const validator =
    validators.get(key) ?? (custom === undefined ? builtIn(apiVersion, kind) : customResource(custom));
  validators.set(key, validator);
  return validator;
}

const openApi = z.object({ components: z.object({ schemas: z.record(z.string(), node) }) });
const groupKinds = z.array(z.object({ group: z.string(), version: z.string(), kind: z.string() }));

async function builtIn(apiVersion: string, kind: string): Promise<ValidateFunction> {
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const folder = join(await goModule(MODULES.kubernetes), 'pkg/openapiclient/builtins', KUBERNETES_VERSION);
  const file = group === '' ? `api/${version}.json` : `apis/${group}/${version}.json`;
  const { components } = openApi.parse(closed(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
  const [name] =
    Object.entries(components.schemas).find(([, schema]) =>
      groupKinds
        .safeParse(schema['x-kubernetes-group-version-kind'])
        .data?.some((one) => one.group === group && one.version === version && one.kind === kind),
    ) ?? [];
  if (name === undefined) throw new Error(`Kubernetes ${KUBERNETES_VERSION} has no ${kind} in ${apiVersion}`);
  return ajv().compile({ $ref: `#/components/schemas/${name}`, components });
}

const definition = z.object({
  spec: z.object({
    versions: z.array(z.object({ schema: z.object({ openAPIV3Schema: node }) })).length(1),
  }),
});

async function customResource({ module, file }: { module: string; file: string }): Promise<ValidateFunction> {
  const read: unknown = parse(readFileSync(join(await goModule(module), file), 'utf8'));
  const [version] = definition.parse(closed(read)).spec.versions;
  if (version === undefined) throw new Error(`${file} has no version`);
  return ajv().compile(version.schema.openAPIV3Schema);
}

function ajv(): Ajv {
  // Their formats are sizes of numbers, and their other words are notes to the API's server.
  return new Ajv({ strict: false, validateFormats: false, allErrors: true });
}

/** The schema, in which an object with named fields has no others: as the API's server is when it is strict. */
function closed(schema: unknown): unknown {
  const items = list.safeParse(schema);
  if (items.success) return items.data.map(closed);
  const fields = node.safeParse(schema);
  if (!fields.success) return schema;
  const { data } = fields;
  const own = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, closed(value)]));
  const isOpen =
    !node.safeParse(data['properties']).success ||
    'additionalProperties' in data ||
    'x-kubernetes-preserve-unknown-fields' in data;
  return isOpen ? own : { ...own, additionalProperties: false };
}
