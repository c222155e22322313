/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline'
      }
    ]
  },
  // D3's packages are ES modules; each has the same as a script beside it.
  moduleNameMapper: { '^(d3-[a-z-]+|internmap)$': '<rootDir>/node_modules/$1/dist/$1.js' },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.cache'],
  // Starts no server by itself: the first test that asks for a real part has it started, for all of the run.
  globalSetup: '<rootDir>/test/stack/global-setup.ts',
  globalTeardown: '<rootDir>/test/stack/global-teardown.ts',
  // A real part takes seconds to start, and minutes on a machine that is busy or fetches it for the first time.
  testTimeout: 120_000
}
