import type { ExitStatus, MachineOptions, MachineStats } from './options.ts'

/** One emulated computer: a processor with SGX, its memory, and the part of Linux that runs one program and its children on it. */
export class Machine {
  constructor(_options: MachineOptions) {}

  /**
   * Runs a program until it ends. `argv[0]` is the program's name as it sees it. Yields to the host's event loop regularly, so
   * `interrupt` and `signal` work. Aborting rejects with the signal's reason.
   */
  run(_path: string, _argv: readonly string[], _env: readonly string[], _options: { readonly signal?: AbortSignal } = {}): Promise<ExitStatus> {
    return Promise.reject(new Error('not built yet'))
  }

  /** Sends a signal to the foreground process group, as a terminal does for Ctrl-C (SIGINT is 2). */
  interrupt(_signal: number): void {}

  stats(): MachineStats {
    throw new Error('not built yet')
  }
}
