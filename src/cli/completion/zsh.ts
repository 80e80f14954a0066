import { withAllBelow, type CommandWords, type OptionWords } from './words.js';

/** One function a command, each with zsh's own `_arguments`. */
export function zshScript(root: CommandWords): string {
  return [
    '#compdef marketplace',
    ...withAllBelow(root).map(commandFunction),
    'if [[ "$funcstack[1]" == _marketplace ]]; then _marketplace "$@"; else compdef _marketplace marketplace; fi',
  ].join('\n');
}

function functionName({ path }: CommandWords): string {
  return ['_marketplace', ...path].join('_').replaceAll('-', '_');
}

function commandFunction(command: CommandWords): string {
  const { commands, options } = command;
  const specs = options.map((option) => `    ${optionSpec(option)}`);
  if (commands.length === 0) {
    return [
      `${functionName(command)}() {`,
      '  _arguments -s \\',
      [...specs, ...argumentSpecs(command)].join(' \\\n'),
      '}',
    ].join('\n');
  }
  const described = commands.map(
    ({ path, description }) => `      ${quote(`${path.at(-1) ?? ''}:${description}`)}`,
  );
  const calls = commands.map((child) => `      ${child.path.at(-1) ?? ''}) ${functionName(child)} ;;`);
  return [
    `${functionName(command)}() {`,
    '  local state line',
    '  _arguments -C \\',
    [...specs, "    '1: :->command'", "    '*:: :->rest'"].join(' \\\n'),
    '  case $state in',
    '    command) local -a commands=(',
    ...described,
    '    ); _describe command commands ;;',
    '    rest) case $line[1] in',
    ...calls,
    '    esac ;;',
    '  esac',
    '}',
  ].join('\n');
}

function argumentSpecs({ choices, takesFile }: CommandWords): string[] {
  if (choices.length > 0) return [`    '1:value:(${choices.join(' ')})'`];
  return takesFile ? ["    '*:file:_files'"] : ["    '*: :'"];
}

/** `'(-o --output)'{-o,--output}'[how to print]:value:(text json)'` */
function optionSpec({ flags, description, takesValue, choices, isFile }: OptionWords): string {
  const action = choices.length > 0 ? `(${choices.join(' ')})` : isFile ? '_files' : '';
  const rest = quote(
    `[${description.replaceAll(/[[\]:]/g, String.raw`\$&`)}]${takesValue ? `:value:${action}` : ''}`,
  );
  return flags.length === 1 ? `${flags[0]}${rest}` : `'(${flags.join(' ')})'{${flags.join(',')}}${rest}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
