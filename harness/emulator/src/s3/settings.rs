//! A bucket's settings.
//!
//! The policy decides about calls, and versioning about what a write leaves of what was there
//! before. The others are kept and given back: nothing expires, and what
//! a setting could change in the behaviour of a call (ACLs, keys of one's own) is refused where it
//! is set. Some settings can only be asked for, and the answer is that there is none.

use s3s::S3ErrorCode;
use s3s::dto::*;
use zipster_iam::{Policy as PolicyDocument, PolicyKind};

use super::access::Shared;
use super::api::Call;
use super::bucket::owner_of;
use super::error::Failure;
use super::store;
use super::tags;
use super::versions::Versioning;

impl store::Settings {
    /// Those of a new bucket: no ACLs, nothing public.
    pub(super) fn new() -> Self {
        let rule = OwnershipControlsRule {
            object_ownership: ObjectOwnership::from_static(ObjectOwnership::BUCKET_OWNER_ENFORCED),
        };
        Self {
            tags: Vec::new(),
            encryption: default_encryption(),
            lifecycle: None,
            ownership: Some(OwnershipControls { rules: vec![rule] }),
            public_access_block: Some(PublicAccessBlockConfiguration {
                block_public_acls: Some(true),
                block_public_policy: Some(true),
                ignore_public_acls: Some(true),
                restrict_public_buckets: Some(true),
            }),
            policy: None,
        }
    }
}

/// Encryption with S3's own keys, which cannot be switched off.
fn default_encryption() -> ServerSideEncryptionConfiguration {
    ServerSideEncryptionConfiguration {
        rules: vec![ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                kms_master_key_id: None,
                sse_algorithm: ServerSideEncryption::from_static(ServerSideEncryption::AES256),
            }),
            bucket_key_enabled: Some(false),
        }],
    }
}

fn none(code: S3ErrorCode, message: &'static str) -> Failure {
    Failure::NotConfigured { code, message }
}

fn custom(code: &'static str) -> S3ErrorCode {
    S3ErrorCode::Custom(code.into())
}

impl Shared {
    fn settings<R>(
        &self,
        bucket: &str,
        work: impl FnOnce(&mut store::Settings) -> R,
    ) -> Result<R, Failure> {
        self.store
            .bucket(bucket, |bucket| work(&mut bucket.settings))
    }
}

pub(super) async fn get_bucket_tagging(
    shared: &Shared,
    call: Call<GetBucketTaggingInput>,
) -> Result<GetBucketTaggingOutput, Failure> {
    let tag_set = shared.settings(&call.input.bucket, |settings| settings.tags.clone())?;
    if tag_set.is_empty() {
        return Err(none(S3ErrorCode::NoSuchTagSet, "The TagSet does not exist"));
    }
    Ok(GetBucketTaggingOutput { tag_set })
}

pub(super) async fn put_bucket_tagging(
    shared: &Shared,
    call: Call<PutBucketTaggingInput>,
) -> Result<PutBucketTaggingOutput, Failure> {
    let tags = call.input.tagging.tag_set;
    tags::check(&tags, tags::OF_A_BUCKET)?;
    shared.settings(&call.input.bucket, |settings| settings.tags = tags)?;
    Ok(PutBucketTaggingOutput::default())
}

pub(super) async fn delete_bucket_tagging(
    shared: &Shared,
    call: Call<DeleteBucketTaggingInput>,
) -> Result<DeleteBucketTaggingOutput, Failure> {
    shared.settings(&call.input.bucket, |settings| settings.tags.clear())?;
    Ok(DeleteBucketTaggingOutput::default())
}

/// A bucket that never was versioned says so by saying nothing.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html>.
pub(super) async fn get_bucket_versioning(
    shared: &Shared,
    call: Call<GetBucketVersioningInput>,
) -> Result<GetBucketVersioningOutput, Failure> {
    let versioning = shared
        .store
        .bucket(&call.input.bucket, |bucket| bucket.versioning)?;
    let status = match versioning {
        Versioning::Never => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    Ok(GetBucketVersioningOutput {
        status: status.map(BucketVersioningStatus::from_static),
        ..GetBucketVersioningOutput::default()
    })
}

/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html>.
pub(super) async fn put_bucket_versioning(
    shared: &Shared,
    call: Call<PutBucketVersioningInput>,
) -> Result<PutBucketVersioningOutput, Failure> {
    let configuration = call.input.versioning_configuration;
    let mfa_delete = configuration.mfa_delete.as_ref().map(MFADelete::as_str);
    if mfa_delete.is_some_and(|mfa_delete| mfa_delete != MFADelete::DISABLED) {
        return Err(Failure::unsupported("MFA delete"));
    }
    let versioning = match configuration
        .status
        .as_ref()
        .map(BucketVersioningStatus::as_str)
    {
        None => return Err(Failure::IllegalVersioning),
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        Some(_) => return Err(Failure::MalformedXml),
    };
    shared
        .store
        .bucket(&call.input.bucket, |bucket| bucket.versioning = versioning)?;
    Ok(PutBucketVersioningOutput::default())
}

pub(super) async fn get_public_access_block(
    shared: &Shared,
    call: Call<GetPublicAccessBlockInput>,
) -> Result<GetPublicAccessBlockOutput, Failure> {
    let block = shared.settings(&call.input.bucket, |settings| {
        settings.public_access_block.clone()
    })?;
    let block = block.ok_or(none(
        custom("NoSuchPublicAccessBlockConfiguration"),
        "The public access block configuration was not found",
    ))?;
    Ok(GetPublicAccessBlockOutput {
        public_access_block_configuration: Some(block),
    })
}

pub(super) async fn put_public_access_block(
    shared: &Shared,
    call: Call<PutPublicAccessBlockInput>,
) -> Result<PutPublicAccessBlockOutput, Failure> {
    let given = call.input.public_access_block_configuration;
    let or_off = |setting: Option<bool>| Some(setting.unwrap_or_default());
    let block = PublicAccessBlockConfiguration {
        block_public_acls: or_off(given.block_public_acls),
        block_public_policy: or_off(given.block_public_policy),
        ignore_public_acls: or_off(given.ignore_public_acls),
        restrict_public_buckets: or_off(given.restrict_public_buckets),
    };
    shared.settings(&call.input.bucket, |settings| {
        settings.public_access_block = Some(block);
    })?;
    Ok(PutPublicAccessBlockOutput::default())
}

pub(super) async fn delete_public_access_block(
    shared: &Shared,
    call: Call<DeletePublicAccessBlockInput>,
) -> Result<DeletePublicAccessBlockOutput, Failure> {
    shared.settings(&call.input.bucket, |settings| {
        settings.public_access_block = None;
    })?;
    Ok(DeletePublicAccessBlockOutput::default())
}

pub(super) async fn get_bucket_encryption(
    shared: &Shared,
    call: Call<GetBucketEncryptionInput>,
) -> Result<GetBucketEncryptionOutput, Failure> {
    let encryption = shared.settings(&call.input.bucket, |settings| settings.encryption.clone())?;
    Ok(GetBucketEncryptionOutput {
        server_side_encryption_configuration: Some(encryption),
    })
}

pub(super) async fn put_bucket_encryption(
    shared: &Shared,
    call: Call<PutBucketEncryptionInput>,
) -> Result<PutBucketEncryptionOutput, Failure> {
    let encryption = call.input.server_side_encryption_configuration;
    let algorithms = encryption
        .rules
        .iter()
        .filter_map(|rule| rule.apply_server_side_encryption_by_default.as_ref())
        .map(|default| default.sse_algorithm.as_str());
    for algorithm in algorithms {
        if algorithm != ServerSideEncryption::AES256 {
            return Err(Failure::unsupported(format!("encryption with {algorithm}")));
        }
    }
    shared.settings(&call.input.bucket, |settings| {
        settings.encryption = encryption;
    })?;
    Ok(PutBucketEncryptionOutput::default())
}

pub(super) async fn delete_bucket_encryption(
    shared: &Shared,
    call: Call<DeleteBucketEncryptionInput>,
) -> Result<DeleteBucketEncryptionOutput, Failure> {
    shared.settings(&call.input.bucket, |settings| {
        settings.encryption = default_encryption();
    })?;
    Ok(DeleteBucketEncryptionOutput::default())
}

pub(super) async fn get_bucket_lifecycle_configuration(
    shared: &Shared,
    call: Call<GetBucketLifecycleConfigurationInput>,
) -> Result<GetBucketLifecycleConfigurationOutput, Failure> {
    let rules = shared.settings(&call.input.bucket, |settings| settings.lifecycle.clone())?;
    let rules = rules.ok_or(none(
        S3ErrorCode::NoSuchLifecycleConfiguration,
        "The lifecycle configuration does not exist",
    ))?;
    Ok(GetBucketLifecycleConfigurationOutput {
        rules: Some(rules),
        transition_default_minimum_object_size: None,
    })
}

/// Differs from AWS: the rules are kept, and nothing expires.
pub(super) async fn put_bucket_lifecycle_configuration(
    shared: &Shared,
    call: Call<PutBucketLifecycleConfigurationInput>,
) -> Result<PutBucketLifecycleConfigurationOutput, Failure> {
    let configuration = call.input.lifecycle_configuration;
    let mut rules = configuration.ok_or(Failure::MalformedXml)?.rules;
    if rules.is_empty() {
        return Err(Failure::MalformedXml);
    }
    for rule in &mut rules {
        if rule.id.is_none() {
            rule.id = Some(shared.core.random.uuid());
        }
    }
    shared.settings(&call.input.bucket, |settings| {
        settings.lifecycle = Some(rules);
    })?;
    Ok(PutBucketLifecycleConfigurationOutput::default())
}

pub(super) async fn delete_bucket_lifecycle(
    shared: &Shared,
    call: Call<DeleteBucketLifecycleInput>,
) -> Result<DeleteBucketLifecycleOutput, Failure> {
    shared.settings(&call.input.bucket, |settings| settings.lifecycle = None)?;
    Ok(DeleteBucketLifecycleOutput::default())
}

pub(super) async fn get_bucket_ownership_controls(
    shared: &Shared,
    call: Call<GetBucketOwnershipControlsInput>,
) -> Result<GetBucketOwnershipControlsOutput, Failure> {
    let ownership = shared.settings(&call.input.bucket, |settings| settings.ownership.clone())?;
    let ownership = ownership.ok_or(none(
        S3ErrorCode::OwnershipControlsNotFoundError,
        "The bucket ownership controls were not found",
    ))?;
    Ok(GetBucketOwnershipControlsOutput {
        ownership_controls: Some(ownership),
    })
}

pub(super) async fn put_bucket_ownership_controls(
    shared: &Shared,
    call: Call<PutBucketOwnershipControlsInput>,
) -> Result<PutBucketOwnershipControlsOutput, Failure> {
    let ownership = call.input.ownership_controls;
    for rule in &ownership.rules {
        let kind = rule.object_ownership.as_str();
        if kind != ObjectOwnership::BUCKET_OWNER_ENFORCED {
            return Err(Failure::unsupported(format!("the object ownership {kind}")));
        }
    }
    shared.settings(&call.input.bucket, |settings| {
        settings.ownership = Some(ownership);
    })?;
    Ok(PutBucketOwnershipControlsOutput::default())
}

pub(super) async fn delete_bucket_ownership_controls(
    shared: &Shared,
    call: Call<DeleteBucketOwnershipControlsInput>,
) -> Result<DeleteBucketOwnershipControlsOutput, Failure> {
    shared.settings(&call.input.bucket, |settings| settings.ownership = None)?;
    Ok(DeleteBucketOwnershipControlsOutput::default())
}

pub(super) async fn get_bucket_policy(
    shared: &Shared,
    call: Call<GetBucketPolicyInput>,
) -> Result<GetBucketPolicyOutput, Failure> {
    let policy = shared.settings(&call.input.bucket, |settings| settings.policy.clone())?;
    let policy = policy.ok_or(none(
        S3ErrorCode::NoSuchBucketPolicy,
        "The bucket policy does not exist",
    ))?;
    Ok(GetBucketPolicyOutput {
        policy: Some(policy),
    })
}

pub(super) async fn put_bucket_policy(
    shared: &Shared,
    call: Call<PutBucketPolicyInput>,
) -> Result<PutBucketPolicyOutput, Failure> {
    let policy = call.input.policy;
    PolicyDocument::parse(&policy, PolicyKind::Resource)
        .map_err(|errors| Failure::MalformedPolicy(errors.to_string()))?;
    shared.settings(&call.input.bucket, |settings| {
        settings.policy = Some(policy);
    })?;
    Ok(PutBucketPolicyOutput::default())
}

pub(super) async fn delete_bucket_policy(
    shared: &Shared,
    call: Call<DeleteBucketPolicyInput>,
) -> Result<DeleteBucketPolicyOutput, Failure> {
    shared.settings(&call.input.bucket, |settings| settings.policy = None)?;
    Ok(DeleteBucketPolicyOutput::default())
}

/// The owner may do everything, and there is no way to change that.
pub(super) async fn get_bucket_acl(
    shared: &Shared,
    call: Call<GetBucketAclInput>,
) -> Result<GetBucketAclOutput, Failure> {
    let account = shared
        .store
        .bucket(&call.input.bucket, |bucket| bucket.owner.clone())?;
    let owner = owner_of(&account);
    let grantee = Grantee {
        display_name: None,
        email_address: None,
        id: owner.id.clone(),
        type_: Type::from_static(Type::CANONICAL_USER),
        uri: None,
    };
    let grant = Grant {
        grantee: Some(grantee),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    };
    Ok(GetBucketAclOutput {
        grants: Some(vec![grant]),
        owner: Some(owner),
    })
}

pub(super) async fn get_bucket_accelerate_configuration(
    shared: &Shared,
    call: Call<GetBucketAccelerateConfigurationInput>,
) -> Result<GetBucketAccelerateConfigurationOutput, Failure> {
    shared.settings(&call.input.bucket, |_| ())?;
    Ok(GetBucketAccelerateConfigurationOutput::default())
}

pub(super) async fn get_bucket_cors(
    shared: &Shared,
    call: Call<GetBucketCorsInput>,
) -> Result<GetBucketCorsOutput, Failure> {
    shared.settings(&call.input.bucket, |_| ())?;
    Err(none(
        S3ErrorCode::NoSuchCORSConfiguration,
        "The CORS configuration does not exist",
    ))
}

pub(super) async fn get_bucket_logging(
    shared: &Shared,
    call: Call<GetBucketLoggingInput>,
) -> Result<GetBucketLoggingOutput, Failure> {
    shared.settings(&call.input.bucket, |_| ())?;
    Ok(GetBucketLoggingOutput::default())
}

pub(super) async fn get_bucket_replication(
    shared: &Shared,
    call: Call<GetBucketReplicationInput>,
) -> Result<GetBucketReplicationOutput, Failure> {
    shared.settings(&call.input.bucket, |_| ())?;
    Err(none(
        S3ErrorCode::ReplicationConfigurationNotFoundError,
        "The replication configuration was not found",
    ))
}

pub(super) async fn get_bucket_request_payment(
    shared: &Shared,
    call: Call<GetBucketRequestPaymentInput>,
) -> Result<GetBucketRequestPaymentOutput, Failure> {
    shared.settings(&call.input.bucket, |_| ())?;
    Ok(GetBucketRequestPaymentOutput {
        payer: Some(Payer::from_static(Payer::BUCKET_OWNER)),
    })
}

pub(super) async fn get_bucket_website(
    shared: &Shared,
    call: Call<GetBucketWebsiteInput>,
) -> Result<GetBucketWebsiteOutput, Failure> {
    shared.settings(&call.input.bucket, |_| ())?;
    Err(none(
        S3ErrorCode::NoSuchWebsiteConfiguration,
        "The specified bucket does not have a website configuration",
    ))
}

pub(super) async fn get_object_lock_configuration(
    shared: &Shared,
    call: Call<GetObjectLockConfigurationInput>,
) -> Result<GetObjectLockConfigurationOutput, Failure> {
    shared.settings(&call.input.bucket, |_| ())?;
    Err(none(
        S3ErrorCode::ObjectLockConfigurationNotFoundError,
        "Object Lock configuration does not exist for this bucket",
    ))
}
