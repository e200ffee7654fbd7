import { describe, expect, it } from 'vitest'
import { Fault } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { RAX, RBX, RCX, RDI, RDX, RFLAGS, RSI, RSP } from '../../spec/x86/index.ts'
import { Guest, SCRATCH, TEXT } from '../guest.fixture.ts'
import { structBytes } from '../mm/user-memory.ts'

const { EINTR, EINVAL, ENOMEM, EPERM, SA, SIGALRM, SIGCHLD, SIGKILL, SIGSEGV, SIGUSR1, SIGUSR2 } = linux
const HANDLER = TEXT + 0x10
const RESTORER = TEXT + 0x20

function handle(guest: Guest, signo: number, flags = 0, mask = 0n, handler = HANDLER): number | undefined {
  const action = {
    sa_handler: BigInt(handler),
    sa_flags: BigInt((flags | SA.RESTORER) >>> 0),
    sa_restorer: BigInt(RESTORER),
    sa_mask: mask,
  }
  guest.poke(SCRATCH, structBytes(linux.kernel_sigaction, action))
  return guest.call('rt_sigaction', signo, SCRATCH, 0, 8)
}
const set = (...signals: number[]): bigint => signals.reduce((s, n) => s | (1n << BigInt(n - 1)), 0n)
const raise = (guest: Guest, signo: number): number | undefined =>
  guest.call('tgkill', guest.task.tgid, guest.task.pid, signo)
const rsp = (guest: Guest): number => Number(guest.state.gpr(RSP))
/** The frame that RSP points at. */
function frameOf(guest: Guest) {
  const bytes = guest.task.memory.read(rsp(guest), linux.rt_sigframe.size) ?? new Uint8Array(440)
  const frame = linux.rt_sigframe.view(bytes)
  const uc = linux.ucontext.view(frame.uc)
  return { frame, uc, c: linux.sigcontext.view(uc.uc_mcontext), info: frame.info }
}
/** What the handler's RET does, then the restorer's SYSCALL. */
function leaveHandler(guest: Guest): void {
  guest.state.setGpr(RSP, guest.state.gpr(RSP) + 8n)
  guest.call('rt_sigreturn')
}

describe('the frame of a signal handler', () => {
  it('is laid out as struct rt_sigframe, and rt_sigreturn puts everything back', () => {
    const guest = new Guest()
    const { state } = guest
    handle(guest, SIGUSR1, SA.SIGINFO, set(SIGUSR2))
    const before = rsp(guest)
    raise(guest, SIGUSR1)
    state.setGpr(RBX, 0xb0bn)
    state.setGpr(RCX, ~0n & 0xffff_ffff_ffff_ffffn)
    state.rflags |= BigInt(RFLAGS.DF | RFLAGS.CF)
    state.xmm(3).fill(0x33)
    state.mxcsr = 0x1fa0
    const rip = state.rip
    guest.kernel.schedule()

    expect(state.rip).toBe(HANDLER)
    expect(rsp(guest) % 16).toBe(8)
    expect(before - rsp(guest)).toBeGreaterThanOrEqual(128 + 512 + 440)
    expect(state.gpr(RDI)).toBe(BigInt(SIGUSR1))
    expect(state.gpr(RSI)).toBe(BigInt(rsp(guest) + 312))
    expect(state.gpr(RDX)).toBe(BigInt(rsp(guest) + 8))
    expect(state.gpr(RAX)).toBe(0n)
    expect(state.rflags & BigInt(RFLAGS.DF)).toBe(0n)
    expect([state.mxcsr, state.xmm(3)[0]]).toEqual([0x1f80, 0])
    expect(guest.task.signals.mask).toBe(set(SIGUSR1, SIGUSR2))

    const { frame, uc, c, info } = frameOf(guest)
    expect(frame.pretcode).toBe(BigInt(RESTORER))
    expect([uc.uc_flags, uc.uc_link, uc.uc_sigmask]).toEqual([6n, 0n, 0n])
    expect([c.rip, c.rsp, c.rbx, c.cs, c.ss]).toEqual([BigInt(rip), BigInt(before), 0xb0bn, 0x33, 0x2b])
    expect(c.fpstate % 64n).toBe(0n)
    const fp = linux.fpstate.view(guest.task.memory.read(Number(c.fpstate), 512) ?? new Uint8Array(512))
    expect([fp.mxcsr, fp.xmm_space[48], fp.cwd, fp.sw_reserved.every((b) => b === 0)]).toEqual([
      0x1fa0,
      0x33,
      0x37f,
      true,
    ])
    expect(linux.siginfo_t.view(info)).toMatchObject({ si_signo: SIGUSR1, si_errno: 0 })
    expect(linux.siginfo_t.view(info).si_code | 0).toBe(linux.SI_TKILL)
    expect(linux.siginfo_kill.view(info)).toMatchObject({ si_pid: guest.task.pid, si_uid: 1000 })

    leaveHandler(guest)
    expect([state.rip, rsp(guest), state.gpr(RBX)]).toEqual([rip, before, 0xb0bn])
    expect(state.rflags & BigInt(RFLAGS.DF | RFLAGS.CF)).toBe(BigInt(RFLAGS.DF | RFLAGS.CF))
    expect([state.mxcsr, state.xmm(3)[0], guest.task.signals.mask]).toEqual([0x1fa0, 0x33, 0n])
  })

  describe('on a processor with AVX', () => {
    const AREA = 576
    function delivered(): { guest: Guest; at: number } {
      const guest = new Guest()
      const { state } = guest
      state.xcr0 = 7n
      handle(guest, SIGUSR1)
      raise(guest, SIGUSR1)
      state.xmm(3).fill(0x33)
      state.ymmHigh(3).fill(0x44)
      guest.kernel.schedule()
      return { guest, at: Number(frameOf(guest).c.fpstate) }
    }
    const area = (guest: Guest, at: number): Uint8Array => guest.task.memory.read(at, 836) ?? new Uint8Array(0)
    const sw = (bytes: Uint8Array): ReturnType<typeof linux._fpx_sw_bytes.view> =>
      linux._fpx_sw_bytes.view(linux.fpstate.view(bytes).sw_reserved)

    it('the frame has an XSAVE area between two magic numbers', () => {
      const { guest, at } = delivered()
      const bytes = area(guest, at)
      expect(frameOf(guest).uc.uc_flags).toBe(7n)
      expect(sw(bytes)).toMatchObject({ magic1: 0x4650_5853, extended_size: 836, xfeatures: 7n, xstate_size: 832 })
      expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(832, true)).toBe(0x4650_5845)
      expect([bytes[AREA + 48], bytes[512]]).toEqual([0x44, 7])
      expect(guest.state.ymmHigh(3)[0]).toBe(0)
    })

    it('rt_sigreturn puts back what is there, and what the handler has written', () => {
      const { guest, at } = delivered()
      guest.poke(at + AREA + 48, 0x5555n)
      leaveHandler(guest)
      expect([guest.state.ymmHigh(3)[0], guest.state.ymmHigh(3)[15], guest.state.xmm(3)[0]]).toEqual([0x55, 0x44, 0x33])
    })

    it('without the second magic number the legacy region counts alone', () => {
      const { guest, at } = delivered()
      guest.poke(at + 832, 0n)
      guest.state.ymmHigh(3).fill(0x66)
      leaveHandler(guest)
      expect([guest.state.ymmHigh(3)[0], guest.state.xmm(3)[0]]).toEqual([0, 0x33])
    })

    it('components that XSTATE_BV leaves out get their initial configuration', () => {
      const { guest, at } = delivered()
      guest.poke(at + 512, 3n)
      leaveHandler(guest)
      expect([guest.state.ymmHigh(3)[0], guest.state.xmm(3)[0]]).toEqual([0, 0x33])
    })

    it('a header that XRSTOR refuses is SIGSEGV', () => {
      const { guest, at } = delivered()
      guest.poke(at + 512, 8n)
      leaveHandler(guest)
      guest.kernel.schedule()
      expect(guest.kernel.exitStatus).toBe(SIGSEGV)
    })
  })

  it('carries what the handler wrote into it', () => {
    const guest = new Guest()
    handle(guest, SIGUSR1)
    raise(guest, SIGUSR1)
    guest.kernel.schedule()
    const at = rsp(guest) + linux.rt_sigframe.fields.uc.offset + linux.ucontext.fields.uc_mcontext.offset
    guest.poke(at + linux.sigcontext.fields.rip.offset, BigInt(TEXT + 0x77))
    guest.poke(at + linux.sigcontext.fields.rax.offset, 123n)
    leaveHandler(guest)
    expect([guest.state.rip, guest.result()]).toEqual([TEXT + 0x77, 123])
  })

  it('goes to the alternate stack with SA_ONSTACK, without a red zone, and nested frames stay there', () => {
    const guest = new Guest()
    const size = 0x1800
    guest.poke(
      SCRATCH + 0x100,
      structBytes(linux.stack_t, { ss_sp: BigInt(SCRATCH + 0x200), ss_flags: 0, ss_size: BigInt(size) }),
    )
    expect(guest.call('sigaltstack', SCRATCH + 0x100, 0)).toBe(0)
    handle(guest, SIGUSR1, SA.ONSTACK)
    handle(guest, SIGUSR2, SA.ONSTACK)
    raise(guest, SIGUSR1)
    guest.kernel.schedule()
    expect(rsp(guest)).toBeGreaterThan(SCRATCH + 0x200)
    expect(rsp(guest)).toBeLessThan(SCRATCH + 0x200 + size)
    expect(linux.stack_t.view(frameOf(guest).uc.uc_stack)).toMatchObject({
      ss_sp: BigInt(SCRATCH + 0x200),
      ss_size: BigInt(size),
    })
    expect(guest.call('sigaltstack', SCRATCH + 0x100, 0)).toBe(-EPERM)
    expect(guest.call('sigaltstack', 0, SCRATCH)).toBe(0)
    expect(linux.stack_t.view(guest.task.memory.read(SCRATCH, 24) ?? new Uint8Array(24)).ss_flags).toBe(
      linux.SS_ONSTACK,
    )
    const first = rsp(guest)
    raise(guest, SIGUSR2)
    guest.kernel.schedule()
    expect(rsp(guest)).toBeLessThan(first - 128)
  })

  it('without room, or without a restorer, is a deadly SIGSEGV', () => {
    for (const broken of ['stack', 'restorer'] as const) {
      const guest = new Guest()
      const action = { sa_handler: BigInt(HANDLER), sa_flags: broken === 'restorer' ? 0n : BigInt(SA.RESTORER) }
      guest.poke(SCRATCH, structBytes(linux.kernel_sigaction, action))
      guest.call('rt_sigaction', SIGUSR1, SCRATCH, 0, 8)
      raise(guest, SIGUSR1)
      if (broken === 'stack') guest.state.setGpr(RSP, 0x1000n)
      expect(guest.kernel.schedule()).toBeUndefined()
      expect(guest.kernel.exitStatus).toBe(SIGSEGV)
    }
  })
})

describe('dispositions', () => {
  it('SA_RESETHAND and SA_NODEFER', () => {
    const guest = new Guest()
    handle(guest, SIGUSR1, SA.RESETHAND | SA.NODEFER)
    raise(guest, SIGUSR1)
    guest.kernel.schedule()
    expect(guest.task.signals.mask).toBe(0n)
    expect(guest.task.signals.dispositions.isHandled(SIGUSR1)).toBe(false)
  })

  it('rt_sigaction checks size, number and the two signals that cannot be caught', () => {
    const guest = new Guest()
    expect(guest.call('rt_sigaction', SIGUSR1, 0, 0, 4)).toBe(-EINVAL)
    expect(guest.call('rt_sigaction', 65, 0, 0, 8)).toBe(-EINVAL)
    expect(handle(guest, SIGKILL)).toBe(-EINVAL)
    expect(guest.call('rt_sigaction', SIGKILL, 0, SCRATCH, 8)).toBe(0)
    handle(guest, SIGUSR1, SA.RESTART | 0x400)
    expect(guest.call('rt_sigaction', SIGUSR1, 0, SCRATCH, 8)).toBe(0)
    expect(guest.peek(SCRATCH + 8)).toBe(BigInt(SA.RESTART | SA.RESTORER))
  })

  it('a blocked signal waits; a standard one is there once; real-time ones queue', () => {
    const guest = new Guest()
    handle(guest, SIGUSR1)
    handle(guest, 40)
    guest.poke(SCRATCH, set(SIGUSR1, 40))
    guest.call('rt_sigprocmask', linux.SIG_BLOCK, SCRATCH, 0, 8)
    for (const signo of [SIGUSR1, SIGUSR1, 40, 40]) raise(guest, signo)
    guest.kernel.schedule()
    expect(guest.state.rip).not.toBe(HANDLER)
    guest.call('rt_sigpending', SCRATCH, 8)
    expect(guest.peek(SCRATCH)).toBe(set(SIGUSR1, 40))
    guest.poke(SCRATCH, 0n)
    guest.call('rt_sigprocmask', linux.SIG_SETMASK, SCRATCH, 0, 8)
    guest.kernel.schedule()
    // The lowest number's frame is pushed first, so the higher one runs first; its second instance waits for the mask.
    expect(guest.state.gpr(RDI)).toBe(40n)
    leaveHandler(guest)
    guest.kernel.schedule()
    expect(guest.state.gpr(RDI)).toBe(40n)
    leaveHandler(guest)
    guest.kernel.schedule()
    expect(guest.state.gpr(RDI)).toBe(BigInt(SIGUSR1))
  })

  it('SIG_IGN and default-ignored signals leave no trace', () => {
    const guest = new Guest()
    handle(guest, SIGUSR1, 0, 0n, linux.SIG_IGN)
    raise(guest, SIGUSR1)
    raise(guest, SIGCHLD)
    expect(guest.kernel.schedule()).toBe(guest.task)
    expect(guest.task.signals.pending.isEmpty).toBe(true)
  })

  it('sigaltstack refuses what is too small', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, structBytes(linux.stack_t, { ss_sp: BigInt(SCRATCH), ss_flags: 0, ss_size: 2047n }))
    expect(guest.call('sigaltstack', SCRATCH, 0)).toBe(-ENOMEM)
    guest.poke(SCRATCH, structBytes(linux.stack_t, { ss_sp: BigInt(SCRATCH), ss_flags: 5, ss_size: 4096n }))
    expect(guest.call('sigaltstack', SCRATCH, 0)).toBe(-EINVAL)
  })
})

describe('waiting calls and signals', () => {
  it('pause ends with EINTR after the handler', () => {
    const guest = new Guest()
    handle(guest, SIGALRM)
    guest.call('alarm', 5)
    expect(guest.call('pause')).toBeUndefined()
    const rip = guest.state.rip
    guest.kernel.schedule()
    expect(guest.clock.time).toBe(5_000_000_000n)
    expect(guest.state.rip).toBe(HANDLER)
    leaveHandler(guest)
    expect([guest.result(), guest.state.rip]).toEqual([-EINTR, rip])
  })

  it('SA_RESTART starts a read again: RIP is at the SYSCALL, RAX holds its number', () => {
    const guest = new Guest()
    handle(guest, SIGALRM, SA.RESTART)
    guest.call('pipe2', SCRATCH, 0)
    guest.call('alarm', 1)
    const rip = guest.state.rip
    expect(guest.call('read', 3, SCRATCH, 1)).toBeUndefined()
    guest.kernel.schedule()
    leaveHandler(guest)
    expect([guest.result(), guest.state.rip]).toEqual([0, rip])
    expect(
      guest.traced.some(
        (line) => line.startsWith('read(3') && line.endsWith('= ? ERESTARTSYS (to be restarted if SA_RESTART is set)'),
      ),
    ).toBe(true)
  })

  it('sigsuspend runs the handler under the temporary mask and returns to the old one', () => {
    const guest = new Guest()
    handle(guest, SIGUSR1)
    guest.poke(SCRATCH, set(SIGUSR1))
    guest.call('rt_sigprocmask', linux.SIG_SETMASK, SCRATCH, 0, 8)
    raise(guest, SIGUSR1)
    guest.poke(SCRATCH, set(SIGUSR2))
    expect(guest.call('rt_sigsuspend', SCRATCH, 8)).toBeUndefined()
    guest.kernel.schedule()
    expect(guest.task.signals.mask).toBe(set(SIGUSR1, SIGUSR2))
    leaveHandler(guest)
    expect([guest.result(), guest.task.signals.mask]).toEqual([-EINTR, set(SIGUSR1)])
  })

  it('sigtimedwait takes a blocked signal, or times out', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, set(SIGUSR1))
    guest.call('rt_sigprocmask', linux.SIG_SETMASK, SCRATCH, 0, 8)
    raise(guest, SIGUSR1)
    expect(guest.call('rt_sigtimedwait', SCRATCH, 0, 0, 8)).toBe(SIGUSR1)
    guest.poke(SCRATCH + 16, structBytes(linux.timespec, { tv_sec: 2n, tv_nsec: 5n }))
    expect(guest.call('rt_sigtimedwait', SCRATCH, 0, SCRATCH + 16, 8)).toBeUndefined()
    guest.kernel.schedule()
    expect([guest.result(), guest.clock.time]).toEqual([-linux.EAGAIN, 2_000_000_005n])
  })

  it('nanosleep writes what is left when it is interrupted', () => {
    const guest = new Guest()
    handle(guest, SIGALRM)
    guest.call('alarm', 1)
    guest.poke(SCRATCH, structBytes(linux.timespec, { tv_sec: 3n, tv_nsec: 0n }))
    guest.call('nanosleep', SCRATCH, SCRATCH + 16)
    guest.kernel.schedule()
    expect(guest.peek(SCRATCH + 16)).toBe(2n)
  })
})

describe('exceptions', () => {
  const VDSO = { bytes: new Uint8Array(4096), exceptionTable: [{ ip: 0x100, fixup: 0x180 }] }

  it('become the signal, code and context of Linux', () => {
    const cases: [Fault, number, number, bigint][] = [
      [new Fault('DE'), linux.SIGFPE, linux.FPE_INTDIV, BigInt(TEXT)],
      [new Fault('UD'), linux.SIGILL, linux.ILL_ILLOPN, BigInt(TEXT)],
      [new Fault('GP', 0), linux.SIGSEGV, linux.SI_KERNEL, 0n],
      [new Fault('BP'), linux.SIGTRAP, linux.SI_KERNEL, 0n],
      [new Fault('SS', 0), linux.SIGBUS, linux.SI_KERNEL, 0n],
      [new Fault('AC', 0), linux.SIGBUS, linux.BUS_ADRALN, 0n],
      [new Fault('PF', 6, 0x123n), linux.SIGSEGV, linux.SEGV_MAPERR, 0x123n],
      [new Fault('PF', 7, BigInt(TEXT + 4)), linux.SIGSEGV, linux.SEGV_ACCERR, BigInt(TEXT + 4)],
      // The page table allows it, so the EPCM must have refused.
      [new Fault('PF', 0x8005, BigInt(TEXT + 4)), linux.SIGSEGV, linux.SEGV_ACCERR, BigInt(TEXT + 4)],
    ]
    for (const [fault, signo, code, address] of cases) {
      const guest = new Guest()
      handle(guest, signo, SA.SIGINFO)
      guest.state.rip = TEXT
      guest.kernel.fault(fault)
      guest.kernel.schedule()
      const { info, c } = frameOf(guest)
      expect(linux.siginfo_t.view(info)).toMatchObject({ si_signo: signo, si_code: code })
      expect(linux.siginfo_fault.view(info).si_addr).toBe(address)
      expect([c.trapno, c.err, c.rip]).toEqual([BigInt(fault.vector), BigInt(fault.errorCode ?? 0), BigInt(TEXT)])
      if (fault.name === 'PF') expect(c.cr2).toBe(fault.address)
    }
  })

  it('kill when the signal is blocked or ignored', () => {
    const guest = new Guest()
    handle(guest, SIGSEGV, 0, 0n, linux.SIG_IGN)
    guest.kernel.fault(new Fault('PF', 4, 0n))
    expect(guest.kernel.schedule()).toBeUndefined()
    expect(guest.kernel.exitStatus).toBe(SIGSEGV)
    expect(guest.traced.at(-1)).toBe('+++ killed by SIGSEGV +++')
  })

  it('at the ENCLU of the vDSO continue at the fix-up, without a signal', () => {
    const guest = new Guest({ vdso: VDSO })
    const { vdso } = guest.task.space
    guest.state.rip = vdso + 0x100
    guest.state.setGpr(RAX, 3n)
    guest.kernel.fault(new Fault('PF', 0x8007, 0x7000_0000_1000n))
    expect(guest.state.rip).toBe(vdso + 0x180)
    expect([RDI, RSI, RDX, RAX].map((r) => guest.state.gpr(r))).toEqual([14n, 0x8007n, 0x7000_0000_1000n, 3n])
    guest.state.rip = vdso + 0x100
    guest.kernel.fault(new Fault('GP', 0))
    expect([RDI, RSI, RDX].map((r) => guest.state.gpr(r))).toEqual([13n, 0n, 0n])
    expect(guest.kernel.schedule()).toBe(guest.task)
  })

  it('elsewhere in the vDSO, and #BP and #DB anywhere, are ordinary signals', () => {
    for (const [fault, offset] of [
      [new Fault('PF', 4, 8n), 0x101],
      [new Fault('BP'), 0x100],
      [new Fault('DB'), 0x100],
    ] as const) {
      const guest = new Guest({ vdso: VDSO })
      guest.state.rip = guest.task.space.vdso + offset
      guest.kernel.fault(fault)
      expect(guest.kernel.schedule()).toBeUndefined()
    }
  })

  it('of floating point: the first unmasked one', () => {
    const guest = new Guest()
    handle(guest, linux.SIGFPE, SA.SIGINFO)
    guest.state.mxcsr = 0x1f80 & ~0x200
    guest.state.mxcsr |= 0x24
    guest.kernel.fault(new Fault('XM'))
    guest.kernel.schedule()
    expect(linux.siginfo_t.view(frameOf(guest).info).si_code).toBe(linux.FPE_FLTDIV)
  })
})
