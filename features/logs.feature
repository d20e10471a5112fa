Feature: What a function did can be read in its log

  Each function writes its log into a group of its own in CloudWatch Logs, with the authority of
  its role.

  Background:
    Given the file "logged.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      59301,STANDARD,MILES CITY,MT,PRIMARY,46.4,-105.84,NA-US-MT-MILES CITY,FALSE
      """

  Scenario: Logs are not kept for ever
    Then the log of transform is kept for a limited time
    And the log of load is kept for a limited time

  Scenario: Each step of a file is a line
    When "logged.csv" is sent to the input bucket
    Then the log of transform has these steps of "logged.csv"
      | step | status    |
      | 1    | started   |
      | 2    | progress  |
      | 3    | progress  |
      | 4    | progress  |
      | 5    | succeeded |
    And the log of load has these steps of "logged.csv"
      | step | status    |
      | 1    | started   |
      | 2    | progress  |
      | 3    | succeeded |

  @embedded-only:changes-a-role
  Scenario: A function that may not write its log does its work all the same
    Given the role of transform lacks "logs:PutLogEvents"
    When "logged.csv" is sent to the input bucket
    Then the log of transform says nothing of "logged.csv"
    And the database holds 1 zip code more than before
