/** docs/support/leaves.md: the leaves, and what each checks, from the tables that the tests run. */
import { ENCLS_LEAVES, ENCLU_LEAVES, SGX_ERROR, type LeafName } from '../src/spec/sgx/index.ts'
import { ENCLS, SGX_PROFILES } from '../src/sgx/index.ts'
import { ENCLU } from '../src/sgx/leaves/index.ts'
import type { LeafTable, Source } from '../src/sgx/leaves/table.cases.ts'
import { TABLES } from '../src/sgx/leaves/tables.cases.ts'
import { table } from './cli-tables.ts'

const FAMILIES = { ENCLU: ENCLU_LEAVES, ENCLS: ENCLS_LEAVES } as const
type Family = keyof typeof FAMILIES
const LEAVES = { ...ENCLU_LEAVES, ...ENCLS_LEAVES }
const IMPLEMENTED: Readonly<Record<string, unknown>> = { ...ENCLU, ...ENCLS }
const isThere = (leaf: string): boolean => IMPLEMENTED[leaf] !== 'unsupported'

const tableOf = (leaf: string): LeafTable | undefined => TABLES.find((one) => one.leaf === leaf)
const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0') + 'H'

/** Profiles whose processor has the leaf. */
const profilesOf = (leaf: LeafName): string =>
  Object.entries(SGX_PROFILES)
    .filter(([, { features }]) => (features as readonly string[]).includes(LEAVES[leaf].since))
    .map(([name]) => name)
    .join(', ')

function overview(family: Family): string {
  const names = (Object.keys(FAMILIES[family]) as LeafName[]).filter(isThere)
  const rows = names.map((leaf) => [
    hex(LEAVES[leaf].number),
    `[${leaf}](#${leaf.toLowerCase()})`,
    LEAVES[leaf].since,
    profilesOf(leaf),
    String(tableOf(leaf)?.cases.length ?? 0),
  ])
  return table(['EAX', 'leaf', 'since', 'processors', 'cases'], rows)
}

/** What a refusal is to software, and the condition that did not hold. */
function refusal(expected: string): { readonly outcome: string; readonly check: string } {
  const [, outcome = expected, check = ''] = /^(#\w+\(\w+\)|code \d+) ?(.*)$/.exec(expected) ?? []
  const code = /^code (\d+)$/.exec(outcome)?.[1]
  const name = Object.entries(SGX_ERROR).find(([, value]) => value === Number(code))?.[0]
  const paging = 'the page tables allow the access'
  return { outcome: name && code ? `RAX = ${name} (${code})` : outcome, check: check === '' ? paging : check }
}

/** One row for each check, in the order in which they are made. */
function checks({ cases }: LeafTable): string {
  const rows = new Map<string, { why: string[]; sources: Set<Source> }>()
  for (const { expect: expected, why, source = 'manual' } of cases) {
    if (expected === 'ok') continue
    const row = rows.get(expected) ?? { why: [], sources: new Set<Source>() }
    rows.set(expected, row)
    row.why.push(why)
    row.sources.add(source)
  }
  return table(
    ['check', 'else', 'cases', 'from'],
    [...rows].map(([expected, { why, sources }]) => {
      const { outcome, check } = refusal(expected)
      return [check.replaceAll('|', '\\|'), outcome, String(why.length), [...sources].join(', ')]
    }),
  )
}

function section(leaf: LeafName): string {
  const known = tableOf(leaf)
  const { heading } = LEAVES[leaf]
  if (!known) return [`### ${leaf}`, '', `"${heading}".`].join('\n')
  const good = known.cases.filter(({ expect: expected }) => expected === 'ok').length
  const about = `"${heading}": ${known.cases.length} cases, in ${good} of which it succeeds.`
  return [`### ${leaf}`, '', about, '', checks(known)].join('\n')
}

function absent(): string {
  const rows = (Object.keys(LEAVES) as LeafName[])
    .filter((leaf) => !isThere(leaf))
    .map((leaf) => `- ${leaf} (${leaf in ENCLU_LEAVES ? 'ENCLU' : 'ENCLS'}, EAX = ${hex(LEAVES[leaf].number)}).`)
  return [
    'No processor here reports them in CPUID, so that executing one raises #GP(0), as on a processor without it:',
    '',
    ...rows,
    '',
    'Nor is there ENCLV (EDECVIRTCHILD, EINCVIRTCHILD, ESETCONTEXT): it belongs to hypervisors, and there is none.',
  ].join('\n')
}

/** The whole page below its introduction. */
export function leavesText(): string {
  const there = (Object.keys(LEAVES) as LeafName[]).filter(isThere)
  return [
    '## ENCLU',
    overview('ENCLU'),
    '## ENCLS',
    overview('ENCLS'),
    '## Leaves that are not here',
    absent(),
    '## Checks',
    ...there.map(section),
  ].join('\n\n')
}
