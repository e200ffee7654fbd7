/**
 * Instructions that exist in 64-bit mode and have no row: they stop the run by name instead of raising #UD. One line each:
 * opcode (syntax of Row.opcode), mnemonic, and M or R where ModRM.r/m can only be memory or a register. Rows take precedence, so a
 * line may stay after its row came; what no profile of ours offers and user mode cannot execute anyway (VMX, SVM, RTM, 3DNow!) is #UD.
 */

const list = (text: string): [opcode: string, mnemonic: string, operands: string][] =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const m = /^(?<opcode>.*?) +(?<mnemonic>[A-Z][A-Z0-9]{2,}\S*)(?: (?<operand>[MR]))?$/.exec(line.trim())
      const g = m?.groups ?? {}
      return [g['opcode'] ?? line, g['mnemonic'] ?? '', g['operand'] === 'R' ? 'Rd' : (g['operand'] ?? '')]
    })

/** Consecutive opcodes of one map and prefix; '-' leaves one out, 'X:M' and 'X:R' restrict ModRM.r/m. */
const run = (prefix: string, first: number, names: string): [string, string, string][] =>
  names.split(' ').flatMap((name, k): [string, string, string][] => {
    const [mnemonic = '', operand] = name.split(':')
    const byte = (first + k).toString(16).toUpperCase().padStart(2, '0')
    return mnemonic === '-' ? [] : [[`${prefix} ${byte} /r`, mnemonic, operand === 'R' ? 'Rd' : (operand ?? '')]]
  })

// prettier-ignore
const SSSE3 = 'PSHUFB PHADDW PHADDD PHADDSW PMADDUBSW PHSUBW PHSUBD PHSUBSW PSIGNB PSIGNW PSIGND PMULHRSW'

// prettier-ignore
export const UNIMPLEMENTED: readonly (readonly [opcode: string, mnemonic: string, operands: string])[] = [
  ...list(`
    62 EVEX
    C4 VEX
    C5 VEX
    CA RETF
    CB RETF
    CF IRETQ
    FF /3 CALLF M
    FF /5 JMPF M
    0F 00 /4 VERR
    0F 00 /5 VERW
    0F 02 /r LAR
    0F 03 /r LSL
    0F B2 /r LSS M
    0F B4 /r LFS M
    0F B5 /r LGS M
    NP 0F AE /0 FXSAVE M
    NP 0F AE /1 FXRSTOR M
    NP 0F AE /4 XSAVE M
    NP 0F AE /5 XRSTOR M
    NP 0F AE /6 XSAVEOPT M
    NP 0F C7 /3 XRSTORS M
    NP 0F C7 /4 XSAVEC M
    NP 0F C7 /5 XSAVES M
    F3 0F C7 /7 RDPID R
  `),
  // MMX
  ...run('NP 0F', 0x60, 'PUNPCKLBW PUNPCKLWD PUNPCKLDQ PACKSSWB PCMPGTB PCMPGTW PCMPGTD PACKUSWB PUNPCKHBW PUNPCKHWD PUNPCKHDQ PACKSSDW - - MOVD MOVQ'),
  ...run('NP 0F', 0x70, 'PSHUFW - - - PCMPEQB PCMPEQW PCMPEQD - - - - - - - MOVD MOVQ'),
  ...list(`
    NP 0F 71 /2 PSRLW R
    NP 0F 71 /4 PSRAW R
    NP 0F 71 /6 PSLLW R
    NP 0F 72 /2 PSRLD R
    NP 0F 72 /4 PSRAD R
    NP 0F 72 /6 PSLLD R
    NP 0F 73 /2 PSRLQ R
    NP 0F 73 /6 PSLLQ R
    NP 0F 2A /r CVTPI2PS
    NP 0F 2C /r CVTTPS2PI
    NP 0F 2D /r CVTPS2PI
    66 0F 2A /r CVTPI2PD
    66 0F 2C /r CVTTPD2PI
    66 0F 2D /r CVTPD2PI
    NP 0F C4 /r PINSRW
    NP 0F C5 /r PEXTRW R
    F2 0F D6 /r MOVDQ2Q R
    F3 0F D6 /r MOVQ2DQ R
  `),
  ...run('NP 0F', 0xd1, 'PSRLW PSRLD PSRLQ PADDQ PMULLW - PMOVMSKB:R PSUBUSB PSUBUSW PMINUB PAND PADDUSB PADDUSW PMAXUB PANDN'),
  ...run('NP 0F', 0xe0, 'PAVGB PSRAW PSRAD PAVGW PMULHUW PMULHW - MOVNTQ:M PSUBSB PSUBSW PMINSW POR PADDSB PADDSW PMAXSW PXOR'),
  ...run('NP 0F', 0xf1, 'PSLLW PSLLD PSLLQ PMULUDQ PMADDWD PSADBW MASKMOVQ:R PSUBB PSUBW PSUBD PSUBQ PADDB PADDW PADDD'),

  // SSE3
  ...list(`
    66 0F 7C /r HADDPD
    F2 0F 7C /r HADDPS
    66 0F 7D /r HSUBPD
    F2 0F 7D /r HSUBPS
    66 0F D0 /r ADDSUBPD
    F2 0F D0 /r ADDSUBPS
    F2 0F F0 /r LDDQU M
    F3 0F 12 /r MOVSLDUP
    F2 0F 12 /r MOVDDUP
    F3 0F 16 /r MOVSHDUP
  `),
  // SSSE3, SSE4, AES, SHA, ADX and their like
  ...run('NP 0F 38', 0x00, SSSE3), ...run('66 0F 38', 0x00, SSSE3), ...run('NP 0F 38', 0x1c, 'PABSB PABSW PABSD'), ...run('66 0F 38', 0x1c, 'PABSB PABSW PABSD'),
  ...run('66 0F 38', 0x10, 'PBLENDVB - - - BLENDVPS BLENDVPD - PTEST'),
  ...run('66 0F 38', 0x20, 'PMOVSXBW PMOVSXBD PMOVSXBQ PMOVSXWD PMOVSXWQ PMOVSXDQ - - PMULDQ PCMPEQQ MOVNTDQA:M PACKUSDW'),
  ...run('66 0F 38', 0x30, 'PMOVZXBW PMOVZXBD PMOVZXBQ PMOVZXWD PMOVZXWQ PMOVZXDQ - PCMPGTQ PMINSB PMINSD PMINUW PMINUD PMAXSB PMAXSD PMAXUW PMAXUD PMULLD PHMINPOSUW'),
  ...run('NP 0F 38', 0xc8, 'SHA1NEXTE SHA1MSG1 SHA1MSG2 SHA256RNDS2 SHA256MSG1 SHA256MSG2'),
  ...run('66 0F 38', 0xcf, 'GF2P8MULB'), ...run('66 0F 38', 0xdb, 'AESIMC AESENC AESENCLAST AESDEC AESDECLAST'),
  ...run('66 0F 38', 0xf6, 'ADCX'), ...run('F3 0F 38', 0xf6, 'ADOX'), ...run('66 0F 38', 0xf8, 'MOVDIR64B:M'), ...run('NP 0F 38', 0xf9, 'MOVDIRI:M'),
  ...run('66 0F 3A', 0x08, 'ROUNDPS ROUNDPD ROUNDSS ROUNDSD BLENDPS BLENDPD PBLENDW PALIGNR'), ...run('NP 0F 3A', 0x0f, 'PALIGNR'),
  ...run('66 0F 3A', 0x14, 'PEXTRB PEXTRW PEXTRD EXTRACTPS'), ...run('66 0F 3A', 0x20, 'PINSRB INSERTPS PINSRD'),
  ...run('66 0F 3A', 0x40, 'DPPS DPPD MPSADBW - PCLMULQDQ'), ...run('66 0F 3A', 0x60, 'PCMPESTRM PCMPESTRI PCMPISTRM PCMPISTRI'),
  ...run('NP 0F 3A', 0xcc, 'SHA1RNDS4'), ...run('66 0F 3A', 0xce, 'GF2P8AFFINEQB GF2P8AFFINEINVQB'), ...run('66 0F 3A', 0xdf, 'AESKEYGENASSIST'),
]
