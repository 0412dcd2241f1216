import type { AnswerOf, getPrekeys, listAvailableUsers } from '@qsm/contract'

type BodyOf<A> = Extract<A, { readonly status: 200 }> extends { readonly body: infer B } ? B : never

/** What every server answers, by the operation of our contract. */
export const bodies: {
  readonly getPrekeys: BodyOf<AnswerOf<typeof getPrekeys>>
  readonly listAvailableUsers: BodyOf<AnswerOf<typeof listAvailableUsers>>
} = {
  getPrekeys: { one_time: 100, last_resort: 1 },
  listAvailableUsers: {
    users: [
      {
        username: 'alice',
        user_id: '01890a5d-ac96-774b-bcce-b302099a8057',
        status: 'offline',
        has_quantum_keys: true,
      },
    ],
    next: null,
  },
}
