Feature: People are told of every step

  Each function announces its steps on its topic. Who subscribes by email gets the ends and the
  failures; a program can filter by the message attributes.

  Scenario: The steps of one file
    Given the file "told.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      82001,STANDARD,CHEYENNE,WY,PRIMARY,41.13,-104.81,NA-US-WY-CHEYENNE,FALSE
      82003,PO BOX,CHEYENNE,WY,PRIMARY,41.13,-104.,NA-US-WY-CHEYENNE,NO
      """
    When "told.csv" is sent to the input bucket
    Then transform announced these steps for "told.csv"
      | step | status    | rows_read | rows_accepted | rows_rejected |
      | 1    | started   |           |               |               |
      | 2    | progress  | 2         | 1             | 1             |
      | 3    | progress  | 2         | 1             | 1             |
      | 4    | progress  | 2         | 1             | 1             |
      | 5    | succeeded | 2         | 1             | 1             |
    And load announced these steps for "told.csv"
      | step | status    | rows_read | rows_stored |
      | 1    | started   |           |             |
      | 2    | progress  | 1         | 1           |
      | 3    | succeeded | 1         | 1           |

  Scenario: Two uploads of the same key are told apart
    Given the file "again.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      82001,STANDARD,CHEYENNE,WY,PRIMARY,41.13,-104.81,NA-US-WY-CHEYENNE,FALSE
      """
    When "again.csv" is sent to the input bucket
    And "again.csv" is sent to the input bucket with these rows instead
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      82003,PO BOX,CHEYENNE,WY,PRIMARY,41.13,-104.81,NA-US-WY-CHEYENNE,FALSE
      """
    Then transform and load announced the same 2 uploads of "again.csv"

  @embedded-only:reads-the-inbox-of-the-emulator
  Scenario: A subscriber by email reads of the end, not of every step
    Given the file "mailed.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      82001,STANDARD,CHEYENNE,WY,PRIMARY,41.13,-104.81,NA-US-WY-CHEYENNE,FALSE
      """
    When "mailed.csv" is sent to the input bucket
    Then the subscriber by email got these subjects about "mailed.csv"
      | [zipster] transform 5 of 5: |
      | [zipster] load 3 of 3:      |

  @embedded-only:reads-the-inbox-of-the-emulator
  Scenario: Who has not confirmed a subscription is told nothing
    Given the file "early.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      82001,STANDARD,CHEYENNE,WY,PRIMARY,41.13,-104.81,NA-US-WY-CHEYENNE,FALSE
      """
    And the file "late.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      82003,PO BOX,CHEYENNE,WY,PRIMARY,41.13,-104.81,NA-US-WY-CHEYENNE,FALSE
      """
    And "curious@example.com" subscribes to the notices of transform by email
    When "early.csv" is sent to the input bucket
    Then "curious@example.com" was asked to confirm and told nothing else
    When "curious@example.com" follows the link in the email
    And "late.csv" is sent to the input bucket
    Then "curious@example.com" was told of "late.csv" 5 times
    And "curious@example.com" was told of "early.csv" 0 times

  @not-on-aws:filter-policies-take-effect-late-there
  Scenario: A program hears only what it asked for
    Given the file "good.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      82001,STANDARD,CHEYENNE,WY,PRIMARY,41.13,-104.81,NA-US-WY-CHEYENNE,FALSE
      """
    And the file "foreign.csv"
      """
      name,age
      Ada,36
      """
    And a program listens to transform for "failed" alone
    When all files are sent to the input bucket at once
    Then the program heard "failed" about "foreign.csv" 3 times, and nothing else
