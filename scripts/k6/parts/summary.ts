import { pageOf } from './page.js'
import { baseUrl } from './settings.js'
import { type Summary, shownOf, textOf } from './shown.js'

/** A `handleSummary`: text on standard output, and `NAME.json` and `NAME.html` in the folder that LOAD_RESULTS names, if any. */
export const summarize =
  (scenario: string) =>
  (summary: Summary): Record<string, string> => {
    const shown = shownOf(scenario, baseUrl, summary)
    const file = `${__ENV.LOAD_RESULTS}/${scenario}`
    return {
      stdout: textOf(shown),
      ...(__ENV.LOAD_RESULTS
        ? { [`${file}.json`]: `${JSON.stringify(shown, null, 2)}\n`, [`${file}.html`]: pageOf(shown) }
        : {}),
    }
  }
