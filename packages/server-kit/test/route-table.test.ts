import { defineRoute, mainRoutes, quantumRoutes } from '@qsm/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { RouteTable } from '../src/http/route-table.js'
import { route } from '../src/index.js'
import { groupOf } from './support.js'

const responses = { 200: { description: 'Fine.', body: z.object({}) } }
const base = { service: 'main', summary: 'A test route', auth: 'open', responses } as const
const bound = (operationId: string, method: 'get' | 'post' | 'delete', path: string) =>
  route(defineRoute({ ...base, operationId, method, path }))(async () => ({ status: 200, body: {} }))

const table = new RouteTable([
  groupOf([
    bound('root', 'get', '/'),
    bound('list', 'get', '/things'),
    bound('make', 'post', '/things'),
    bound('newest', 'get', '/things/newest'),
    bound('show', 'get', '/things/{id}'),
    bound('drop', 'delete', '/things/{thing}'),
    bound('part', 'get', '/things/{id}/parts/{part}'),
  ]),
  groupOf([bound('late', 'get', '/things')]),
])
const find = (method: string, path: string) => {
  const found = table.find(method, path)
  return found && { id: found.bound.contract.operationId, params: found.params }
}

describe('the route of a request', () => {
  it('is found by method and path, and of two with both the first', () => {
    expect(find('GET', '/')).toEqual({ id: 'root', params: {} })
    expect(find('GET', '/things')).toEqual({ id: 'list', params: {} })
    expect(find('POST', '/things')).toEqual({ id: 'make', params: {} })
    expect(find('PUT', '/things')).toBeUndefined()
    expect(find('GET', '/thing')).toBeUndefined()
    expect(find('GET', '')).toBeUndefined()
  })

  it('gets the values of its path decoded, under its own names', () => {
    expect(find('GET', '/things/a%2Fb%20c')).toEqual({ id: 'show', params: { id: 'a/b c' } })
    expect(find('DELETE', '/things/Xy')).toEqual({ id: 'drop', params: { thing: 'Xy' } })
    expect(find('GET', '/things/1/parts/2')).toEqual({ id: 'part', params: { id: '1', part: '2' } })
  })

  it('answers HEAD where it answers GET', () => {
    expect(find('HEAD', '/things/1')?.id).toBe('show')
    expect(table.methodsOf('/things')).toEqual(['HEAD', 'GET', 'POST'])
    expect(table.methodsOf('/things/1')).toEqual(['HEAD', 'GET', 'DELETE'])
    expect(table.methodsOf('/nothing')).toEqual([])
  })

  it('takes letters in any case and one slash at the end, and values are never empty', () => {
    expect(find('GET', '/THINGS/')?.id).toBe('list')
    expect(find('GET', '/Things/Aa/')).toEqual({ id: 'show', params: { id: 'Aa' } })
    for (const path of ['/things//', '//things', '/things//parts/1', '/things/1/parts/', '/things/1/2'])
      expect(find('GET', path)).toBeUndefined()
  })

  it('with a text in its path goes before one with a value there', () => {
    expect(find('GET', '/things/newest')?.id).toBe('newest')
  })

  it('of the contract is found for whatever its values are', () => {
    for (const routes of [mainRoutes, quantumRoutes]) {
      const all = new RouteTable([
        groupOf(routes.map(contract => ({ contract, handle: async () => ({ status: 200 }) }))),
      ])
      fc.assert(
        fc.property(fc.constantFrom(...routes), fc.string({ minLength: 1, unit: 'grapheme' }), (contract, value) => {
          const path = contract.path.replaceAll(/\{[a-z_]+\}/g, `${encodeURIComponent(value)}-`)
          const found = all.find(contract.method.toUpperCase(), path)
          expect(found?.bound.contract).toBe(contract)
          for (const param of Object.values(found?.params ?? {})) expect(param).toBe(`${value}-`)
        }),
      )
    }
  })
})
