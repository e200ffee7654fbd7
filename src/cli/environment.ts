import { EncluError } from '../base/index.ts'
import { longName, type OptionRow } from './run-options.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** An option that came from the environment. */
export interface Twin {
  readonly variable: string
  readonly argument: string
}

/** The ENCLU_* variables of `rows` as the arguments that they stand for, to be put before those of the command line. */
export function twins(env: Environment, rows: readonly OptionRow[]): readonly Twin[] {
  return rows.flatMap((row) => {
    const value = env[row.env]
    if (value === undefined || value === '') return []
    const option = longName(row)
    if (!row.parse) return isOn(row.env, value) ? [{ variable: row.env, argument: option }] : []
    const values = row.separator === undefined ? [value] : value.split(row.separator).filter((v) => v !== '')
    return values.map((v) => ({ variable: row.env, argument: `${option}=${v}` }))
  })
}

function isOn(variable: string, value: string): boolean {
  if (value === '1' || value === 'true') return true
  if (value === '0' || value === 'false') return false
  throw new EncluError('ERR_BAD_OPTION', `${variable} must be 1 or 0, not '${value}'`, { variable, value })
}

/**
 * The variables that the program gets without being asked for. Few, so that a run depends on little and no secret of the shell
 * reaches the guest; enough for a program to find its home, its terminal, its language and its libraries.
 */
export const INHERITED = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TERM', 'LD_LIBRARY_PATH'] as const

/** 'NAME=VALUE' for each variable of the program: INHERITED, less `unset`, then `set` in its order. */
export function guestEnvironment(host: Environment, set: readonly string[], unset: readonly string[]): string[] {
  const variables = new Map<string, string>()
  const inherit = (name: string): void => {
    const value = host[name]
    if (value !== undefined) variables.set(name, value)
  }
  for (const name of INHERITED) if (!unset.includes(name)) inherit(name)
  for (const text of set) {
    const at = text.indexOf('=')
    if (at < 0) inherit(text)
    else variables.set(text.slice(0, at), text.slice(at + 1))
  }
  return Array.from(variables, ([name, value]) => `${name}=${value}`)
}
