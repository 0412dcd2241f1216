import type { DevTools } from './devtools.js'

/** A tab. */
export interface Page {
  /** Runs a function in the page, which sees nothing but its arguments and the page; resolves with what it resolves with. */
  run<A extends readonly unknown[], R>(work: (...args: A) => R | Promise<R>, ...args: A): Promise<R>
  reload(): Promise<void>
  /** What the page has written to its console as a warning or an error, what the browser has, and faults that nobody caught. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

interface Evaluated {
  readonly result: { readonly value?: unknown }
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } }
}

export const openPage = async (devTools: DevTools, url: string): Promise<Page> => {
  const { targetId } = await devTools.call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await devTools.call('Target.attachToTarget', { targetId, flatten: true })
  const session = String(sessionId)
  const call = (method: string, params: object = {}) => devTools.call(method, params, session)
  const complaints: string[] = []
  let loaded = () => {}
  devTools.on(session, 'Page.loadEventFired', () => loaded())
  devTools.on(session, 'Runtime.exceptionThrown', ({ exceptionDetails }) => {
    complaints.push(JSON.stringify(exceptionDetails))
  })
  devTools.on(session, 'Runtime.consoleAPICalled', ({ type, args }) => {
    if (type === 'error' || type === 'warning') complaints.push(JSON.stringify(args))
  })
  devTools.on(session, 'Log.entryAdded', ({ entry }) => {
    const { level, text, url: where } = entry as Record<string, string>
    if (level === 'error' || level === 'warning') complaints.push(`${text} ${where ?? ''}`)
  })
  for (const domain of ['Page', 'Runtime', 'Log']) await call(`${domain}.enable`)
  const afterLoad = async (begin: () => Promise<unknown>) => {
    const event = new Promise<void>(resolve => {
      loaded = resolve
    })
    await begin()
    await event
  }
  await afterLoad(() => call('Page.navigate', { url }))

  return {
    complaints,
    reload: () => afterLoad(() => call('Page.reload')),
    async run(work, ...args) {
      const expression = `(${work})(...${JSON.stringify(args)})`
      const options = { expression, awaitPromise: true, returnByValue: true }
      const { result, exceptionDetails } = (await call('Runtime.evaluate', options)) as unknown as Evaluated
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
      // biome-ignore lint/suspicious/noExplicitAny: what comes from the page has the type that its function says.
      return result.value as any
    },
    async close() {
      await devTools.call('Target.closeTarget', { targetId })
    },
  }
}
