/** Draws src/rooms.ts for ARCHITECTURE.md. */
import { ROOMS } from '../src/rooms.ts'

/** One line a room: its name and what it imports, without what follows from another import. */
export function roomsPicture(): string {
  const rooms: Readonly<Record<string, readonly string[]>> = ROOMS
  const reaches = (from: string, to: string): boolean =>
    (rooms[from] ?? []).some((room) => room === to || reaches(room, to))
  const lines = Object.entries(rooms).map(([name, imports]) => {
    const direct = imports.filter((room) => !imports.some((other) => other !== room && reaches(other, room)))
    return `${name.padEnd(10)}${direct.length > 0 ? `-> ${direct.join(', ')}` : ''}`.trimEnd()
  })
  return ['```', ...lines, '```'].join('\n')
}
