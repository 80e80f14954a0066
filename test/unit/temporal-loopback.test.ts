import { describe, expect, it } from 'vitest';
import { straightIfLoopback } from '../../src/temporal/index.js';

const STRAIGHT = { channelArgs: { 'grpc.enable_http_proxy': 0 } };

describe('a connection', () => {
  it.each(['localhost', 'LocalHost:7233', '127.0.0.1:7233', '127.1.2.3', '[::1]', '[::1]:7233'])(
    'goes straight to this machine: %s',
    (address) => {
      expect(straightIfLoopback(address)).toEqual(STRAIGHT);
    },
  );

  it.each([
    '',
    'temporal:7233',
    '10.0.0.1:7233',
    '128.0.0.1',
    '127.0.0.1.example.com:7233',
    '127.evil:7233',
    'localhost.example.com',
    'me@localhost.example.com:7233',
    'example.com/localhost',
    '[::2]:7233',
    '[2001:db8::1]',
  ])('goes to another the usual way: %s', (address) => {
    expect(straightIfLoopback(address)).toEqual({});
  });
});
