import { overview } from '../monitoring/dashboards/overview.js'
import { quantumAndAuth } from '../monitoring/dashboards/quantum-and-auth.js'
import { realtime } from '../monitoring/dashboards/realtime.js'
import { renderDashboard } from '../monitoring/dashboards/render-dashboard.js'

/** The dashboards for Grafana that the chart installs. */
export const generate = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([
    ['charts/qsm/files/dashboards/overview.json', renderDashboard(overview)],
    ['charts/qsm/files/dashboards/messages-and-sockets.json', renderDashboard(realtime)],
    ['charts/qsm/files/dashboards/keys-and-accounts.json', renderDashboard(quantumAndAuth)],
  ])
