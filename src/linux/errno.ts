import { EIO, ERRNO, type ErrnoName } from '../spec/linux/index.ts'

// Object.entries cannot know the literal types.
const NAMES = new Map<number, ErrnoName>(Object.entries(ERRNO).map(([name, number]) => [number, name as ErrnoName]))

/** 'EINVAL' for 22 or -22. */
export const errnoName = (errno: number): ErrnoName | undefined => NAMES.get(Math.abs(errno))

/** The negated errno of an error that the host named; a name that Linux does not have is an input/output error. */
export const errnoOfHost = (name: string): number => -((ERRNO as Readonly<Record<string, number>>)[name] ?? EIO)
