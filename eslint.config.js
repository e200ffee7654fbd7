import tseslint from 'typescript-eslint'

/** Names of ours are camelCase and PascalCase; Intel's are UPPER, Linux's are snake_case. Only shapes that are nobody's are refused. */
const NAMES = [
  { selector: 'typeLike', format: null, custom: { regex: '^[A-Z]|^[a-z][a-z0-9]*(_[a-z0-9]+)*$', match: true } },
  { selector: 'interface', format: null, custom: { regex: '^I[A-Z][a-z]', match: false } },
  {
    selector: ['variable', 'function'],
    format: null,
    custom: { regex: '^(get[A-Z]|[a-z]+[A-Z].*_[a-z])', match: false },
  },
]

const NODE_GLOBALS = ['process', 'Buffer', 'require', '__dirname', '__filename', 'global', 'setImmediate']

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'examples/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Flags and numbers stand in texts everywhere; objects do not.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/naming-convention': ['error', ...NAMES],
      'no-console': 'error',
      // What comes out of a region waits as `unknown` and is thrown again.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true, allowThrowingAny: false }],
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' },
        { selector: 'TSEnumDeclaration', message: 'A union, or an object `as const`.' },
      ],
    },
  },
  {
    // What must run in a browser.
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/host-node/**', '**/*.test.ts', '**/*.cases.ts', '**/*.fixture.ts'],
    rules: { 'no-restricted-globals': ['error', ...NODE_GLOBALS] },
  },
  { files: ['src/cli/**', 'scripts/**', 'bench/**'], rules: { 'no-console': 'off' } },
  { files: ['*.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
)
