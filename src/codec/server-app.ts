import type { Payload, PayloadCodec } from '@temporalio/common';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { keyIdIn, isEncrypted } from './encrypted-payload.js';
import { PayloadCodecError } from './errors.js';
import type { Audit, AuditEntry } from './server-audit.js';
import type { Authenticate } from './server-auth.js';
import { readPayloads, writePayloads } from './server-payloads.js';
import type { RateLimit } from './server-rate.js';
import { Refusal } from './server-refusal.js';

/** What a codec server is made of. */
export interface CodecAppDeps {
  readonly codec: PayloadCodec;
  readonly authenticate: Authenticate;
  readonly rateLimit: RateLimit;
  readonly audit: Audit;
  /** The namespaces whose payloads are decoded. */
  readonly namespaces: readonly string[];
  /** The Web UIs that may ask from a browser: `https://temporal.example.com`. */
  readonly uiOrigins: readonly string[];
}

/** The headers that the Web UI sends. */
const UI_HEADERS = ['Content-Type', 'X-Namespace', 'Authorization', 'Authorization-Extras'];

/** More than one answer of a Temporal server has, in base64. In bytes. */
const LARGEST_BODY = 8 * 1024 * 1024;

/** What one answer may come to: compressed payloads are larger than their request. In bytes. */
const LARGEST_ANSWER = 32 * 1024 * 1024;

/** How long a browser need not ask again, in seconds. */
const PREFLIGHT_AGE = 600;

interface Variables {
  readonly Variables: { entry: AuditEntry };
}

/** Temporal's codec protocol: `POST /decode` and `/encode`, or below the name of a namespace. */
export function createCodecApp(deps: CodecAppDeps): Hono<Variables> {
  const app = new Hono<Variables>();
  app.use(async (context, next) => {
    await next();
    context.header('Cache-Control', 'no-store');
  });
  app.use(
    cors({
      origin: [...deps.uiOrigins],
      allowMethods: ['POST'],
      allowHeaders: UI_HEADERS,
      maxAge: PREFLIGHT_AGE,
    }),
  );
  for (const operation of ['encode', 'decode'] as const) {
    const paths = [`/${operation}`, `/:namespace/${operation}`];
    app.on('POST', paths, audited(operation, deps), letIn(deps), limitedBody(), async (context) => {
      const payloads = readPayloads(await context.req.text());
      const entry = context.get('entry');
      entry.payloads = payloads.length;
      entry.keyIds = keyIdsOf(payloads);
      return context.json(writePayloads(await converted(deps.codec, operation, payloads)));
    });
  }
  app.notFound((context) => context.json({ message: 'a codec server has POST /encode and /decode' }, 404));
  app.onError((error, context) => answerTo(refusalOf(error), context));
  return app;
}

type Middleware = (context: Context<Variables>, next: () => Promise<void>) => Promise<Response | void>;

/** Writes down what came of a request, whatever that is. */
function audited(operation: AuditEntry['operation'], { audit }: CodecAppDeps): Middleware {
  return async (context, next) => {
    const entry: AuditEntry = { operation };
    context.set('entry', entry);
    await next();
    // Hono has handled an error by now.
    if (context.error) entry.refused = refusalOf(context.error)?.reason ?? `unexpected ${context.error.name}`;
    audit(entry, context.res.status);
  };
}

/** Lets in who may read this namespace's payloads, before anything of the body is read. */
function letIn({ uiOrigins, namespaces, authenticate, rateLimit }: CodecAppDeps): Middleware {
  return async (context, next) => {
    const entry = context.get('entry');
    const origin = context.req.header('Origin');
    if (origin !== undefined) {
      entry.origin = origin.slice(0, LONGEST_LOGGED);
      if (!uiOrigins.includes(origin))
        throw new Refusal(
          403,
          'origin',
          'this page may not ask the codec server: MARKETPLACE_CODEC_UI_ORIGINS',
        );
    }
    entry.subject = await authenticate(context.req.header('Authorization'));
    if (!rateLimit.take(entry.subject)) throw new Refusal(429, 'rate', 'too many requests: wait a moment');
    const namespace = namespaceOf(context);
    entry.namespace = namespace.slice(0, LONGEST_LOGGED);
    if (!namespaces.includes(namespace))
      throw new Refusal(403, 'namespace', 'this codec server is not for that namespace');
    await next();
  };
}

/** What a sender wrote can be of any length. In characters. */
const LONGEST_LOGGED = 200;

function namespaceOf(context: Context): string {
  const named = [context.req.header('X-Namespace'), context.req.param('namespace')];
  const [namespace, ...others] = new Set(named.filter((name) => name !== undefined && name !== ''));
  if (namespace === undefined)
    throw new Refusal(400, 'no-namespace', 'the request names no namespace: X-Namespace');
  if (others.length > 0) throw new Refusal(400, 'namespace', 'the request names two namespaces');
  return namespace;
}

function limitedBody(): Middleware {
  return bodyLimit({
    maxSize: LARGEST_BODY,
    onError: () => {
      throw new Refusal(413, 'too-large', `at most ${LARGEST_BODY} bytes at once`);
    },
  });
}

function keyIdsOf(payloads: readonly Payload[]): string[] {
  const ids = payloads.filter(isEncrypted).map((payload) => keyIdIn(payload) ?? 'none');
  return [...new Set(ids)].slice(0, MOST_LOGGED_KEYS);
}

/** A sender may name as many as it has payloads. */
const MOST_LOGGED_KEYS = 20;

/** One after the other, so that compressed payloads cannot fill the memory all at once. */
async function converted(
  codec: PayloadCodec,
  operation: 'encode' | 'decode',
  payloads: readonly Payload[],
): Promise<Payload[]> {
  const done: Payload[] = [];
  let size = 0;
  for (const payload of payloads) {
    for (const result of await codec[operation]([payload])) {
      size += sizeOf(result);
      done.push(result);
    }
    if (size > LARGEST_ANSWER)
      throw new Refusal(413, 'too-large', 'the payloads come to too much: ask for fewer');
  }
  return done;
}

/** In bytes. What is made from a small request can be large in any of its parts. */
function sizeOf({ data, metadata }: Payload): number {
  let size = data?.length ?? 0;
  for (const [name, value] of Object.entries(metadata ?? {})) size += Buffer.byteLength(name) + value.length;
  return size;
}

/** What who asked is told; `undefined` for what is a bug. */
function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  return error instanceof PayloadCodecError ? new Refusal(422, error.name, error.message) : undefined;
}

/** The CLI prints the body, the Web UI its message. */
function answerTo(refusal: Refusal | undefined, context: Context): Response {
  if (refusal === undefined) return context.json({ message: 'the codec server made a mistake' }, 500);
  if (refusal.status === 401) context.header('WWW-Authenticate', 'Bearer');
  return context.json({ message: refusal.message, reason: refusal.reason }, refusal.status);
}
