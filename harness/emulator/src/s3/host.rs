//! Buckets named in the host: `<bucket>.localhost`, `<bucket>.s3.localhost` and
//! `<bucket>.s3.<region>.localhost`, each with the port; and AWS's own names, for clients that
//! reach the emulator through a proxy.
//!
//! Every other host, an IP address above all, has the bucket in the path.

use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

/// Reads the `Host` header.
pub(super) struct LocalHost;

impl S3Host for LocalHost {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let plain = VirtualHost::new(host);
        Ok(match bucket_of(host) {
            Some(bucket) => plain.with_bucket(bucket),
            None => plain,
        })
    }
}

fn bucket_of(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let Some(labels) = name.strip_suffix(".localhost") else {
        return of_aws(name);
    };
    if labels == "s3" || labels.starts_with("s3.") {
        return None;
    }
    // A bucket's name may have dots, so what follows it is looked for from the end.
    let before_service = labels.strip_suffix(".s3").or_else(|| {
        let (rest, region) = labels.rsplit_once('.')?;
        zipster_names::Region::parse(region).ok()?;
        rest.strip_suffix(".s3")
    });
    Some(before_service.unwrap_or(labels))
}

/// `<bucket>.s3.<region>.amazonaws.com`, or without the region.
fn of_aws(name: &str) -> Option<&str> {
    let labels = name.strip_suffix(".amazonaws.com")?;
    labels.strip_suffix(".s3").or_else(|| {
        let (rest, region) = labels.rsplit_once('.')?;
        zipster_names::Region::parse(region).ok()?;
        rest.strip_suffix(".s3")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_may_be_named_in_the_host() {
        let cases = [
            ("localhost:4566", None),
            ("127.0.0.1:4566", None),
            ("s3.localhost:4566", None),
            ("s3.us-east-1.localhost:4566", None),
            ("example.com", None),
            ("bucket.localhost", Some("bucket")),
            ("bucket.localhost:4566", Some("bucket")),
            ("my.bucket.localhost:4566", Some("my.bucket")),
            ("bucket.s3.localhost:4566", Some("bucket")),
            ("my.bucket.s3.eu-central-1.localhost:1", Some("my.bucket")),
            ("s3.amazonaws.com", None),
            ("s3.eu-central-1.amazonaws.com", None),
            ("bucket.s3.amazonaws.com", Some("bucket")),
            ("my.bucket.s3.eu-central-1.amazonaws.com", Some("my.bucket")),
        ];
        for (host, expected) in cases {
            assert_eq!(bucket_of(host), expected, "{host}");
        }
    }
}
