//! Regions, and the partitions they belong to.

use crate::NameError;
use crate::text::{checked_text, is_its_text};

checked_text!(
    /// A region's code, such as `eu-central-1`.
    ///
    /// Only the shape is checked: new regions appear without asking us.
    Region,
    "a region",
    "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html",
    shape_of_a_region
);

fn shape_of_a_region(text: &str) -> Result<(), String> {
    let parts: Vec<&str> = text.split('-').collect();
    let shaped = match parts.as_slice() {
        [area, middle @ .., number] => {
            !middle.is_empty()
                && (2..=4).contains(&area.len())
                && [*area]
                    .iter()
                    .chain(middle)
                    .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        [] | [_] => false,
    };
    if shaped {
        Ok(())
    } else {
        Err("it must look like eu-central-1".to_owned())
    }
}

impl Region {
    /// The partition that the region belongs to, told by its first words as AWS's SDKs do.
    #[must_use]
    pub fn partition(&self) -> Partition {
        let text = self.as_str();
        let starts = |prefix: &str| text.starts_with(prefix);
        if starts("cn-") {
            Partition::China
        } else if starts("us-gov-") {
            Partition::GovCloud
        } else if starts("us-iso-") {
            Partition::Iso
        } else if starts("us-isob-") {
            Partition::IsoB
        } else if starts("eu-isoe-") {
            Partition::IsoE
        } else if starts("us-isof-") {
            Partition::IsoF
        } else if starts("eusc-") {
            Partition::Eusc
        } else {
            Partition::Aws
        }
    }
}

/// A group of regions with its own accounts, endpoints and ARNs.
///
/// Follows <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
#[derive(Clone, Copy)]
pub enum Partition {
    /// `aws`, the commercial one.
    Aws,
    /// `aws-cn`.
    China,
    /// `aws-us-gov`.
    GovCloud,
    /// `aws-iso`.
    Iso,
    /// `aws-iso-b`.
    IsoB,
    /// `aws-iso-e`.
    IsoE,
    /// `aws-iso-f`.
    IsoF,
    /// `aws-eusc`, the European Sovereign Cloud.
    Eusc,
}

impl Partition {
    const ALL: [Self; 8] = [
        Self::Aws,
        Self::China,
        Self::GovCloud,
        Self::Iso,
        Self::IsoB,
        Self::IsoE,
        Self::IsoF,
        Self::Eusc,
    ];

    /// Reads the second field of an ARN.
    ///
    /// # Errors
    /// If AWS has no partition of that name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Self::ALL
            .into_iter()
            .find(|partition| partition.as_str() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(|partition| partition.as_str()).join(", ");
                NameError::new(
                    "a partition",
                    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html",
                    text,
                    format!("it must be one of {names}"),
                )
            })
    }

    /// The name in ARNs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
            Self::Iso => "aws-iso",
            Self::IsoB => "aws-iso-b",
            Self::IsoE => "aws-iso-e",
            Self::IsoF => "aws-iso-f",
            Self::Eusc => "aws-eusc",
        }
    }

    /// The domain of the partition's endpoints.
    #[must_use]
    pub fn dns_suffix(&self) -> &'static str {
        match self {
            Self::Aws | Self::GovCloud => "amazonaws.com",
            Self::China => "amazonaws.com.cn",
            Self::Iso => "c2s.ic.gov",
            Self::IsoB => "sc2s.sgov.gov",
            Self::IsoE => "cloud.adc-e.uk",
            Self::IsoF => "csp.hci.ic.gov",
            Self::Eusc => "amazonaws.eu",
        }
    }
}

is_its_text!(Partition);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::check;

    #[test]
    fn a_region_looks_like_one() {
        let rule = Some("it must look like eu-central-1");
        let cases = [
            ("us-east-1", None),
            ("ap-southeast-12", None),
            ("us-gov-west-1", None),
            ("eusc-de-east-1", None),
            ("", rule),
            ("us", rule),
            ("us-1", rule),
            ("us-east", rule),
            ("us-east-", rule),
            ("US-EAST-1", rule),
            ("us-east-1a", rule),
            ("us--1", rule),
        ];
        for (text, rule) in cases {
            check(Region::parse, text, rule);
        }
    }

    #[test]
    fn a_region_tells_its_partition() {
        let cases = [
            ("eu-central-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
            ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ];
        for (region, partition, suffix) in cases {
            let told = Region::parse(region).unwrap().partition();
            assert_eq!(told, partition);
            assert_eq!(told.dns_suffix(), suffix);
            assert_eq!(Partition::parse(partition).unwrap(), told);
        }
        let error = Partition::parse("azure").unwrap_err();
        assert!(error.rule().starts_with("it must be one of aws, aws-cn,"));
    }
}
