import * as z from 'zod'

/** One thing that the quantum service does as the managed device of a user. */
export interface ManagedOperation<
  N extends string = string,
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
> {
  readonly name: N
  /** Holds `operation`, by which operations are told apart. */
  readonly input: I
  readonly output: O
}

export const defineOperation = <const N extends string, const I extends z.ZodRawShape, O extends z.ZodType>(
  name: N,
  { input, output }: { readonly input: I; readonly output: O },
) => Object.freeze({ name, input: z.strictObject({ operation: z.literal(name), ...input }), output })

/** What a caller hands over, without the name of the operation. */
export type InputOf<O extends ManagedOperation> = Omit<z.output<O['input']>, 'operation'>
export type OutputOf<O extends ManagedOperation> = z.output<O['output']>
