//! Log groups.

use serde::Serialize;
use zipster_names::{Arn, LogGroupName};

use super::Kind;
use crate::schema::{
    ARN, Fields, ID, NO_ENCRYPTION, REGION, Read, Reported, ResourceType, Shape, TAGS, TAGS_ALL,
    body, known, optional, settled,
};

/// `aws_cloudwatch_log_group`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogGroup {
    /// Its name.
    pub name: LogGroupName,
    /// Its ARN, without `:*`.
    pub arn: Arn,
    /// For how long events are kept; for ever if `None`.
    pub retention_days: Option<u64>,
}

pub(crate) const LOG_GROUP: ResourceType = ResourceType {
    name: "aws_cloudwatch_log_group",
    body: body(
        &[
            settled("name", Shape::Text),
            optional("name_prefix", Shape::Text),
            optional("retention_in_days", Shape::Number).number(0),
            optional("skip_destroy", Shape::Bool)
                .bool(false)
                .ignored("a local stack keeps nothing when it ends"),
            settled("deletion_protection_enabled", Shape::Bool)
                .bool(false)
                .ignored("a local stack keeps nothing when it ends"),
            optional("kms_key_id", Shape::Text).ignored(NO_ENCRYPTION),
            settled("log_group_class", Shape::Text)
                .text("STANDARD")
                .ignored("a local stack has one class of log groups"),
            ARN,
            ID,
            REGION,
            TAGS,
            TAGS_ALL,
        ],
        &[],
    ),
    read: read_log_group,
};

/// The retentions that CloudWatch Logs knows, in days; 0 is for ever.
const RETENTIONS: [u64; 23] = [
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

fn read_log_group(fields: &mut Fields<'_>) -> Result<Read, Reported> {
    let name = fields.own_name::<LogGroupName>("name", "name_prefix");
    let retention = retention(fields);
    let name = name?;
    let arn = Arn::log_group(&fields.context.region, &fields.context.account, &name);
    Ok(Read {
        computed: vec![known("name", &name), known("id", &name), known("arn", &arn)],
        kind: Kind::LogGroup(LogGroup {
            name,
            arn,
            retention_days: retention?,
        }),
    })
}

fn retention(fields: &mut Fields<'_>) -> Result<Option<u64>, Reported> {
    let Some(days) = fields.whole("retention_in_days", 0..=3653)? else {
        return Ok(None);
    };
    if !RETENTIONS.contains(&days) {
        let known: Vec<String> = RETENTIONS.iter().map(u64::to_string).collect();
        return Err(fields.fail_with(
            "retention_in_days",
            format!("`retention_in_days` cannot be {days}"),
            format!("it is one of {}", known.join(", ")),
        ));
    }
    Ok((days > 0).then_some(days))
}
