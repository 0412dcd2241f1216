/** Those that only copy a file of the chart, which is read better where it is. */
const copies = new Set(['dashboards.yaml', 'prometheusrule.yaml'])

/** What the chart draws anew at each render without a cluster, so that it does not differ from run to run. */
const withoutDrawn = (text: string): string =>
  text.replaceAll(/^( {2}(?:jwt-secret|kek): ).+$/gm, '$1(drawn at the first installation)')

/** The output of `helm template` by template: `deployment.yaml` and the like, each object with its `---`. */
export const splitByTemplate = (output: string): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>()
  for (const object of output.split(/^---\n/m)) {
    const name = /^# Source: qsm\/templates\/(.*)$/m.exec(object)?.[1]
    if (name === undefined || copies.has(name)) continue
    texts.set(name, `${texts.get(name) ?? ''}---\n${withoutDrawn(object).trimEnd()}\n`)
  }
  return texts
}
