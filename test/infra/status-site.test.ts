import { beforeAll, describe, expect, it } from 'vitest'
import { ofType, type Resources, synthesize } from '../support/stack-templates.ts'

describe('the status site', () => {
  let resources: Resources
  // biome-ignore lint/suspicious/noExplicitAny: a template is what it is
  let config: any

  beforeAll(() => {
    resources = synthesize('prod').resources
    config = ofType(resources, 'AWS::CloudFront::Distribution')[0].DistributionConfig
  })

  const behaviours = () => [config.DefaultCacheBehavior, ...config.CacheBehaviors]

  it('serves CRLs, CA certificates and OCSP over plain HTTP too, and nothing else', () => {
    const plain = config.CacheBehaviors.filter(
      (it: { ViewerProtocolPolicy: string }) => it.ViewerProtocolPolicy === 'allow-all',
    )
    expect(plain.map((it: { PathPattern: string }) => it.PathPattern).sort()).toEqual([
      '/.well-known/pki/ca/*',
      '/.well-known/pki/crl/*',
      '/.well-known/pki/ocsp/*',
    ])
    expect(config.CacheBehaviors).toHaveLength(3)
    expect(config.DefaultCacheBehavior.ViewerProtocolPolicy).toBe('redirect-to-https')
  })

  it('takes POST for OCSP alone, and caches only GET and HEAD', () => {
    for (const { PathPattern, AllowedMethods, CachedMethods } of behaviours()) {
      expect(AllowedMethods.includes('POST')).toBe(PathPattern === '/.well-known/pki/ocsp/*')
      expect(CachedMethods ?? ['GET', 'HEAD']).toEqual(['GET', 'HEAD'])
    }
  })

  it('caches for as long as the origin says, and not at all where it says nothing', () => {
    const [policy] = ofType(resources, 'AWS::CloudFront::CachePolicy')
    expect(policy.CachePolicyConfig).toMatchObject({ MinTTL: 0, DefaultTTL: 0 })
  })

  it('forgets errors within seconds', () => {
    expect(config.CustomErrorResponses.length).toBeGreaterThan(0)
    for (const { ErrorCachingMinTTL } of config.CustomErrorResponses)
      expect(ErrorCachingMinTTL).toBeLessThanOrEqual(10)
  })

  it('does not list its bucket at /', () => {
    expect(config.DefaultRootObject).toBe('index.html')
  })

  it('keeps the bucket private: CloudFront alone reads it, and may list it so that missing is 404', () => {
    const [bucket] = ofType(resources, 'AWS::S3::Bucket')
    expect(bucket.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    })
    const [policy] = ofType(resources, 'AWS::S3::BucketPolicy')
    expect(policy.PolicyDocument.Statement).toHaveLength(1)
    expect(policy.PolicyDocument.Statement[0]).toMatchObject({
      Action: ['s3:GetObject', 's3:ListBucket'],
      Principal: { Service: 'cloudfront.amazonaws.com' },
    })
    expect(ofType(resources, 'AWS::CloudFront::OriginAccessControl')).toHaveLength(1)
  })

  it('opens one function to everybody: OCSP', () => {
    const open = ofType(resources, 'AWS::Lambda::Permission').filter(({ Principal }) => Principal === '*')
    const functions = open.map(({ FunctionName }) => JSON.stringify(FunctionName))
    expect(new Set(functions).size).toBe(1)
    expect(functions[0]).toContain('statusocsp')
  })
})
