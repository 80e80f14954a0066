import { withAllBelow, type CommandWords, type OptionWords } from './words.js';

/** Where the words after options end: which command it is, then what may follow. */
export function bashScript(root: CommandWords): string {
  const commands = withAllBelow(root);
  return `# bash completion of marketplace
_marketplace() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" word index skip=""
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ -n "$skip" ]]; then skip=""; continue; fi
    case "$word" in
      ${pattern(valueFlags(commands))}) skip=1 ;;
      -*) ;;
      *) case "$path $word" in
        ${commands.filter(isBelow).map(pathPattern).join('|')}) path="$path $word" ;;
      esac ;;
    esac
  done
  local words="" files=""
  case "$path:$previous" in
${commands.flatMap(valueCases).join('\n')}
    *) case "$path" in
${commands.map(wordCase).join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -n "$files" && "$current" != -* ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -F _marketplace marketplace`;
}

function isBelow({ path }: CommandWords): boolean {
  return path.length > 0;
}

/** A command's path as the script keeps it: a space before each word. */
function pathOf({ path }: CommandWords): string {
  return path.map((word) => ` ${word}`).join('');
}

function pathPattern(command: CommandWords): string {
  return `"${pathOf(command)}"`;
}

function pattern(words: readonly string[]): string {
  return [...new Set(words)].join('|');
}

function valueFlags(commands: readonly CommandWords[]): string[] {
  return commands.flatMap(({ options }) =>
    options.filter(({ takesValue }) => takesValue).flatMap(({ flags }) => flags),
  );
}

/** What may follow an option that takes a value. */
function valueCases(command: CommandWords): string[] {
  return command.options
    .filter(({ takesValue }) => takesValue)
    .map((option) => {
      const patterns = option.flags.map((flag) => `"${pathOf(command)}:${flag}"`).join('|');
      return `    ${patterns}) ${values(option)} ;;`;
    });
}

function values({ choices, isFile }: OptionWords): string {
  return isFile ? 'files=1' : `words="${choices.join(' ')}"`;
}

function wordCase(command: CommandWords): string {
  const { commands, options, choices, takesFile } = command;
  const words = [
    ...commands.map(({ path }) => path.at(-1) ?? ''),
    ...choices,
    ...options.flatMap(({ flags }) => flags),
  ];
  return `      "${pathOf(command)}") words="${words.join(' ')}"${takesFile ? '; files=1' : ''} ;;`;
}
