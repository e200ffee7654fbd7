/** Flag control: CLC STC CMC CLD STD LAHF SAHF. [SDM-1 "Flag Control (EFLAG) Instructions"] */
import { RFLAGS } from '../spec/x86/index.ts'
import { packFlags, setFlag } from './flag-bits.ts'
import { insn } from './rows.ts'

/** The flags that AH exchanges with RFLAGS: SF, ZF, AF, PF, CF. */
const IN_AH = RFLAGS.SF | RFLAGS.ZF | RFLAGS.AF | RFLAGS.PF | RFLAGS.CF

// prettier-ignore
export const FLAG_CONTROL = [
  insn({ mnemonic: 'CLC', spec: 'CLC—Clear Carry Flag', rows: [['F8', '']], op: (m) => setFlag(m, 'CF', m.lit(8, 0)) }),
  insn({ mnemonic: 'STC', spec: 'STC—Set Carry Flag', rows: [['F9', '']], op: (m) => setFlag(m, 'CF', m.lit(8, 1)) }),
  insn({ mnemonic: 'CMC', spec: 'CMC—Complement Carry Flag', rows: [['F5', '']], op: (m) => setFlag(m, 'CF', m.xor(8, m.flag('CF'), m.lit(8, 1))) }),
  insn({ mnemonic: 'CLD', spec: 'CLD—Clear Direction Flag', rows: [['FC', '']], op: (m) => m.setDirection(false) }),
  insn({ mnemonic: 'STD', spec: 'STD—Set Direction Flag', rows: [['FD', '']], op: (m) => m.setDirection(true) }),
  insn({
    mnemonic: 'LAHF', spec: 'LAHF—Load Status Flags Into AH Register', feature: 'LAHF', rows: [['9F', '']],
    op: (m) => m.setRegHigh(0, m.or(8, m.trunc(32, 8, packFlags(m)), m.lit(8, RFLAGS.FIXED))),
  }),
  insn({
    mnemonic: 'SAHF', spec: 'SAHF—Store AH Into Flags', feature: 'LAHF', rows: [['9E', '']],
    op: (m) => {
      const given = m.and(32, m.zext(8, 32, m.regHigh(0)), m.lit(32, IN_AH))
      m.setFlags('PACKED', 32, m.or(32, given, m.shl(32, m.zext(8, 32, m.flag('OF')), m.lit(32, 11))))
    },
  }),
].flat()
