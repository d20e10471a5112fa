Feature: Lambda's limits hold, and the pipeline lives with them

  A function is stopped when its time is up, runs no more often at once than it may, and does
  nothing between two events. None of that may lose a row.

  Background:
    Given the file "zips.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      59301,STANDARD,MILES CITY,MT,PRIMARY,46.4,-105.84,NA-US-MT-MILES CITY,FALSE
      59312,STANDARD,ANGELA,MT,PRIMARY,46.8,-106.19,NA-US-MT-ANGELA,FALSE
      """

  @embedded-only:orders-mishaps-of-the-emulator
  Scenario: A function that waits in vain gives up before its time is up, and is tried again
    Given transform has a timeout of 6 seconds
    And transform gets no answer to its next GetObject
    When "zips.csv" is sent to the input bucket
    Then the mishap has struck
    And transform announced "failed" for "zips.csv" 1 time
    And transform said of "zips.csv": "the function did not finish within its timeout"
    And the error file of "zips.csv" is empty
    And the database holds 2 zip codes more than before
    And "zips.csv" is neither in the input bucket nor in the load bucket

  @embedded-only:replaces-a-program
  Scenario: A function that hangs is stopped when its time is up, and the event is kept
    Given the program of transform is replaced by one that hangs
    And transform has a timeout of 1 second
    When "zips.csv" is sent to the input bucket
    Then transform was stopped for taking too long 3 times
    And the log of transform says "Task timed out after 1.00 seconds"
    And "zips.csv" is still in the input bucket
    And the dead letters of transform hold the event of "zips.csv"

  @embedded-only:replaces-a-program
  Scenario: A function that takes more memory than it has is killed, and the event is kept
    Given the program of transform is replaced by one that takes memory without end
    And transform has 128 MB of memory
    When "zips.csv" is sent to the input bucket
    Then the log of transform says "Runtime.OutOfMemory"
    And "zips.csv" is still in the input bucket
    And the dead letters of transform hold the event of "zips.csv"

  @embedded-only:reads-the-journal-of-the-emulator
  Scenario: A function with a concurrency of one takes files one after another
    Given the file "more.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      59313,STANDARD,BAKER,MT,PRIMARY,46.36,-104.27,NA-US-MT-BAKER,FALSE
      """
    And the file "most.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      59315,STANDARD,BLOOMFIELD,MT,PRIMARY,47.41,-104.92,NA-US-MT-BLOOMFIELD,FALSE
      """
    And transform may run 1 event at a time
    When all files are sent to the input bucket at once
    Then transform never had two events at once
    And the database holds 4 zip codes more than before

  @not-on-aws:changes-the-deployed-functions
  Scenario: A function that may not run at all leaves the file where it is
    Given transform may run 0 events at a time
    When "zips.csv" is sent to the input bucket
    Then "zips.csv" is still in the input bucket
    And the dead letters of transform hold the event of "zips.csv"
    And the database holds as many zip codes as before

  @embedded-only:looks-at-processes
  Scenario: A function stands still between two events
    When "zips.csv" is sent to the input bucket
    Then the processes of transform stand still
    And the processes of load stand still
