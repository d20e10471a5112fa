//! Making, listing and removing buckets.

use s3s::dto::{
    Bucket as BucketEntry, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput,
    DeleteBucketInput, DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput,
    HeadBucketInput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput, Owner, Timestamp,
};
use zipster_names::{AccountId, BucketName, Region};

use super::access::Shared;
use super::api::Call;
use super::checksum;
use super::error::Failure;
use super::event::owner_id;
use super::store::Bucket;
use super::versions::Versioning;

/// The region whose buckets have no location constraint, and whose endpoint makes buckets in any
/// region.
pub(super) const US_EAST_1: &str = "us-east-1";

/// Makes a bucket for the caller's account.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>.
/// Not supported: tags in the request, directory buckets.
pub(super) async fn create_bucket(
    shared: &Shared,
    call: Call<CreateBucketInput>,
) -> Result<CreateBucketOutput, Failure> {
    let name = BucketName::parse(&call.input.bucket)
        .map_err(|error| Failure::InvalidBucketName(error.to_string()))?;
    let constraint = match call.input.create_bucket_configuration {
        None => None,
        Some(configuration)
            if configuration.bucket.is_some() || configuration.location.is_some() =>
        {
            return Err(Failure::unsupported("directory buckets"));
        }
        Some(configuration) => configuration.location_constraint,
    };
    let constraint = constraint.as_ref().map(BucketLocationConstraint::as_str);
    let region = location(call.caller.region.as_ref(), constraint)?;
    let account = call.caller.account().clone();
    let location = format!("/{name}");
    shared.store.all(|buckets| match buckets.get(&name) {
        None => {
            let now = shared.core.clock.now();
            buckets.insert(name.clone(), Bucket::new(name, account, region, now));
            Ok(())
        }
        Some(bucket) if bucket.owner != account => Err(Failure::BucketAlreadyExists),
        // The oldest region forgives, for the sake of old programs.
        Some(bucket) if bucket.region == US_EAST_1 && region == US_EAST_1 => Ok(()),
        Some(_) => Err(Failure::BucketAlreadyOwnedByYou),
    })?;
    Ok(CreateBucketOutput {
        location: Some(location),
    })
}

/// The region of a new bucket: `signed` is that of the endpoint.
fn location(signed: Option<&Region>, constraint: Option<&str>) -> Result<Region, Failure> {
    let signed = signed.ok_or(Failure::InvalidLocation)?;
    match constraint.filter(|constraint| !constraint.is_empty()) {
        None if *signed == US_EAST_1 => Ok(signed.clone()),
        None => Err(Failure::IllegalLocation(
            "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."
                .to_owned(),
        )),
        Some(US_EAST_1) => Err(Failure::InvalidLocation),
        Some(constraint) if *signed == US_EAST_1 || *signed == constraint => {
            Region::parse(constraint).map_err(|_| Failure::InvalidLocation)
        }
        Some(constraint) => Err(Failure::IllegalLocation(format!(
            "The {constraint} location constraint is incompatible for the region specific endpoint this request was sent to."
        ))),
    }
}

/// Says whether a bucket exists, and where.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
pub(super) async fn head_bucket(
    shared: &Shared,
    call: Call<HeadBucketInput>,
) -> Result<HeadBucketOutput, Failure> {
    let region = shared
        .store
        .bucket(&call.input.bucket, |bucket| bucket.region.to_string())?;
    Ok(HeadBucketOutput {
        bucket_region: Some(region),
        access_point_alias: Some(false),
        ..HeadBucketOutput::default()
    })
}

/// Removes a bucket that has no objects, and no versions of any.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html>.
pub(super) async fn delete_bucket(
    shared: &Shared,
    call: Call<DeleteBucketInput>,
) -> Result<DeleteBucketOutput, Failure> {
    // Unfinished uploads go with the bucket, once the lock is released.
    let _removed = shared.store.all(|buckets| {
        let name = call.input.bucket.as_str();
        let bucket = buckets.get(name).ok_or(Failure::NoSuchBucket)?;
        if !bucket.versions.is_empty() {
            let versioned = bucket.versioning != Versioning::Never;
            return Err(Failure::BucketNotEmpty { versioned });
        }
        Ok(buckets.remove(name))
    })?;
    Ok(DeleteBucketOutput::default())
}

/// The most buckets that a page holds.
const LARGEST_PAGE: i32 = 10_000;

/// Lists the buckets of the caller's account, in all regions.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>.
pub(super) async fn list_buckets(
    shared: &Shared,
    call: Call<ListBucketsInput>,
) -> Result<ListBucketsOutput, Failure> {
    let Call { caller, input, .. } = call;
    let page = match input.max_buckets {
        None => usize::MAX,
        Some(max) if !(1..=LARGEST_PAGE).contains(&max) => {
            return Err(Failure::InvalidArgument(format!(
                "MaxBuckets must be an integer between 1 and {LARGEST_PAGE}"
            )));
        }
        Some(max) => usize::try_from(max).unwrap_or(usize::MAX),
    };
    // A token is the last name of the page before.
    let after = match &input.continuation_token {
        None => None,
        Some(token) => Some(
            checksum::decode(token)
                .and_then(|name| String::from_utf8(name).ok())
                .ok_or_else(|| {
                    Failure::InvalidArgument(
                        "The continuation token provided is incorrect".to_owned(),
                    )
                })?,
        ),
    };
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let region = input.bucket_region.as_deref();
    let mut found: Vec<BucketEntry> = shared.store.all(|buckets| {
        buckets
            .values()
            .filter(|bucket| bucket.owner == *caller.account())
            .filter(|bucket| bucket.name.as_str().starts_with(prefix))
            .filter(|bucket| region.is_none_or(|region| bucket.region == region))
            .filter(|bucket| {
                after
                    .as_deref()
                    .is_none_or(|after| bucket.name.as_str() > after)
            })
            .take(page.saturating_add(1))
            .map(|bucket| BucketEntry {
                bucket_region: Some(bucket.region.to_string()),
                creation_date: Some(Timestamp::from(bucket.created)),
                name: Some(bucket.name.to_string()),
            })
            .collect()
    });
    let more = found.len() > page;
    found.truncate(page);
    let last = found.last().and_then(|bucket| bucket.name.as_deref());
    let next = last
        .filter(|_| more)
        .map(|name| checksum::encode(name.as_bytes()));
    Ok(ListBucketsOutput {
        buckets: Some(found),
        owner: Some(owner_of(caller.account())),
        prefix: input.prefix,
        continuation_token: next,
    })
}

/// Says where a bucket is; `us-east-1` is said by saying nothing.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>.
pub(super) async fn get_bucket_location(
    shared: &Shared,
    call: Call<GetBucketLocationInput>,
) -> Result<GetBucketLocationOutput, Failure> {
    let region = shared
        .store
        .bucket(&call.input.bucket, |bucket| bucket.region.clone())?;
    let constraint =
        (region != US_EAST_1).then(|| BucketLocationConstraint::from(region.to_string()));
    Ok(GetBucketLocationOutput {
        location_constraint: constraint,
    })
}

/// An account as the owner of things.
pub(super) fn owner_of(account: &AccountId) -> Owner {
    Owner {
        display_name: None,
        id: Some(owner_id(account)),
    }
}
