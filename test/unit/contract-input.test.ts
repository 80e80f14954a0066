import { describe, expect, it } from 'vitest';
import { problemsOf, purchaseInputSchema, type Problem } from '../../src/contract/index.js';
import { anOrder } from '../helpers/orders.js';

function problemsIn(input: unknown): Problem[] {
  const { error } = purchaseInputSchema.safeParse(input);
  return error === undefined ? [] : problemsOf(error);
}

const withOptions = (options: unknown) => problemsIn({ order: anOrder(), options });

describe('the input of a purchase', () => {
  it('is an order, with options or without', () => {
    expect(problemsIn({ order: anOrder() })).toEqual([]);
    expect(withOptions({})).toEqual([]);
    expect(
      withOptions({
        polling: {
          initialInterval: '5s',
          backoffCoefficient: 1,
          maximumInterval: '1h30m',
          deadline: '3650d',
        },
        settling: { initialInterval: '100ms', maximumInterval: '1m', window: '15m' },
        onRejected: 'park',
        parkDeadline: '30d',
      }),
    ).toEqual([]);
  });

  it.each([null, undefined, [], 'x', 7])('is not %j', (input) => {
    expect(problemsIn(input)).toEqual([
      { path: '', problem: 'the input must be one object { "order": …, "options"?: … }' },
    ]);
  });

  it('may not be the order alone', () => {
    const problems = problemsIn(anOrder());
    expect(problems[0]?.path).toBe('order');
    expect(problems[1]).toEqual({
      path: '',
      problem: expect.stringMatching(
        /"externalSubscriptionId".*"tradingPartnerId".*"customer".*"orderLines"/,
      ),
    });
  });

  it('names the problems of the order as those of the order', () => {
    expect(problemsIn({ order: anOrder({ orderLines: [{ productId: '', quantity: 0 }] }) })).toEqual([
      { path: 'order.orderLines[0].productId', problem: 'must not be empty' },
      { path: 'order.orderLines[0].quantity', problem: 'must be at least 1' },
    ]);
  });

  it.each([
    ['', { order: anOrder(), option: {} }, 'option'],
    ['options', { order: anOrder(), options: { poling: {} } }, 'poling'],
    ['options.polling', { order: anOrder(), options: { polling: { initial: '5s' } } }, 'initial'],
    ['options.settling', { order: anOrder(), options: { settling: { deadline: '5s' } } }, 'deadline'],
  ])('names what it does not know in %j', (path, input, name) => {
    expect(problemsIn(input)).toEqual([{ path, problem: expect.stringContaining(`"${name}"`) }]);
  });
});

const DURATIONS = [
  'polling.initialInterval',
  'polling.maximumInterval',
  'polling.deadline',
  'settling.initialInterval',
  'settling.maximumInterval',
  'settling.window',
  'parkDeadline',
] as const;

function optionsWith(path: string, value: unknown): unknown {
  const [group = '', name] = path.split('.');
  return name === undefined ? { [group]: value } : { [group]: { [name]: value } };
}

describe.each(DURATIONS)('the option %s', (path) => {
  it.each(['', '5', '-5s', '5 s', '1y', '1e3s', '5S', 's', 'forever'])('is no duration as %j', (text) => {
    expect(withOptions(optionsWith(path, text))).toEqual([
      { path: `options.${path}`, problem: 'must be a duration such as "5s", "15m" or "30d"' },
    ]);
  });

  it.each(['0s', '99ms', '3650d1ms', `${'9'.repeat(40)}d`])('is out of bounds as %j', (text) => {
    expect(withOptions(optionsWith(path, text))).toEqual([
      { path: `options.${path}`, problem: 'must be between "100ms" and "3650d"' },
    ]);
  });

  it.each([5, null, {}, ['5s'], true])('is no text as %j', (value) => {
    expect(withOptions(optionsWith(path, value))).toEqual([
      { path: `options.${path}`, problem: expect.stringMatching(/expected string/) },
    ]);
  });
});

describe('other options', () => {
  it.each([
    [0.99, 'must be at least 1'],
    [-2, 'must be at least 1'],
    [100.5, 'must be at most 100'],
    ['2', 'expected number'],
    [Number.NaN, 'is a number that would be altered'],
    [Number.POSITIVE_INFINITY, 'is a number that would be altered'],
    [null, 'expected number'],
  ])('backoffCoefficient may not be %s', (backoffCoefficient, problem) => {
    expect(withOptions({ polling: { backoffCoefficient } })).toEqual([
      { path: 'options.polling.backoffCoefficient', problem: expect.stringContaining(problem) },
    ]);
  });

  it.each(['Park', '', 'retry', true, null])('onRejected may not be %j', (onRejected) => {
    expect(withOptions({ onRejected })).toEqual([
      { path: 'options.onRejected', problem: expect.stringContaining('"fail"|"park"') },
    ]);
  });

  it.each(['options', 'polling', 'settling'])('%s may not be null, a text or a list', (name) => {
    for (const value of [null, 'x', []]) {
      const options = name === 'options' ? value : { [name]: value };
      expect(withOptions(options)).toEqual([
        {
          path: name === 'options' ? name : `options.${name}`,
          problem: expect.stringMatching(/expected object/),
        },
      ]);
    }
  });
});
