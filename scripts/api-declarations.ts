/** Reads what the package exports out of its declarations: names, signatures, comments. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'

/** What people import from, and the source of it. */
export const ENTRIES = { enclu: 'api/index', 'enclu/node': 'host-node/index' } as const
export type EntryName = keyof typeof ENTRIES

export interface Exported {
  readonly entry: EntryName
  readonly name: string
  readonly kind: 'class' | 'function' | 'value' | 'type'
  /** The declaration as it is in the .d.ts, without comments and private parts. */
  readonly signature: string
  /** The doc comment, without its stars; empty if there is none. */
  readonly comment: string
  /** Types of ours that the signature names. */
  readonly uses: readonly string[]
}

const COMPILER = 'node_modules/typescript-7/bin/tsc'

/** Compiles the package into declarations in a folder of its own, and reads the exports of all entries, sorted by name. */
export function readExports(): Exported[] {
  const folder = mkdtempSync(join(tmpdir(), 'enclu-declarations-'))
  try {
    const output = ['--declaration', '--emitDeclarationOnly', '--outDir', folder]
    execFileSync('node', [COMPILER, '-p', 'tsconfig.build.json', ...output], { stdio: 'pipe' })
    const reader = new Reader(folder)
    return (Object.keys(ENTRIES) as EntryName[]).flatMap((entry) =>
      [...reader.exportsOf(join(folder, `${ENTRIES[entry]}.d.ts`))]
        .map(([name, found]) => reader.describe(entry, name, found))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Declared {
  readonly file: string
  readonly node: ts.Statement
  /** A class of which only the type is exported. */
  readonly typeOnly?: boolean
}

class Reader {
  private readonly files = new Map<string, ts.SourceFile>()
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Every name that the file exports, with the declaration it stands for. */
  exportsOf(file: string): Map<string, Declared> {
    const found = new Map<string, Declared>()
    for (const statement of this.parse(file).statements) {
      if (ts.isExportDeclaration(statement)) {
        for (const [name, declared] of this.reexports(file, statement)) found.set(name, declared)
      } else if (isExported(statement)) {
        for (const name of namesOf(statement)) found.set(name, { file, node: statement })
      }
    }
    return found
  }

  describe(entry: EntryName, name: string, { file, node, typeOnly }: Declared): Exported {
    const source = this.parse(file)
    const kind = typeOnly ? 'type' : kindOf(node)
    const signature = printer.printNode(ts.EmitHint.Unspecified, publicPart(node), source)
    return { entry, name, kind, signature, comment: commentOf(node), uses: this.typesIn(file, node) }
  }

  private reexports(
    file: string,
    { exportClause, moduleSpecifier, isTypeOnly }: ts.ExportDeclaration,
  ): [string, Declared][] {
    const target = moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined
    const all = target === undefined ? this.declaredIn(file) : this.exportsOf(declarationsOf(file, target))
    if (!exportClause) return [...all]
    if (!ts.isNamedExports(exportClause)) throw new Error(`${file}: export * as is not understood`)
    return exportClause.elements.map((element): [string, Declared] => {
      const original = (element.propertyName ?? element.name).text
      const declared = all.get(original)
      if (!declared) throw new Error(`${file} exports ${original}, which ${target ?? 'the file'} does not have`)
      return [element.name.text, isTypeOnly || element.isTypeOnly ? { ...declared, typeOnly: true } : declared]
    })
  }

  private declaredIn(file: string): Map<string, Declared> {
    return new Map(this.parse(file).statements.flatMap((node) => namesOf(node).map((name) => [name, { file, node }])))
  }

  /** Names of types that are declared in the package, in the public part of a declaration. */
  private typesIn(file: string, node: ts.Statement): string[] {
    const ours = new Set(
      this.parse(file).statements.flatMap((s) => (ts.isImportDeclaration(s) ? importedNames(s) : namesOf(s))),
    )
    const parameters = new Set<string>()
    const used = new Set<string>()
    const visit = (n: ts.Node): void => {
      if (ts.isTypeParameterDeclaration(n)) parameters.add(n.name.text)
      if (ts.isTypeReferenceNode(n) && ts.isIdentifier(n.typeName)) used.add(n.typeName.text)
      if (ts.isExpressionWithTypeArguments(n) && ts.isIdentifier(n.expression)) used.add(n.expression.text)
      ts.forEachChild(n, visit)
    }
    visit(publicPart(node))
    return [...used].filter((name) => ours.has(name) && !parameters.has(name)).sort()
  }

  private parse(file: string): ts.SourceFile {
    let source = this.files.get(file)
    if (source) return source
    if (!existsSync(file)) throw new Error(`no declarations in ${file.slice(this.folder.length + 1)}`)
    source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
    this.files.set(file, source)
    return source
  }
}

const printer = ts.createPrinter({ removeComments: true })

const declarationsOf = (file: string, target: string): string =>
  normalize(join(dirname(file), target)).replace(/(\.d)?\.[jt]s$/, '.d.ts')

const isExported = (node: ts.Statement): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((m) => m.kind === ts.SyntaxKind.ExportKeyword)

function namesOf(node: ts.Statement): string[] {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.flatMap((d) => (ts.isIdentifier(d.name) ? [d.name.text] : []))
  const named =
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node)
  return named && node.name ? [node.name.text] : []
}

function importedNames({ importClause }: ts.ImportDeclaration): string[] {
  const bindings = importClause?.namedBindings
  return bindings && ts.isNamedImports(bindings) ? bindings.elements.map((e) => e.name.text) : []
}

function kindOf(node: ts.Statement): Exported['kind'] {
  if (ts.isClassDeclaration(node)) return 'class'
  if (ts.isFunctionDeclaration(node)) return 'function'
  if (!ts.isVariableStatement(node)) return 'type'
  const [declaration] = node.declarationList.declarations
  return declaration?.type && ts.isFunctionTypeNode(declaration.type) ? 'function' : 'value'
}

/** The last one: what stands before it is about the file. */
const commentOf = (node: ts.Node): string =>
  (
    ts
      .getJSDocCommentsAndTags(node)
      .findLast((doc) => ts.isJSDoc(doc))
      ?.getText() ?? ''
  )
    .replaceAll(/^\s*(\/\*\*|\*\/|\* ?)|\s*\*\/$/gm, '')
    .trim()

/** A class without what only it may touch, and without what the package makes itself. */
function publicPart(node: ts.Statement): ts.Statement {
  if (!ts.isClassDeclaration(node)) return node
  const members = node.members.filter((member) => {
    const isPrivate = (ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : []).some(
      (m) => m.kind === ts.SyntaxKind.PrivateKeyword,
    )
    const isHash = member.name !== undefined && ts.isPrivateIdentifier(member.name)
    return !isPrivate && !isHash && !commentOf(member).includes('@internal')
  })
  return ts.factory.updateClassDeclaration(
    node,
    node.modifiers,
    node.name,
    node.typeParameters,
    node.heritageClauses,
    members,
  )
}
