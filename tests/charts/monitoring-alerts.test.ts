import { describe, expect, test } from 'vitest'
import { alerts } from '../../scripts/monitoring/alerts.js'
import { alertCases, seriesOf } from './alert-cases.js'
import { checkRules, hasPromtool, playRules } from './promtool.js'

const title = hasPromtool ? 'the alerts in Prometheus' : 'the alerts in Prometheus: not run, promtool is not here'
const passes = { code: 0, output: expect.stringContaining('SUCCESS') }

test('each alert has a case in which it fires', () => {
  const fired = new Set(alertCases.flatMap(({ alerts }) => alerts))
  expect(alerts.map(({ name }) => name).filter(name => !fired.has(name))).toEqual([])
})

describe.skipIf(!hasPromtool)(title, () => {
  test('are rules that promtool takes', () => {
    expect(checkRules()).toEqual({ code: 0, output: expect.stringContaining(`SUCCESS: ${alerts.length} rules found`) })
  })

  test('all stay silent while a release is busy and well, whatever another one does', () => {
    expect(playRules(seriesOf({ series: {} }), [])).toEqual(passes)
  })

  test.each(alertCases.map(alertCase => [alertCase.alerts.join(' and '), alertCase.what, alertCase] as const))(
    '%s, and no other, when %s; not before its time',
    (_alerts, _what, alertCase) => {
      const waits = alertCase.alerts.every(name => alerts.some(alert => alert.name === name && alert.for !== '0m'))
      expect(playRules(seriesOf(alertCase), alertCase.alerts, waits ? '1m' : undefined)).toEqual(passes)
    },
  )
})
