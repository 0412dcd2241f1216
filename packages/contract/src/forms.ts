import * as z from 'zod'

const documented = new WeakMap<z.ZodType, z.ZodType>()

const holds = (value: unknown, key: string): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)

/**
 * A body of two forms, told apart by whether the field `key` is there. Unlike a union it explains a mistake for the form
 * that was meant, and looks at one form only.
 */
export const twoForms = <W extends z.ZodType, O extends z.ZodType>(key: string, withKey: W, without: O) => {
  const schema = z.unknown().transform((value, context): z.output<W> | z.output<O> => {
    const result = (holds(value, key) ? withKey : without).safeParse(value)
    if (result.success) return result.data
    for (const issue of result.error.issues) context.addIssue({ ...issue } as Parameters<typeof context.addIssue>[0])
    return z.NEVER
  })
  documented.set(schema, z.union([withKey, without]))
  return schema
}

/** The schema that documents show: a union where the contract parses two forms. */
export const documentedSchema = (schema: z.ZodType): z.ZodType => documented.get(schema) ?? schema
