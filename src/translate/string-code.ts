import { PAGE_SIZE, STATE, VIEW } from '../cpu/index.ts'
import { MAX_ITERATIONS, type Insn } from '../isa/index.ts'
import { RAX, RCX, RDI, RFLAGS, RSI } from '../spec/x86/index.ts'
import type { Code } from '../wasm/index.ts'
import { ENTRIES, isElsewhere, PLACES, toEntry, type ViewTable } from './view-entry.ts'

const MOVES = ['A4', 'A5']
const STORES = ['AA', 'AB']

/** A repeated MOVS or STOS, for which `emitString` has code. */
export const isRepeatedString = ({ row: { opcode }, rep, a32, seg }: Insn): boolean =>
  rep !== 0 && !a32 && (STORES.includes(opcode) || (MOVES.includes(opcode) && seg === 'none'))

const gpr = (n: number): number => STATE.GPR + 8 * n
/** Fewer bytes than this are stored one element after the other: memory.fill is a call. */
const FEW_BYTES = 256

/** Locals of emitString. `bytes`: those of the elements that are done next. */
interface Locals {
  readonly count: number
  readonly address: number
  readonly bytes: number
  readonly target: number
  readonly source: number
  readonly done: number
}

/**
 * Does the instruction with the registers that are in memory, as many elements at once as lie in one page on each side, and puts 1 on
 * the stack. Or 0: the evaluator is to do it from where the registers say, because it goes downwards, an element lies in two pages,
 * source and target overlap, or an access is not allowed or not known to be.
 */
export function emitString(code: Code, insn: Insn): void {
  const size = insn.w / 8
  const moves = MOVES.includes(insn.row.opcode)
  const [count, address] = [code.local('i64'), code.local('i64')]
  const [bytes, target, source, done] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')]
  const l: Locals = { count, address, bytes, target, source, done }
  code.i32(0).set(done)
  const other = code.open('block')
  code.i32(0).memory('i32.load', STATE.RFLAGS_REST).i32(RFLAGS.DF).op('i32.and').brIf(other)
  code.i32(0).memory('i64.load', gpr(RCX)).tee(count).i64(MAX_ITERATIONS).op('i64.gt_u').brIf(other)
  const none = code.open('block')
  const loop = code.open('loop')
  code.get(count).op('i64.eqz').brIf(none)
  code.get(count).op('i32.wrap_i64').i32(Math.log2(size)).op('i32.shl').set(bytes)
  findPiece(code, l, { register: RDI, size, table: VIEW.WRITE, place: target, other })
  if (moves) {
    findPiece(code, l, { register: RSI, size, table: VIEW.READ, place: source, other })
    // Where they overlap upwards, what is written is read again.
    code.get(target).get(source).op('i32.sub').get(bytes).op('i32.lt_u').brIf(other)
    code.get(target).get(source).get(bytes).copyMemory()
  } else fill(code, size, target, bytes)
  for (const n of moves ? [RDI, RSI] : [RDI]) {
    code.i32(0).i32(0).memory('i64.load', gpr(n))
    code.get(bytes).op('i64.extend_i32_u').op('i64.add').memory('i64.store', gpr(n))
  }
  code.i32(0).get(count).get(bytes).i32(Math.log2(size)).op('i32.shr_u').op('i64.extend_i32_u').op('i64.sub')
  code.tee(count).memory('i64.store', gpr(RCX)).br(loop)
  code.close().close()
  code.i32(1).set(done)
  code.close()
  code.get(done)
}

/** `emitString` where the state is in memory, fuel included; `handOver` writes what lets the evaluator do the rest. */
export function emitStringOr(code: Code, insn: Insn, handOver: () => void): void {
  emitString(code, insn)
  code.open('if')
  code.i32(0).i32(0).memory('i32.load', STATE.FUEL).i32(1).op('i32.sub').memory('i32.store', STATE.FUEL)
  code.otherwise()
  handOver()
  code.close()
}

/** What findPiece looks for: where a register points to, by one of the view's tables. */
interface Side {
  readonly register: number
  readonly size: number
  readonly table: number
  /** Local for where that is in linear memory. */
  readonly place: number
  /** Level to branch to if not even the first element is there: see VIEW. */
  readonly other: number
}

/** No more `bytes` than there are to the end of the page. */
function findPiece(code: Code, { address, bytes }: Locals, { register, size, table, place, other }: Side): void {
  const entry = (table: ViewTable): void =>
    toEntry(code.get(address), table, () => code.i32(0).memory('i32.load', STATE.VIEW))
  code.i32(0).memory('i64.load', gpr(register)).set(address)
  entry(ENTRIES)
  code.memory('i64.load', table)
  isElsewhere(code, false, () =>
    code
      .get(address)
      .i64(BigInt(size - 1))
      .op('i64.add'),
  )
  code.brIf(other)
  code.get(address).op('i32.wrap_i64')
  entry(PLACES)
  code.memory('i32.load', VIEW.PLACES).op('i32.xor').set(place)
  const room = (): Code =>
    code.i32(PAGE_SIZE).get(place).i32(0xfff).op('i32.and').op('i32.sub').i32(-size).op('i32.and')
  room().get(bytes)
  room().get(bytes).op('i32.lt_u').op('select').set(bytes)
}

const STORE = { 1: 'i32.store8', 2: 'i32.store16', 4: 'i32.store', 8: 'i64.store' } as const

/** AL, AX, EAX or RAX, `bytes` of them from `target` on. */
function fill(code: Code, size: number, target: number, bytes: number): void {
  const [value, at, end] = [code.local('i64'), code.local('i32'), code.local('i32')]
  code.i32(0).memory('i64.load', gpr(RAX))
  if (size < 8) code.i64((1n << BigInt(8 * size)) - 1n).op('i64.and')
  code.set(value)
  if (size === 1) return void code.get(target).get(value).op('i32.wrap_i64').get(bytes).fillMemory()
  code.get(value).op('i64.eqz').get(bytes).i32(FEW_BYTES).op('i32.gt_u').op('i32.and').open('if')
  code.get(target).i32(0).get(bytes).fillMemory()
  code.otherwise()
  code.get(target).tee(at).get(bytes).op('i32.add').set(end)
  const loop = code.open('loop')
  code.get(at).get(value)
  if (size < 8) code.op('i32.wrap_i64')
  code.memory(STORE[size as keyof typeof STORE], 0)
  code.get(at).i32(size).op('i32.add').tee(at).get(end).op('i32.lt_u').brIf(loop)
  code.close().close()
}
