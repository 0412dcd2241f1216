// What a production installation has and no process of QSM ever loads. Only what is large is named; licences always stay.

/** Files of these kinds are for people and compilers. */
export const endings = ['.map', '.md', '.ts', '.mts', '.cts', '.tsbuildinfo', '.a']

/** Folders below node_modules that are second copies of the same code, or tests. */
export const folders = ['bintrees/examples', 'bintrees/test', 'dayjs/esm', 'typeorm/browser', 'zod/src']

/** Packages of which single files are used: all others go. */
export const onlyFiles = {
  '@oqs/liboqs-js': ['package.json', 'dist/falcon-512.min.js', 'dist/ml-kem-768.min.js'],
  'swagger-ui-dist': ['package.json', 'absolute-path.js', 'swagger-ui-bundle.js', 'swagger-ui.css'],
}

/** What stays at the root of the application. */
export const rootNames = ['LICENSE', 'node_modules', 'package.json', 'packages', 'services', 'wasm']

/** What stays of a workspace; `modules` holds the licences of what was compiled to WebAssembly. */
export const workspaceNames = ['bin', 'dist', 'modules', 'package.json']

/** Terms that must be passed on with the code. */
export const isLicence = name => /licen[cs]e|notice|copying/i.test(name)
