//! The operations that are supported, and the parameters that each understands.

use super::Operation;

/// Secrets Manager's operations.
pub const OPERATIONS: &[Operation] = &[
    Operation::new(
        "CreateSecret",
        &[
            "Name",
            "ClientRequestToken",
            "Description",
            "KmsKeyId",
            "SecretBinary",
            "SecretString",
            "Tags",
        ],
    ),
    Operation::new("DeleteResourcePolicy", &["SecretId"]),
    Operation::new(
        "DeleteSecret",
        &[
            "SecretId",
            "RecoveryWindowInDays",
            "ForceDeleteWithoutRecovery",
        ],
    ),
    Operation::new("DescribeSecret", &["SecretId"]),
    Operation::new(
        "GetRandomPassword",
        &[
            "PasswordLength",
            "ExcludeCharacters",
            "ExcludeNumbers",
            "ExcludePunctuation",
            "ExcludeUppercase",
            "ExcludeLowercase",
            "IncludeSpace",
            "RequireEachIncludedType",
        ],
    ),
    Operation::new("GetResourcePolicy", &["SecretId"]),
    Operation::new("GetSecretValue", &["SecretId", "VersionId", "VersionStage"]),
    Operation::new(
        "ListSecretVersionIds",
        &["SecretId", "MaxResults", "NextToken", "IncludeDeprecated"],
    ),
    Operation::new(
        "ListSecrets",
        &[
            "IncludePlannedDeletion",
            "MaxResults",
            "NextToken",
            "Filters",
            "SortOrder",
        ],
    ),
    Operation::new(
        "PutResourcePolicy",
        &["SecretId", "ResourcePolicy", "BlockPublicPolicy"],
    ),
    Operation::new(
        "PutSecretValue",
        &[
            "SecretId",
            "ClientRequestToken",
            "SecretBinary",
            "SecretString",
            "VersionStages",
        ],
    ),
    Operation::new("RestoreSecret", &["SecretId"]),
    Operation::new("TagResource", &["SecretId", "Tags"]),
    Operation::new("UntagResource", &["SecretId", "TagKeys"]),
    Operation::new(
        "UpdateSecret",
        &[
            "SecretId",
            "ClientRequestToken",
            "Description",
            "KmsKeyId",
            "SecretBinary",
            "SecretString",
        ],
    ),
];
