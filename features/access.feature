Feature: A function may do what its role allows, and nothing else

  Every call is decided by the policies in terraform/. What a role may not do fails as it would on
  AWS, in AWS's words, and nothing is lost by it.

  Background:
    Given the file "zips.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      59301,STANDARD,MILES CITY,MT,PRIMARY,46.4,-105.84,NA-US-MT-MILES CITY,FALSE
      """

  @embedded-only:changes-a-role
  Scenario: transform may not delete its input
    Given the role of transform lacks "s3:DeleteObject"
    When "zips.csv" is sent to the input bucket
    Then transform said of "zips.csv": 'is not authorized to perform: s3:DeleteObject on resource: "arn:aws:s3:::zipster-input-123456789012/zips.csv" because no identity-based policy allows the s3:DeleteObject action'
    And "zips.csv" is still in the input bucket
    And the dead letters of transform hold the event of "zips.csv"
    And the database holds 1 zip code more than before

  @embedded-only:changes-a-role
  Scenario: transform may not write load files
    Given the role of transform lacks "s3:PutObject"
    When "zips.csv" is sent to the input bucket
    Then transform announced "failed" for "zips.csv" 3 times
    And "zips.csv" is still in the input bucket
    And the database holds as many zip codes as before

  @embedded-only:changes-a-role
  Scenario: load may not delete load files
    Given the role of load lacks "s3:DeleteObject"
    When "zips.csv" is sent to the input bucket
    Then load announced "failed" for "zips.csv" 3 times
    And the ledger names "zips.csv" once
    And the database holds 1 zip code more than before

  @embedded-only:changes-a-role
  Scenario: load may not read the database's password
    Given the role of load lacks "secretsmanager:GetSecretValue"
    When "zips.csv" is sent to the input bucket
    Then load announced "failed" for "zips.csv" 3 times
    And load said of "zips.csv": "is not authorized to perform: secretsmanager:GetSecretValue"
    And the database holds as many zip codes as before

  @embedded-only:tells-policies-of-plain-http
  Scenario: Buckets insist on TLS
    Given policies are told that calls come over plain HTTP
    When "zips.csv" is sent to the input bucket, it is refused "with an explicit deny in a resource-based policy"
    Then the database holds as many zip codes as before
