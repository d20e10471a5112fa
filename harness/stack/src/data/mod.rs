//! Data sources that can be answered without asking AWS.

mod archive_file;
mod policy_document;

use crate::schema::{BodySchema, Context, Fields, ID, Reported, Shape, body, computed, settled};
use crate::value::Value;

/// The computed attributes of a data source.
pub(crate) type Answer = Result<Vec<(&'static str, Value)>, Reported>;

/// A data source, and how it is answered.
pub(crate) struct DataSource {
    pub name: &'static str,
    pub body: BodySchema,
    pub answer: fn(&mut Fields<'_>) -> Answer,
}

const SOURCES: &[&DataSource] = &[
    &CALLER_IDENTITY,
    &PARTITION,
    &REGION,
    &policy_document::POLICY_DOCUMENT,
    &archive_file::ARCHIVE_FILE,
];

pub(crate) fn source_of(name: &str) -> Option<&'static DataSource> {
    SOURCES.iter().copied().find(|source| source.name == name)
}

const CALLER_IDENTITY: DataSource = DataSource {
    name: "aws_caller_identity",
    body: body(
        &[
            computed("account_id", Shape::Text),
            // Who runs Terraform is nobody's business but AWS's.
            computed("arn", Shape::Text),
            computed("user_id", Shape::Text),
            ID,
        ],
        &[],
    ),
    answer: |fields| {
        let account = fields.context.account.as_str();
        Ok(vec![("account_id", account.into()), ("id", account.into())])
    },
};

const PARTITION: DataSource = DataSource {
    name: "aws_partition",
    body: body(
        &[
            computed("partition", Shape::Text),
            computed("dns_suffix", Shape::Text),
            computed("reverse_dns_prefix", Shape::Text),
            ID,
        ],
        &[],
    ),
    answer: |fields| {
        let Context { partition, .. } = fields.context;
        let suffix = partition.dns_suffix();
        let reversed: Vec<&str> = suffix.rsplit('.').collect();
        Ok(vec![
            ("partition", partition.as_str().into()),
            ("id", partition.as_str().into()),
            ("dns_suffix", suffix.into()),
            ("reverse_dns_prefix", reversed.join(".").into()),
        ])
    },
};

const REGION: DataSource = DataSource {
    name: "aws_region",
    body: body(
        &[
            settled("region", Shape::Text),
            settled("name", Shape::Text),
            settled("endpoint", Shape::Text),
            computed("description", Shape::Text),
            ID,
        ],
        &[],
    ),
    answer: |fields| {
        let asked = fields.name::<zipster_names::Region>("region")?;
        let older = fields.name::<zipster_names::Region>("name")?;
        let region = asked
            .or(older)
            .unwrap_or_else(|| fields.context.region.clone());
        let endpoint = format!("ec2.{region}.{}", region.partition().dns_suffix());
        Ok(vec![
            ("region", region.as_str().into()),
            ("name", region.as_str().into()),
            ("id", region.as_str().into()),
            ("endpoint", endpoint.into()),
        ])
    },
};
