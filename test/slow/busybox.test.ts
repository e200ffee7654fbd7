/** Debian's busybox-static: some three hundred programs in one file, with the output that they have on this machine's own Linux. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { busybox } from '../corpus/busybox.ts'
import { isSkip } from '../support/cache.ts'
import { command } from '../support/command.ts'
import { runGuest } from '../support/guest.ts'

const found = await busybox()
const program = isSkip(found) ? '' : found
const title = `busybox${isSkip(found) ? ` (skipped: ${found.skip})` : ''}`

const scratch = mkdtempSync(join(tmpdir(), 'enclu-busybox-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const WORDS = ['enclave', 'measure', 'sign', 'enter', 'resume', 'exit', 'page', 'cache', 'key', 'report']
/** Lines with a number, a word and a fraction. */
const TABLE = Array.from({ length: 2000 }, (_, i) => {
  const x = (i * 7919) % 2003
  return `${x}\t${WORDS[x % WORDS.length] ?? ''}\t${(x / 8).toFixed(3)}\n`
}).join('')

/** Each is a script for `busybox sh`; `busybox` is the program's path. */
// prettier-ignore
const SCRIPTS = [
  'busybox sha256sum table; busybox sha512sum table; busybox sha1sum table; busybox md5sum table; busybox sha3sum table; busybox crc32 table',
  'busybox sort -n table; busybox sort -k2,2 -k1,1nr table; busybox sort -u -k2,2 table',
  'busybox cut -f2 table | busybox sort | busybox uniq -c | busybox sort -rn',
  "busybox sed -n -e 's/^\\([0-9]*\\)\\t\\(.*\\)$/\\2=\\1/p' -e '/key/d' table | busybox head -n 50",
  "busybox sed -e '1,10d' -e 's/e/E/2g' -e 'y/abc/ABC/' table | busybox tail -n 20",
  "busybox awk -F '\\t' '{ n[$2]++; s[$2] += $3 } END { for (w in n) printf \"%s %d %.3f %g\\n\", w, n[w], s[w], s[w] / n[w] }' table | busybox sort",
  "busybox awk 'BEGIN { for (i = 1; i <= 12; i++) { f = f ? f * i : 1; print i, f, f / 7, int(f / 7), f % 7, i * 0.1, (f > 100) } }'",
  "busybox awk '{ gsub(/a+/, \"<&>\"); print length($0), toupper(substr($0, 3, 8)), index($0, \"e\") }' table | busybox head -n 40",
  'busybox grep -c key table; busybox grep -n -E "^1[0-9]{2}.(page|exit)" table; busybox grep -v -i E table; echo $?',
  'busybox tr a-z A-Z < table | busybox tr -d "0-9" | busybox tr -s "\\t" : | busybox head -n 30',
  'busybox wc table; busybox wc -l < table; busybox head -c 1000 table | busybox wc -c',
  'busybox seq 1 3 30; busybox seq -w 8 11; busybox seq 1 0.25 3',
  'busybox expr 6 \\* 7; busybox expr 17 % 5; busybox expr length enclave; busybox expr enclave : "en\\(.*\\)e"; busybox expr 1 = 2; echo $?',
  'x=0; while [ $x -lt 200 ]; do x=$((x + 7)); done; echo $x; for w in a b c; do echo -n "$w "; done; echo; case $x in 203) echo right;; *) echo wrong;; esac',
  'f() { local n=$1; [ $n -le 1 ] && echo 1 && return; echo $((n * $(f $((n - 1))))); }; f 12; echo "${x:-unset} ${0##*/}" | busybox cat',
  'busybox seq 1 20000 | busybox sort -r | busybox sha256sum | busybox cut -d " " -f 1',
  'busybox cat table table table | busybox gzip -9 | busybox gunzip | busybox md5sum',
  'busybox gzip -c table | busybox od -A d -t x1 | busybox tail -n 3',
  'busybox bzip2 -c table | busybox bunzip2 | busybox cmp - table && echo same',
  'busybox od -c table | busybox head; busybox hexdump -C table | busybox tail -n 4; busybox xxd table | busybox head -n 3',
  'busybox base64 table | busybox head -n 5; busybox base64 table | busybox base64 -d | busybox md5sum; busybox uuencode -m x < table | busybox tail -n 2',
  'busybox tac table | busybox head -n 3; busybox rev table | busybox head -n 3; busybox nl table | busybox head -n 3; busybox fold -w 7 table | busybox tail -n 3; busybox expand table | busybox head -n 2',
  'busybox printf "%5d|%-5s|%05.1f|%x|%o|%e|%c\\n" 42 ab 3.14159 255 8 12345.678 z; busybox printf "%s\\n" a "b c"',
  'busybox echo -e "a\\tb\\\\n\\x41"; busybox basename /a/b/c.txt .txt; busybox dirname /a/b/c; busybox true; echo $?; busybox false; echo $?',
  'busybox paste -d , table table | busybox head -n 3; busybox diff table sorted | busybox md5sum',
  'busybox dc -e "20k 2 v p 3 4 / p 16 o 255 p"; echo "scale=30; 4*a(1); 2^200; sqrt(2)" | busybox bc -l',
  'busybox test -f table && echo file; busybox test -d . && echo folder; busybox test 3 -gt 2; echo $?; busybox [ a = b ]; echo $?',
  'echo "b a" | { read x y; echo $y $x; }; echo a | busybox tee copy.$$ | busybox cat; busybox cat copy.$$; busybox rm copy.$$',
  'busybox mkdir -p d/e/f; echo 1 > d/one; echo 2 > d/e/two; busybox ln -s ../one d/e/link; busybox cat d/e/link; busybox cp -r d g; busybox mv g/one g/uno; busybox find d g | busybox sort; busybox find . -name "t*" -type f | busybox sort; busybox rm -r d g; busybox ls',
  'busybox mkdir t; busybox cp table sorted t; busybox ln -s table t/l; busybox tar czf t.tgz t; busybox rm -r t; busybox tar tzf t.tgz; busybox tar xzf t.tgz; busybox md5sum t/*; busybox readlink t/l; busybox rm -r t t.tgz',
  'busybox dd if=table of=part bs=100 skip=2 count=5 2>/dev/null; busybox md5sum part; busybox truncate -s 10 part; busybox stat -c "%s %F" part; busybox chmod 640 part; busybox stat -c %a part; busybox rm part',
  'busybox cat nothing; echo $?; echo x > nothing/x; echo $?; busybox ls -d nothing .; busybox rm nothing; busybox cmp table sorted; echo $?',
  'trap "echo caught" USR1; kill -USR1 $$; (exit 7); echo $?; busybox sh -c "kill -9 \\$\\$"; echo $?; busybox timeout 1 busybox sleep 5; echo $?',
  'busybox sleep 0.1 & wait $!; echo $?; busybox yes | busybox head -n 3; busybox xargs -n 2 busybox echo < words; busybox seq 10 | busybox xargs',
  'busybox date -u -d @1700000000 "+%Y-%m-%d %H:%M:%S %j %a"; busybox cal 2 2024; busybox factor 1234567890 97 1000000007',
  'busybox env -i A=1 busybox env; busybox sh -c \'echo "$0 $# $@"\' x y "z w"; busybox which nothing; echo $?; busybox pwd | busybox sed "s/.*enclu-busybox/x/" | busybox cut -c 1-2',
] as const

/** The first two applets of a script name its test. */
const names = (script: string): string =>
  [...new Set(Array.from(script.matchAll(/busybox (\w+)/g), (m) => m[1]))].slice(0, 6).join(' ') || script.slice(0, 40)

describe.skipIf(isSkip(found))(title, () => {
  const files = (): string[] => readdirSync(scratch).sort()
  beforeAll(() => {
    writeFileSync(join(scratch, 'table'), TABLE)
    writeFileSync(join(scratch, 'sorted'), TABLE.split('\n').sort().join('\n'))
    writeFileSync(join(scratch, 'words'), WORDS.join(' '))
    // tar looks for this one.
    mkdirSync(join(scratch, 'bin'))
    symlinkSync(program, join(scratch, 'bin/gzip'))
  })

  test.for(SCRIPTS.map((script) => [names(script), script] as const))('%s', async ([, script]) => {
    const before = files()
    const args = ['sh', '-c', `busybox() { '${program}' "$@"; }; ${script}`]
    const env = { PATH: join(scratch, 'bin'), LC_ALL: 'C', TZ: 'UTC' }
    const native = await command(program, args, { cwd: scratch, env })
    const guest = await runGuest(program, {
      args,
      cwd: scratch,
      allowRead: [dirname(program)],
      allowWrite: [scratch],
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    })
    expect(native.stderr, 'this busybox has what is asked of it').not.toMatch(/applet not found|not compiled in/)
    expect(guest.stdout).toBe(native.stdout)
    expect({ code: guest.code, stderr: guest.stderr, notices: guest.notices }).toEqual({
      code: native.code,
      stderr: native.stderr,
      notices: [],
    })
    expect(files(), 'scripts remove what they make').toEqual(before)
  })

  test('a file made here and one made by Linux are the same', async () => {
    await runGuest(program, { args: ['gzip', '-nk', 'table'], cwd: scratch, allowWrite: [scratch] })
    const made = readFileSync(join(scratch, 'table.gz'))
    rmSync(join(scratch, 'table.gz'))
    await command(program, ['gzip', '-nk', 'table'], { cwd: scratch })
    expect(made.equals(readFileSync(join(scratch, 'table.gz')))).toBe(true)
    rmSync(join(scratch, 'table.gz'))
  })
})
