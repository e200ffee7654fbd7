/** The measured parts of docs/the-call.md, and its picture. */
import { measureAbi, type AbiReport } from '../src/api/index.ts'
import { ABI_TABLES, type Table } from '../src/cli/abi-tables.ts'
import { abiPicture } from '../src/cli/abi-picture.ts'
import { table } from './cli-tables.ts'

let measured: Promise<AbiReport> | undefined

/** `part` of what is measured, once for all parts. */
const from = (part: (report: AbiReport) => string) => async (): Promise<string> =>
  part(await (measured ??= measureAbi()))

const markdown = ({ head, rows }: Table): string => table(head, rows)

export const abiCounts = from((report) => markdown(ABI_TABLES.counts(report)))
export const abiCallers = from((report) => markdown(ABI_TABLES.callers(report)))
export const abiKept = from((report) => markdown(ABI_TABLES.kept(report)))
export const abiClaims = from(({ claims }) =>
  claims.map(({ date, claim, measured, verdict }) => `- ${date}: ${claim} **${verdict}**: ${measured}.`).join('\n'),
)
export const abiSvg = from((report) => abiPicture(report).trim())
