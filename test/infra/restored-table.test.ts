import { describe, expect, it } from 'vitest'
import { ofType, synthesize } from '../support/stack-templates.ts'

const arn = 'arn:aws:dynamodb:us-east-1:111122223333:table/countersign-restored'
const stream_arn = `${arn}/stream/2026-03-01T00:00:00.000`
const restored_table = JSON.stringify({ name: 'countersign-restored', stream_arn })

describe('a table that a backup was restored into', () => {
  const { data, resources } = synthesize('prod', { restored_table })
  const functions = ofType(resources, 'AWS::Lambda::Function')

  it('is what every function works on', () => {
    const tables = functions.flatMap(({ Environment }) => Environment?.Variables?.TABLE_NAME ?? [])
    expect(new Set(tables)).toEqual(new Set(['countersign-restored']))
  })

  it('is what the relay follows', () => {
    const sources = ofType(resources, 'AWS::Lambda::EventSourceMapping')
    expect(sources.map(({ EventSourceArn }) => EventSourceArn)).toContain(stream_arn)
  })

  it('is the one that roles are granted, and the stack has no part in the other any more', () => {
    const granted = JSON.stringify(ofType(resources, 'AWS::IAM::Role'))
    expect(granted).toContain('table/countersign-restored')
    expect(granted).not.toMatch(/ImportValue[^}]*Table[A-Z0-9]+Arn/)
  })

  it('leaves the table of the data stack where it is', () => {
    data.resourceCountIs('AWS::DynamoDB::GlobalTable', 0)
    const [own] = ofType(resources, 'AWS::DynamoDB::Table')
    expect(own?.DeletionProtectionEnabled).toBe(true)
  })
})
