export interface Patch {
  readonly find: string
  readonly replace: string
}
export function patch(file: string, source: string, changes: readonly Patch[]): string
export function makeTestBuild(): string
