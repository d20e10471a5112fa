Feature: Zip codes travel from a CSV file into the database

  A file that lands in the input bucket is checked row by row. Good rows reach the database; every
  other row is explained in an error file of the same name. The input file is gone afterwards:
  nothing of it is lost, and nothing of it is left to be processed again.

  Scenario: Good and bad rows in one file
    Given the file "extract.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      6883,STANDARD,WESTON,CT,PRIMARY,41.22,-73.37,NA-US-CT-WESTON,FALSE
      6875,PO BOX,REDDING CENTER,CT,PRIMARY,41.3,-73.38,NA-US-CT-REDDING CENTER,FALSE
      6876,PO BOX,REDDING RIDGE,CT,PRIMARY,41.3,-73.38,NA-US-CT-REDDING RIDGE,FALSE
      6896,STANDARD,REDDING,CT,PRIMARY,41.3,-73.38,NA-US-CT-REDDING,FALSE
      6611,STANDARD,TRUMBULL,CT,PRIMARY,41.25,-73.2,NA-US-CT-TRUMBULL,FALSE
      7444,STANDARD,POMPTON PLAINS,NJ,PRIMARY,40.96,-74.3,NA-US-NJ-POMPTON PLAINS,FALSE
      7035,STANDARD,LINCOLN PARK,NJ,PRIMARY,40.92,-74.3,NA-US-NJ-LINCOLN PARK,FALSE
      7477,UNIQUE,WAYNE,NJ,PRIMARY,40.92,-74.27,NA-US-NJ-WAYNE,TRUE

      ,,,,,,,,
      1234A,NONSTANDARD,WESTON1,C1,NONPRIMARY,.22,.37,NA-US-CT+WESTON,TRU
      6883,STANDARD,WESTON,CT,PRIMARY,41.A2,-73.37,NA-US-CT-WESTON,FALSE
      6883,STANDARD,WESTON,CT,PRIMARY,41.22,-7Z.37,NA-US-CT-WESTON,FALSE
      6883,STANDARD,WESTON,CT,PRIMARY,41.22,+73.37,NA-US-CT-WESTON,FALSE
      """
    When "extract.csv" is sent to the input bucket
    Then the error file of "extract.csv" is as reviewed
    And these zip codes lie within 2.0 miles of 07440
      | zipcode | miles |
      | 07444   | 1.477 |
      | 07035   | 1.477 |
      | 07477   | 1.732 |
    And these zip codes lie within 6.0 miles of 06612
      | zipcode | miles |
      | 06883   | 3.411 |
      | 06875   | 5.514 |
      | 06876   | 5.514 |
      | 06896   | 5.514 |
      | 06611   | 5.756 |
    And "extract.csv" is neither in the input bucket nor in the load bucket

  Scenario: A clean file
    Given the file "clean.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      501,UNIQUE,HOLTSVILLE,NY,PRIMARY,40.81,-73.04,NA-US-NY-HOLTSVILLE,FALSE
      544,UNIQUE,HOLTSVILLE,NY,PRIMARY,40.8,-73.,NA-US-NY-HOLTSVILLE,FALSE
      """
    When "clean.csv" is sent to the input bucket
    Then the error file of "clean.csv" is empty
    And the database holds 2 zip codes more than before
    And the database holds these zip codes
      | zipcode | zipcode_type | city       | state | latitude | longitude | decommissioned |
      | 00501   | UNIQUE       | HOLTSVILLE | NY    | 40.81    | -73.04    | false          |
      | 00544   | UNIQUE       | HOLTSVILLE | NY    | 40.80    | -73.00    | false          |
    And "clean.csv" is neither in the input bucket nor in the load bucket

  Scenario: A file with only bad rows
    Given the file "hopeless.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      ABCDE,STANDARD,WESTON,CT,PRIMARY,41.22,-73.37,NA-US-CT-WESTON,FALSE
      1001,STANDARD,AGAWAM,ZZ,PRIMARY,42.07,-72.61,NA-US-MA-AGAWAM,FALSE
      1002,STANDARD,AMHERST,MA
      1003,STANDARD,O'FALLON,MA,PRIMARY,42.37,-72.52,NA-US-MA-AMHERST,FALSE
      """
    When "hopeless.csv" is sent to the input bucket
    Then the error file of "hopeless.csv" is as reviewed
    And the database holds as many zip codes as before
    And "hopeless.csv" is neither in the input bucket nor in the load bucket

  Scenario: A file with a header alone
    Given the file "header.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      """
    When "header.csv" is sent to the input bucket
    Then the error file of "header.csv" is empty
    And the database holds as many zip codes as before

  Scenario: Two files at once
    Given the file "north.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      99701,STANDARD,FAIRBANKS,AK,PRIMARY,64.83,-147.72,NA-US-AK-FAIRBANKS,FALSE
      99702,STANDARD,EIELSON AFB,AK,PRIMARY,64.66,-147.,NA-US-AK-EIELSON AFB,FALSE
      """
    And the file "south/hawaii + guam.csv"
      """
      Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
      96814,STANDARD,HONOLULU,HI,PRIMARY,21.3,-157.86,NA-US-HI-HONOLULU,FALSE
      96910,STANDARD,HAGATNA,GU,PRIMARY,13.47,144.75,OC-GU-HAGATNA,FALSE
      """
    When all files are sent to the input bucket at once
    Then the error file of "north.csv" is empty
    And the error file of "south/hawaii + guam.csv" is as reviewed
    And the database holds 3 zip codes more than before
    And "north.csv" is neither in the input bucket nor in the load bucket
    And "south/hawaii + guam.csv" is neither in the input bucket nor in the load bucket

  Scenario: A file that is not ours
    Given the file "people.csv"
      """
      name,age
      Ada,36
      """
    When "people.csv" is sent to the input bucket
    Then the error file of "people.csv" is as reviewed
    And "people.csv" is still in the input bucket
    And the database holds as many zip codes as before
    And transform announced "failed" for "people.csv" 3 times
    And the dead letters of transform hold the event of "people.csv"
