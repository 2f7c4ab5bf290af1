/** What the demo prints and runs: sentences, and commands in a data folder of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bundledCli } from './harness.ts';

export class DemoSteps {
  readonly folder: string;
  /** What its programs have besides the environment of this process. */
  readonly variables: Readonly<Record<string, string>>;

  /** @param home the data folder. The settings and known hosts of the user are neither read nor changed. */
  constructor(home: string) {
    this.folder = home;
    this.variables = {
      BARNRAISER_HOME: home,
      BARNRAISER_KNOWN_HOSTS: join(home, 'known_hosts'),
      BARNRAISER_SSH_CONFIG: join(home, 'ssh-config'),
      SSH_AUTH_SOCK: '',
      // logins of the user, and those of podman and docker
      REGISTRY_AUTH_FILE: join(home, 'auth.json'),
      DOCKER_CONFIG: home,
    };
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.variables };
  }

  explain(text: string): void {
    console.log(`\n# ${text.replaceAll('\n', '\n# ')}`);
  }

  /** Prints and runs a command. @throws Error if its exit code is another one than `expected` */
  async barnraiser(args: readonly string[], expected = 0): Promise<void> {
    this.show('barnraiser', args);
    const code = await this.#run(process.execPath, [...bundledCli, ...args], 'inherit');
    if (code.code !== expected) {
      throw new Error(`The command ended with code ${code.code}.`);
    }
  }

  /** The standard output of a command that is not printed. */
  async read(...args: string[]): Promise<string> {
    return (await this.#run(process.execPath, [...bundledCli, ...args], 'pipe')).output;
  }

  /** Prints and starts a command. `line` resolves when it prints a line with a text. */
  start(args: readonly string[]): {
    readonly line: (text: string) => Promise<void>;
    readonly ended: Promise<number | null>;
  } {
    this.show('barnraiser', args);
    const child = spawn(process.execPath, [...bundledCli, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: this.env,
    });
    let output = '';
    const waiting = new Set<() => void>();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      process.stdout.write(text);
      output += text;
      for (const check of waiting) {
        check();
      }
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const line = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (output.includes(text)) {
            waiting.delete(check);
            resolve();
          }
        };
        waiting.add(check);
        ended.then(() => reject(new Error(`The build ended without “${text}”.`)), reject);
        check();
      });
    return { line, ended };
  }

  show(program: string, args: readonly string[]): void {
    const words = args.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`));
    console.log(`\n$ ${[program, ...words].join(' ').replaceAll(`${this.folder}/`, '')}`);
  }

  #run(
    program: string,
    args: readonly string[],
    stdout: 'inherit' | 'pipe',
  ): Promise<{ code: number | null; output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { stdio: ['ignore', stdout, 'inherit'], env: this.env, cwd: this.folder });
      let output = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, output }));
    });
  }
}
