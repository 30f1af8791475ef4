/** `careof completion`: a script that lets a shell complete what is typed. */
import { Argument, Command } from 'commander';

export function completionCommand(): Command {
  return new Command('completion')
    .description('prints a script that lets your shell complete careof commands')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh']))
    .addHelpText('after', HELP)
    .action(async (shell: 'bash' | 'zsh', _options: object, command: Command) => {
      const { completionScript } = await import('./completion-script.ts');
      console.log(completionScript(shell, command.parent!));
    });
}

const HELP = `
bash:  careof completion bash > ~/.local/share/bash-completion/completions/careof
zsh:   careof completion zsh > ~/.careof-completion && echo 'source ~/.careof-completion' >> ~/.zshrc`;
