import { PAGE_SIZE } from '../../cpu/index.ts'
import type { ElfFile } from '../../formats/index.ts'
import { Elf64_Phdr } from '../../spec/elf/index.ts'
import { AUXV, USER_HZ, rt_sigframe } from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import { fpstateSize } from '../signal/fpstate.ts'
import type { Task } from '../task/task.ts'
import type { LoadedImage } from './image.ts'
import type { StackPlaces } from './stack.ts'

interface Loaded {
  readonly file: ElfFile
  readonly image: LoadedImage
  readonly interpreter: LoadedImage | undefined
  readonly vdso: number
}

/** Alignment of the frame and of the floating-point state in it (get_sigframe). */
const FRAME_PADDING = 15 + 63
/** Largest stack that delivering a signal takes (getauxval(3), AT_MINSIGSTKSZ). */
const minsigstksz = ({ state }: Kernel): number =>
  Math.ceil((rt_sigframe.size + fpstateSize(state) + FRAME_PADDING) / 16) * 16

/** getauxval(3), in the order of Linux. */
export function auxiliaryVector(
  kernel: Kernel,
  task: Task,
  { file, image, interpreter, vdso }: Loaded,
  at: StackPlaces,
): [number, number][] {
  const { uid, gid } = task.process.credentials
  const { hwcap = 0, hwcap2 = 0 } = kernel.options.processor ?? {}
  const phdr = file.phdrAddress === undefined ? 0 : file.phdrAddress + image.bias
  return [
    ...(vdso ? ([[AUXV.SYSINFO_EHDR, vdso]] as [number, number][]) : []),
    [AUXV.MINSIGSTKSZ, minsigstksz(kernel)],
    [AUXV.HWCAP, hwcap],
    [AUXV.PAGESZ, PAGE_SIZE],
    [AUXV.CLKTCK, USER_HZ],
    [AUXV.PHDR, phdr],
    [AUXV.PHENT, Elf64_Phdr.size],
    [AUXV.PHNUM, file.segments.length],
    [AUXV.BASE, interpreter?.bias ?? 0],
    [AUXV.FLAGS, 0],
    [AUXV.ENTRY, image.entry],
    [AUXV.UID, uid],
    [AUXV.EUID, uid],
    [AUXV.GID, gid],
    [AUXV.EGID, gid],
    [AUXV.SECURE, 0],
    [AUXV.RANDOM, at.random],
    [AUXV.HWCAP2, hwcap2],
    [AUXV.EXECFN, at.path],
    [AUXV.PLATFORM, at.platform],
  ]
}
