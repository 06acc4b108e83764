/** @type {import('jest').Config} */
module.exports = {
  rootDir: '..',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  maxWorkers: 2,
  // What hangs is to fail; a start of the gateway takes a second, and many on a machine that is busy with other things.
  testTimeout: 120_000,
  // Clients of stores are imported when they are needed, by the names of their compiled files.
  moduleNameMapper: { '^(\\./(?:s3|gs|hub|web)-store)\\.js$': '$1' },
  reporters: ['default', '<rootDir>/test/reporter.js'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
};
