import { Command, CommanderError, Option } from 'commander'
import { VERSION } from '../base/index.ts'
import { INHERITED, twins, type Twin } from './environment.ts'
import { EXIT, EXIT_CODES } from './exit-codes.ts'
import { failWith } from './failure.ts'
import { writeText } from './output.ts'
import { longName, RUN_OPTIONS, type OptionRow, type RunOptions } from './run-options.ts'
import { abi, ABI_FORMATS, type AbiOptions } from './commands/abi.ts'
import { doctor, DOCTOR_FORMATS, DOCTOR_OPTIONS, type DoctorOptions } from './commands/doctor.ts'
import { run } from './commands/run.ts'
import { parseNotEmpty, parseOffset } from './values.ts'

const DOCTOR_ROWS = RUN_OPTIONS.filter((row) => (DOCTOR_OPTIONS as readonly string[]).includes(longName(row)))
const HINT = 'To run a program: enclu run PROGRAM [ARGUMENT...]. For help: enclu help run.'

/** Parses and runs one command line. Returns the exit code; throws nothing. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let fromEnvironment: readonly Twin[] = []
  try {
    fromEnvironment = twins(env, argv[0] === 'run' ? RUN_OPTIONS : argv[0] === 'doctor' ? DOCTOR_ROWS : [])
    let code = 0
    const program = createProgram(env, (result) => (code = result))
    const [command, ...rest] = argv
    const all = command === undefined ? [] : [command, ...fromEnvironment.map((twin) => twin.argument), ...rest]
    await program.parseAsync(all, { from: 'user' })
    return code
  } catch (e) {
    if (!(e instanceof CommanderError)) return failWith(e)
    // commander has printed the error, or the help that was asked for.
    if (e.exitCode === 0) return 0
    for (const { variable, argument } of fromEnvironment) writeText(2, `${argument} comes from ${variable}\n`)
    return EXIT.USAGE
  }
}

function createProgram(env: NodeJS.ProcessEnv, finish: (code: number) => void): Command {
  const program = new Command('enclu')
    .description('Runs Intel SGX host programs and their enclaves on machines that have no SGX.')
    .version(`enclu ${VERSION}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput({
      writeOut: (text) => writeText(1, text),
      writeErr: (text) => writeText(2, text),
      outputError: (text, write) => write(text.replace(/^error: /, 'enclu: ')),
    })
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
    .showHelpAfterError(HINT)
    .enablePositionalOptions()
  const command = program
    .command('run')
    .summary('run a program')
    .description('Runs a Linux program for x86-64, with SGX. Options end at the program; what follows is its own.')
    .usage('[options] program [args...]')
    .argument('[program]', 'its file; PATH is not searched')
    .argument('[args...]', 'its arguments')
    .passThroughOptions()
    .addHelpText('after', runNotes)
  for (const row of RUN_OPTIONS) command.addOption(toOption(row))
  command.action(async (file: string | undefined, args: string[], options: RunOptions) => {
    if (file === undefined && options.cpu !== 'help' && options.vdso !== 'help')
      command.error('error: no program was named')
    finish(await run(file ?? '', args, options, env))
  })
  addAbi(program, finish)
  addDoctor(program, finish)
  return program
}

function addDoctor(program: Command, finish: (code: number) => void): void {
  const command = program
    .command('doctor')
    .summary('say what the emulated machine offers')
    .description(
      'Says what this host provides and what the machine that `enclu run` emulates offers, with the same options. Ends with 0 if enclu can run here, with 1 if not.',
    )
    .addOption(new Option('--format <format>', 'how to print it').choices(DOCTOR_FORMATS).default('text'))
  for (const row of DOCTOR_ROWS) command.addOption(toOption(row))
  command.action(async (options: DoctorOptions) => finish(await doctor(options)))
}

function addAbi(program: Command, finish: (code: number) => void): void {
  program
    .command('abi')
    .summary('count the instructions of the enclave call')
    .description(
      'Makes the enclave call in each of its shapes, counts instructions, and looks who keeps which registers.',
    )
    .addOption(new Option('--format <format>', 'how to print it').choices(ABI_FORMATS).default('text'))
    .addOption(
      new Option('--vdso-image <file>', 'measure this vDSO too, such as the one of a Linux kernel').argParser(
        parseNotEmpty,
      ),
    )
    .addOption(
      new Option('--vdso-fixup <offset>', 'where in it exceptions are reported, if it cannot be found').argParser(
        parseOffset,
      ),
    )
    .action(async (options: AbiOptions) => finish(await abi(options)))
}

function toOption(row: OptionRow): Option {
  const option = new Option(row.flags, `${row.help} [${row.env}]`)
  const { parse, separator } = row
  if (!parse) return option
  return separator === undefined
    ? option.argParser(parse)
    : option.argParser((text: string, previous: readonly unknown[] = []) => [...previous, parse(text)])
}

const runNotes = (): string => `
In brackets: the environment variable that does the same; 1 and 0 for options without a value,
several values separated by ':' (paths) or ',' (variables). The command line wins.

Files:
  The program may read its own folder, the working directory, and the folders of the system
  (/usr, /lib, /etc ...). It may write nowhere. A refusal is EACCES for the program, and enclu
  names the option that would allow it.

Environment of the program:
  ${INHERITED.join(', ')}, and what -E sets.

Exit code:
${EXIT_CODES.map(([code, meaning]) => `  ${code.padEnd(16)}${meaning}`).join('\n')}

Ctrl-C goes to the program; twice within a second ends enclu.`
