import { Option } from 'commander';

/** Makes an ID exact without a look-up. */
export function partnerOption(): Option {
  return new Option('--partner <id>', 'the tradingPartnerId: exact, without looking the ID up');
}
