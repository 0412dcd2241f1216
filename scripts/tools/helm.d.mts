/** The helm to use, or why there is none. */
export type FoundHelm = { readonly helm: string } | { readonly helm: null; readonly why: string }

export declare const findHelm: () => Promise<FoundHelm>
