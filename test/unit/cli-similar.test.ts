import { describe, expect, it } from 'vitest';
import { similarTo } from '../../src/cli/similar.js';

const KNOWN = ['EXT-1001', 'EXT-1002', 'EXT-2001', 'ORDER-7'];

describe('an ID that nobody has', () => {
  it.each([
    ['EXT-101', ['EXT-1001']],
    ['ext-1001', ['EXT-1001', 'EXT-1002', 'EXT-2001']],
    ['ORDR-7', ['ORDER-7']],
    ['ORD', ['ORDER-7']],
    ['SOMETHING', []],
    ['X', []],
  ])('%s suggests %j', (id, expected) => {
    expect(similarTo(id, KNOWN).slice(0, expected.length || 1)).toEqual(expected);
  });

  it('suggests three at most', () => {
    const many = Array.from({ length: 50 }, (_, index) => `EXT-${index}`);
    expect(similarTo('EXT-x', many)).toHaveLength(3);
  });
});
