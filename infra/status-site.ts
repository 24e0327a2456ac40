import { Annotations, Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import {
  AccessLevel,
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  type ErrorResponse,
  HttpVersion,
  OriginRequestPolicy,
  PriceClass,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { FunctionUrlOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import type { FunctionUrl } from 'aws-cdk-lib/aws-lambda'
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import type { Stage } from './config.ts'

/**
 * Where published objects are kept. All of it can be published again, so no
 * version is kept of any. All of it is public, and CloudFront asks S3 over
 * plain HTTP for whoever asks CloudFront so: HTTPS is not enforced here.
 */
export class StatusBucket extends Bucket {
  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id, {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      removalPolicy: stage.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
  }
}

type StatusSiteProps = {
  readonly stage: Stage
  readonly bucket: Bucket
  readonly ocsp: FunctionUrl
}

/**
 * What relying parties fetch, with no credentials and over plain HTTP too
 * (RFC 5280 §8: fetching a CRL must not itself need a certificate checked).
 */
export class StatusSite extends Construct {
  readonly domain: string
  readonly url: string

  constructor(scope: Construct, id: string, { stage, bucket, ocsp }: StatusSiteProps) {
    super(scope, id)
    // ListBucket makes a missing object a 404; without it S3 says 403.
    // (The library's own Bucket is not quite its IBucket under exactOptionalPropertyTypes.)
    const objects = S3BucketOrigin.withOriginAccessControl(bucket as IBucket, {
      originAccessLevels: [AccessLevel.READ, AccessLevel.LIST],
    })
    const published: BehaviorOptions = {
      origin: objects,
      viewerProtocolPolicy: ViewerProtocolPolicy.ALLOW_ALL,
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
      cachePolicy: this.cachePolicy(stage),
    }
    const distribution = new Distribution(this, 'Distribution', {
      comment: `Countersign ${stage.name}: CRLs, OCSP, CA certificates`,
      // GET / must not list the bucket: it asks for an object that does not exist.
      defaultRootObject: 'index.html',
      defaultBehavior: { ...published, viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS },
      additionalBehaviors: {
        '/.well-known/pki/crl/*': published,
        '/.well-known/pki/ca/*': published,
        '/.well-known/pki/ocsp/*': {
          ...published,
          origin: new FunctionUrlOrigin(ocsp, { readTimeout: Duration.seconds(10) }),
          // The only set with POST in it; CloudFront caches GET and HEAD alone.
          allowedMethods: AllowedMethods.ALLOW_ALL,
          originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        },
      },
      errorResponses,
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: PriceClass.PRICE_CLASS_ALL,
      ...customDomain(this, stage),
    })
    Annotations.of(distribution).acknowledgeWarning(
      '@aws-cdk/aws-cloudfront-origins:listBucketSecurityRisk',
      'defaultRootObject keeps the listing from being served',
    )
    this.domain = distribution.distributionDomainName
    this.url = stage.status_url ?? `http://${this.domain}`
  }

  /** Origins say how long: an answer must not outlive its nextUpdate. */
  private cachePolicy(stage: Stage): CachePolicy {
    return new CachePolicy(this, 'AsOriginSays', {
      cachePolicyName: `countersign-${stage.name}-as-origin-says`,
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.seconds(0),
      maxTtl: Duration.days(7),
    })
  }
}

/** A CRL that is not there yet must not stay missing for long. */
const errorResponses: ErrorResponse[] = [403, 404, 500, 502, 503, 504].map((httpStatus) => ({
  httpStatus,
  ttl: Duration.seconds(5),
}))

function customDomain(scope: Construct, { status_domain }: Stage) {
  if (status_domain === null) return {}
  return {
    minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
    domainNames: [status_domain.name],
    certificate: Certificate.fromCertificateArn(scope, 'Certificate', status_domain.certificate_arn),
  }
}
