Feature: What a function did can be read in its log

  Each function writes its log into a group of its own in CloudWatch Logs, with the authority of
  its role.

  Scenario: Logs are not kept for ever
    Then the log of transform is kept for a limited time
    And the log of load is kept for a limited time
