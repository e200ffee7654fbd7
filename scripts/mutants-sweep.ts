/** Finds what can be broken in a file of TypeScript: its checks, their order and parts, bounds, error codes, effects. */
import ts from 'typescript'

/** One change of a file's text. */
export interface Edit {
  /** What is broken, without the file: the same as long as the code is. */
  readonly what: string
  readonly start: number
  readonly end: number
  readonly text: string
}

const squeeze = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 90 ? `${line.slice(0, 89)}…` : line
}

/** Calls that are no behaviour: they only find our own mistakes. */
const NOT_BEHAVIOUR = /^invariant\(/

/** Every edit of `text`, in the order of the file; `what` is unique. */
export function sweep(file: string, text: string): Edit[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const edits: Edit[] = []
  const add = (kind: string, label: string, node: ts.Node, replacement: string, last = node): void => {
    edits.push({ what: `${kind}: ${squeeze(label)}`, start: node.getStart(source), end: last.end, text: replacement })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return
    if (ts.isCallExpression(node) && NOT_BEHAVIOUR.test(node.getText(source))) return
    if (isStatements(node)) sweepStatements(node.statements, source, add)
    else if (ts.isIfStatement(node)) sweepOnly(node, source, add)
    if (ts.isBinaryExpression(node)) sweepBinary(node, source, add)
    if (ts.isConditionalExpression(node)) {
      add(
        'always',
        `${node.whenTrue.getText(source)} (${node.condition.getText(source)})`,
        node,
        node.whenTrue.getText(source),
      )
      add(
        'never',
        `${node.whenTrue.getText(source)} (${node.condition.getText(source)})`,
        node,
        node.whenFalse.getText(source),
      )
    }
    const code = errorCode(node)
    if (code) add('other code', `${code} in ${(node.parent ?? node).getText(source)}`, node, OTHER_CODE)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return numbered(edits)
}
type Add = (kind: string, label: string, node: ts.Node, replacement: string, last?: ts.Node) => void

const isStatements = (node: ts.Node): node is ts.Block => ts.isBlock(node) && !ts.isSourceFile(node)

/** A statement that can be left out: a check, or an effect. */
function sweepStatements(statements: readonly ts.Statement[], source: ts.SourceFile, add: Add): void {
  for (const [i, statement] of statements.entries()) {
    const label = checkLabel(statement, source)
    if (label !== undefined) add('without check', label, statement, '')
    else if (ts.isExpressionStatement(statement)) sweepEffect(statement, source, add)
    const next = statements[i + 1]
    const nextLabel = next && checkLabel(next, source)
    if (label === undefined || nextLabel === undefined) continue
    const swapped = `${next?.getText(source)}\n${statement.getText(source)}`
    add('order', `${nextLabel} before ${label}`, statement, swapped, next)
  }
}

/** The only statement of a branch without braces. */
function sweepOnly(node: ts.IfStatement, source: ts.SourceFile, add: Add): void {
  for (const branch of [node.thenStatement, node.elseStatement]) {
    if (branch && ts.isExpressionStatement(branch) && checkLabel(node, source) === undefined) {
      sweepEffect(branch, source, add)
    }
  }
}

function sweepEffect(statement: ts.ExpressionStatement, source: ts.SourceFile, add: Add): void {
  const text = statement.getText(source)
  if (NOT_BEHAVIOUR.test(text)) return
  add('without', text, statement, ';')
  const { expression } = statement
  if (!ts.isBinaryExpression(expression)) return
  const { right } = expression
  if (right.kind === ts.SyntaxKind.TrueKeyword) add('opposite', text, right, 'false')
  if (right.kind === ts.SyntaxKind.FalseKeyword) add('opposite', text, right, 'true')
}

/** What an `if` that refuses is called: the condition in the manual's words, or its own text. undefined: it does not refuse. */
function checkLabel(statement: ts.Statement, source: ts.SourceFile): string | undefined {
  if (!ts.isIfStatement(statement) || statement.elseStatement) return undefined
  const { thenStatement: then } = statement
  const last = ts.isBlock(then) ? then.statements.at(-1) : then
  if (!last) return undefined
  const exits = ts.isReturnStatement(last) || ts.isThrowStatement(last) || isRefusal(last)
  if (!exits) return undefined
  return conditionText(then) ?? statement.expression.getText(source)
}

/** `PF('…')` or `refuse.GP('…')`: does not return. */
const isRefusal = (node: ts.Statement): boolean =>
  ts.isExpressionStatement(node) &&
  ts.isCallExpression(node.expression) &&
  /^((.*\.)?refuse\.|fault\.|PF$)/.test(node.expression.expression.getText())

/** The last text in a call of `refuse` or `PF`. */
function conditionText(node: ts.Node): string | undefined {
  let found: string | undefined
  const visit = (child: ts.Node): void => {
    if (ts.isStringLiteral(child) || ts.isNoSubstitutionTemplateLiteral(child)) found = child.text
    else if (ts.isTemplateExpression(child)) found = child.getText().slice(1, -1)
    ts.forEachChild(child, visit)
  }
  visit(node)
  return found
}

const BOUNDS: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
}

function sweepBinary(node: ts.BinaryExpression, source: ts.SourceFile, add: Add): void {
  const { kind } = node.operatorToken
  const text = node.getText(source)
  const other = BOUNDS[kind]
  if (other !== undefined) add('bound', `${other} in ${text}`, node.operatorToken, other)
  const and = kind === ts.SyntaxKind.AmpersandAmpersandToken
  if (!and && kind !== ts.SyntaxKind.BarBarToken) return
  for (const side of [node.left, node.right]) {
    const chained = ts.isBinaryExpression(side) && side.operatorToken.kind === kind
    if (!chained) add('without part', `${side.getText(source)} of ${text}`, side, and ? 'true' : 'false')
  }
}

const OTHER_CODE = '0x7f'
const PLAIN_RESULT = /^SGX_SUCCESS$/

/** `-EINVAL`, or one of SGX's codes where a leaf answers with it. */
function errorCode(node: ts.Node): string | undefined {
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    const name = node.operand.getText()
    return /^E[A-Z0-9]{2,}$/.test(name) ? `-${name}` : undefined
  }
  const { parent } = node
  if (!parent || !ts.isCallExpression(parent) || parent.arguments[0] !== node) return undefined
  if (!/refuse\.code$/.test(parent.expression.getText())) return undefined
  const name = node.getText()
  return PLAIN_RESULT.test(name) ? undefined : name
}

/** The second of two that are called the same gets a number. */
function numbered(edits: readonly Edit[]): Edit[] {
  const seen = new Map<string, number>()
  return edits.map((edit) => {
    const n = (seen.get(edit.what) ?? 0) + 1
    seen.set(edit.what, n)
    return n === 1 ? edit : { ...edit, what: `${edit.what} #${n}` }
  })
}
