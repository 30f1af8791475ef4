/** What lets a shell complete the command's words: its commands, options and scenarios. */
import type { Command } from 'commander';
import { findScenarios, SCENARIOS } from '../lab/find.ts';
import { scenarioName } from '../lab/report/report.ts';

/** What may stand behind a command, such as `careof lab run`. */
interface Place {
  /** The command with those above it. */
  readonly path: string;
  readonly words: readonly string[];
  /** Files may stand there too. */
  readonly files: boolean;
  /** What may stand behind an option. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** The script for a shell; `careof` is the command with all that belongs to it. */
export function completionScript(shell: 'bash' | 'zsh', careof: Command): string {
  const bash = bashFunction([...placesOf(careof, '')]);
  return shell === 'bash' ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function* placesOf(command: Command, above: string): Generator<Place> {
  const path = `${above} ${command.name()}`.trim();
  const options = command.options.flatMap(({ long }) => (long == null ? [] : [long]));
  const wantsFile = command.registeredArguments.some((one) => one.name() === 'file');
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const scenarios = wantsFile && above.endsWith(' lab') ? scenarioNames() : [];
  const commands = command.commands.map((one) => one.name());
  const values = new Map<string, readonly string[]>();
  for (const { long, argChoices } of command.options) {
    if (long != null && argChoices !== undefined) values.set(long, argChoices);
  }
  const words = [...commands, ...choices, ...scenarios, ...options, '--help'];
  yield { path, words, files: wantsFile, values };
  for (const one of command.commands) yield* placesOf(one, path);
}

const scenarioNames = (): string[] => findScenarios([SCENARIOS]).map(scenarioName);

/** One function for both shells: zsh understands bash's with its own `bashcompinit`. */
function bashFunction(places: readonly Place[]): string {
  const paths = places.map(({ path }) => `"${path}"`).join('|');
  const values = places.flatMap(({ path, values }) =>
    [...values].map(([option, words]) => `    "${path} ${option}") words="${words.join(' ')}" ;;`),
  );
  const commands = places.map(
    ({ path, words, files }) =>
      `    "${path}") words="${words.join(' ')}"${files ? ' files=yes' : ''} ;;`,
  );
  return `_careof() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path=careof words= files= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in ${paths}) path="$path $word" ;; esac
  done
  case "$path \${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
    *) case "$path" in
${commands.join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -z "$files" ] || COMPREPLY+=($(compgen -f -- "$current"))
}
complete -o bashdefault -o default -F _careof careof`;
}
