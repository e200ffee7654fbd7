import { resolve } from 'node:path'
import type { Machine, MachineOptions } from '../../api/index.ts'
import { guestEnvironment } from '../environment.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { failWith } from '../failure.ts'
import type { Launcher } from '../kept-file.ts'
import { RunCache } from '../run-cache.ts'
import { v8NativeCode } from '../native-code.ts'
import { openLog, printLine, say, type Log } from '../output.ts'
import { processor } from '../processor.ts'
import type { RunOptions } from '../run-options.ts'
import { forwardSignals } from '../signals.ts'
import { formatStats } from '../stats.ts'
import { vdsoOptions } from '../vdso.ts'

/** Given by launch.ts. */
declare const launcher: Launcher

/** `enclu run`. Returns the exit code. */
export async function run(
  file: string,
  args: readonly string[],
  options: RunOptions,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  // Loaded only now: usage errors and --help do not wait for the emulator.
  const [api, { nodeHost }] = await Promise.all([import('../../api/index.ts'), import('../../host-node/index.ts')])
  if (options.cpu === 'help') {
    printNames(Object.entries(api.PROCESSORS).map(([name, { summary }]) => [name, summary]))
    return 0
  }
  if (options.vdso === 'help') {
    printNames(Object.entries(api.VDSO_ABIS))
    return 0
  }
  const cpu = processor(options.cpu, api.PROCESSORS)
  const log = openLog(options.log)
  const cache = new RunCache(launcher, [resolve(file), options.cpu ?? ''])
  const nativeCode = v8NativeCode()
  const machine = new api.Machine({
    ...(nativeCode && { nativeCode }),
    port: nodeHost(),
    codeCache: cache.read(),
    deny: [cache.folder],
    ...machineOptions(options, log),
    ...(cpu && { cpu }),
    ...vdsoOptions(options, api.VDSO_ABIS),
  })
  const argv = [options.argv0 ?? file, ...args]
  const stopForwarding = forwardSignals(machine)
  const started = process.hrtime.bigint()
  try {
    const status = await machine.run(file, argv, guestEnvironment(env, options.env ?? [], options.unset ?? []))
    return exitCodeOf(status)
  } catch (e) {
    return failWith(e)
  } finally {
    stopForwarding()
    if (options.stats || options.statsFormat) printStats(machine, process.hrtime.bigint() - started, options, log)
    log.close()
    cache.write(machine.codeCache())
  }
}

/** Names and what they mean, in two columns. */
function printNames(rows: readonly (readonly [name: string, summary: string])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  for (const [name, summary] of rows) printLine(`${name.padEnd(width)}${summary}`)
}

function machineOptions(options: RunOptions, log: Log): Omit<MachineOptions, 'port' | 'cpu'> {
  const absolute = (paths: readonly string[] = []): string[] => paths.map((path) => resolve(path))
  return {
    sgx: options.sgx,
    translate: options.translate,
    ...(options.epc !== undefined && { epcSize: options.epc }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.scheduleSeed !== undefined && { scheduleSeed: options.scheduleSeed }),
    ...(options.machineSeed !== undefined && { machineSeed: options.machineSeed }),
    allowRead: absolute(options.allowRead),
    allowWrite: absolute(options.allowWrite),
    onNotice: say,
    ...(options.strace && { onSyscall: log.line }),
    ...(options.traceSgx && { onSgx: log.line }),
  }
}

function printStats(machine: Pick<Machine, 'stats'>, nanoseconds: bigint, options: RunOptions, log: Log): void {
  for (const line of formatStats(machine.stats(), Number(nanoseconds) / 1e6, options.statsFormat ?? 'text'))
    log.line(line)
}
