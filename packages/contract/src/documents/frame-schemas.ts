import * as z from 'zod'
import { documentedSchema } from '../forms.js'

export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * A schema as JSON Schema draft 07, the dialect of AsyncAPI, with its named parts apart. `input` is what a client may
 * send, `output` what a server sends.
 */
const convert = (schema: z.ZodType, io: 'input' | 'output') => {
  const converted = z.toJSONSchema(documentedSchema(schema), { target: 'draft-07', io })
  const {
    $schema: _,
    definitions,
    ...rest
  } = JSON.parse(JSON.stringify(converted).replaceAll('"#/definitions/', '"#/components/schemas/')) as Record<
    string,
    unknown
  >
  return { schema: rest, definitions: (definitions ?? {}) as Record<string, JsonSchema> }
}

/** Payloads of frames by type, and the components that they refer to. Throws where two parts share a name. */
export const frameSchemas = (frames: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output') => {
  const payloads: Record<string, JsonSchema> = {}
  const components: Record<string, JsonSchema> = {}
  for (const [type, frame] of Object.entries(frames)) {
    const { schema, definitions } = convert(frame, io)
    payloads[type] = schema
    mergeComponents(components, definitions)
  }
  return { payloads, components }
}

/** Adds named schemas to others. Throws where one name stands for two things. */
export const mergeComponents = (
  components: Record<string, JsonSchema>,
  added: Readonly<Record<string, JsonSchema>>,
): void => {
  for (const [name, schema] of Object.entries(added)) {
    const present = components[name]
    if (present !== undefined && JSON.stringify(present) !== JSON.stringify(schema)) {
      throw new Error(`two schemas are called ${name}: give one another id`)
    }
    components[name] = schema
  }
}
