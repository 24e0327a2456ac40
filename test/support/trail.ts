/** A record of CloudTrail as EventBridge hands it on, in the shape that the KMS guide shows. */
export const signEvent = (use: {
  readonly key_arn: string
  readonly role_arn: string
  readonly event_id: string | null
  readonly time: string
  readonly request_id: string
  readonly error?: string
}) => ({
  version: '0',
  id: use.request_id,
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.kms',
  account: '111122223333',
  time: use.time,
  region: 'us-east-1',
  resources: [],
  detail: {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLE:function',
      arn: `${use.role_arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/function`,
      accountId: '111122223333',
      sessionContext: {
        sessionIssuer: { type: 'Role', arn: use.role_arn, accountId: '111122223333' },
        attributes: { creationDate: use.time, mfaAuthenticated: 'false' },
      },
    },
    eventTime: use.time,
    eventSource: 'kms.amazonaws.com',
    eventName: 'Sign',
    awsRegion: 'us-east-1',
    sourceIPAddress: '192.0.2.0',
    userAgent: [
      'aws-sdk-js/3.1162.0 os/linux lang/js md/nodejs#24.0.0 api/kms exec-env/AWS_Lambda_nodejs24.x',
      ...(use.event_id === null ? [] : [`countersign/${use.event_id}`]),
    ].join(' '),
    requestParameters: {
      keyId: use.key_arn,
      messageType: 'DIGEST',
      signingAlgorithm: 'ECDSA_SHA_256',
    },
    responseElements: null,
    ...(use.error === undefined ? {} : { errorCode: use.error, errorMessage: 'not authorized' }),
    requestID: use.request_id,
    eventID: `event-of-${use.request_id}`,
    readOnly: true,
    resources: [{ accountId: '111122223333', type: 'AWS::KMS::Key', ARN: use.key_arn }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '111122223333',
    eventCategory: 'Management',
  },
})
