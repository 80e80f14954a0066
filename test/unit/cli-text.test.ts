import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneLine, safeJson, safeLines } from '../../src/cli/sanitize.js';
import { styleFor } from '../../src/cli/style.js';
import { beside, factLines, moment, relative, shellQuote, table, tidy, wrap } from '../../src/cli/text.js';

const NOW = Date.parse('2026-01-31T12:00:00.000Z');
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

describe('text that others wrote', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u009b31mred', 'red'],
    ['\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007', 'link'],
    ['two\nlines\r\nand\ttab', 'two lines and tab'],
    ['bell\u0007 and \u0000 nothing', 'bell and nothing'],
    ['a\u202etxt.exe', 'a txt.exe'],
    ['  Grüße 你好 👋 ', 'Grüße 你好 👋'],
  ])('%j becomes %j', (text, line) => {
    expect(oneLine(text)).toBe(line);
  });

  it('is one line without control characters, whatever it was', () => {
    assert(
      property(string({ unit: 'binary' }), (text) => {
        expect(oneLine(text)).not.toMatch(CONTROL);
      }),
    );
  });

  it('is cut when it is endless', () => {
    expect(oneLine('x'.repeat(100_000)).length).toBeLessThan(2_100);
  });

  it('keeps its lines and their indent where lines are meant', () => {
    expect(safeLines('a:\n  - b\u001b[2J')).toBe('a:\n  - b');
  });

  it('is escaped in JSON, and means the same', () => {
    assert(
      property(string({ unit: 'binary' }), (text) => {
        const json = safeJson({ text });
        expect(json).not.toMatch(CONTROL);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
    expect(safeJson('\u009b31m\u007f')).toBe(String.raw`"\u009b31m\u007f"`);
  });
});

describe('times', () => {
  it.each([
    ['2026-01-31T12:00:04.000Z', 'in 4s'],
    ['2026-01-31T11:56:55.000Z', '3m 5s ago'],
    ['2026-01-31T12:00:00.400Z', 'now'],
    ['nonsense', 'at an unknown time'],
  ])('%s is %s', (iso, text) => {
    expect(relative(iso, NOW)).toBe(text);
  });

  it('are printed to the second', () => {
    expect(moment('2026-01-31T12:00:04.123Z')).toBe('2026-01-31T12:00:04Z');
  });
});

describe('lay-out', () => {
  it('aligns facts, leaves out what is not known and wraps what is long', () => {
    const lines = factLines(
      [
        ['a', 'one two three four five six'],
        ['gone', undefined],
        ['longer', 'x'],
      ],
      33,
    );
    expect(lines).toEqual(['  a        one two three four', '           five six', '  longer   x']);
  });

  it('aligns columns, however they are coloured', () => {
    const rows = [
      ['ID', 'PHASE', 'X'],
      ['EXT-1001', 'ok', '1'],
    ];
    expect(table(rows, (cell, row) => (row === 0 ? `<${cell}>` : cell))).toEqual([
      '<ID      >  <PHASE>  <X>',
      'EXT-1001  ok     1',
    ]);
  });

  it('never breaks a word', () => {
    expect(wrap('a verylongwordindeed b', 5)).toEqual(['a', 'verylongwordindeed', 'b']);
  });

  it('never breaks a command', () => {
    expect(wrap('then run `a b c d e`: done', 9)).toEqual(['then run', '`a b c d e`:', 'done']);
    expect(wrap('an odd ` mark', 5)).toEqual(['an', 'odd `', 'mark']);
  });

  it('indents what goes on beside something', () => {
    expect(beside('> ', 'one two three four five', 22, '* ')).toEqual(['* one two three four', '  five']);
  });

  it.each([
    ['mend it.. Then', 'mend it. Then'],
    ['mend it..', 'mend it.'],
    ['and so on...', 'and so on...'],
    ['from 1..2', 'from 1..2'],
  ])('tidies %j', (text, tidied) => {
    expect(tidy(text)).toBe(tidied);
  });

  it.each([
    ['purchase:0012:EXT-1', 'purchase:0012:EXT-1'],
    ["it's", String.raw`'it'\''s'`],
    ['a b', "'a b'"],
    ['purchase:a%20b:(c)', "'purchase:a%20b:(c)'"],
  ])('quotes %s for a shell', (argument, quoted) => {
    expect(shellQuote(argument)).toBe(quoted);
  });
});

describe('colours', () => {
  it('are for terminals that have them only', () => {
    expect(styleFor({ isTTY: false, hasColors: () => true }).red('x')).toBe('x');
    expect(styleFor({ isTTY: true, hasColors: () => false }).red('x')).toBe('x');
  });
});
