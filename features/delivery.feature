Feature: The database ends right, whatever happens on the way

  S3 delivers events at least once and in any order, and a function can die between any two of
  its steps. None of that may lose a row, load it twice, or let an older file win over a newer one.

  Background:
    Given the file "zips.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      59301,STANDARD,MILES CITY,MT,PRIMARY,46.4,-105.84,NA-US-MT-MILES CITY,FALSE
      59312,STANDARD,ANGELA,MT,PRIMARY,46.8,-106.19,NA-US-MT-ANGELA,FALSE
      59313,STANDARD,BAKER,MT,PRIMARY,46.36,-104.27,NA-US-MT-BAKER,BROKEN
      """

  @embedded-only:orders-mishaps-of-the-emulator
  Scenario: The same event is delivered twice to transform
    Given events for transform are delivered twice
    When "zips.csv" is sent to the input bucket
    Then the mishap has struck
    And the error file of "zips.csv" is as reviewed
    And the database holds 2 zip codes more than before
    And "zips.csv" is neither in the input bucket nor in the load bucket

  @embedded-only:orders-mishaps-of-the-emulator
  Scenario: The same event is delivered twice to load
    Given events for load are delivered twice
    When "zips.csv" is sent to the input bucket
    Then the mishap has struck
    And the database holds 2 zip codes more than before
    And the ledger names "zips.csv" once
    And "zips.csv" is neither in the input bucket nor in the load bucket

  @embedded-only:orders-mishaps-of-the-emulator
  Scenario Outline: A function is killed between its steps
    Given <function> is killed <moment> it announces step <step>
    When "zips.csv" is sent to the input bucket
    Then the mishap has struck
    And the error file of "zips.csv" is as reviewed
    And the database holds 2 zip codes more than before
    And "zips.csv" is neither in the input bucket nor in the load bucket
    And <function> announced "succeeded" for "zips.csv" at least once, or found nothing left to do

    Examples:
      | function  | step | moment |
      | transform | 1    | before |
      | transform | 1    | after  |
      | transform | 2    | after  |
      | transform | 3    | after  |
      | transform | 4    | after  |
      | transform | 5    | before |
      | transform | 5    | after  |
      | load      | 1    | before |
      | load      | 1    | after  |
      | load      | 2    | before |
      | load      | 2    | after  |
      | load      | 3    | before |
      | load      | 3    | after  |

  @embedded-only:orders-mishaps-of-the-emulator
  Scenario: An older load arrives after a newer one
    Given the file "newer.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      59301,STANDARD,NEW MILES CITY,MT,PRIMARY,46.4,-105.84,NA-US-MT-MILES CITY,FALSE
      """
    And the next event for load is held back
    When "zips.csv" is sent to the input bucket and its load is held back
    And "newer.csv" is sent to the input bucket and loaded meanwhile
    And the event that was held back is delivered
    Then the ledger names "newer.csv" before "zips.csv"
    And the database holds these zip codes
      | zipcode | city           |
      | 59301   | NEW MILES CITY |
      | 59312   | ANGELA         |

  Scenario: The same key is uploaded again
    When "zips.csv" is sent to the input bucket
    And "zips.csv" is sent to the input bucket with these rows instead
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      59301,STANDARD,MILES CITY REBORN,MT,PRIMARY,46.4,-105.84,NA-US-MT-MILES CITY,FALSE
      """
    Then the database holds these zip codes
      | zipcode | city              |
      | 59301   | MILES CITY REBORN |
      | 59312   | ANGELA            |
    And the error file of "zips.csv" is empty
    And the ledger names "zips.csv" twice

  @embedded-only:orders-mishaps-of-the-emulator
  Scenario Outline: A service has a bad moment
    Given <service> answers <operation> with 503 the next <times> times
    When "zips.csv" is sent to the input bucket
    Then the mishap has struck
    And the error file of "zips.csv" is as reviewed
    And the database holds 2 zip codes more than before
    And "zips.csv" is neither in the input bucket nor in the load bucket

    Examples:
      | service | operation    | times |
      | s3      | GetObject    | 2     |
      | s3      | DeleteObject | 2     |
      | sns     | Publish      | 2     |
