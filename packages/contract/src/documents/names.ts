/** `device_mismatch` and `putPrekeys` as names of components: `DeviceMismatch`, `PutPrekeys`. */
export const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
