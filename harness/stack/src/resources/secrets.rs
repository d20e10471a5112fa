//! Secrets, and what is in them.

use serde::Serialize;
use zipster_names::{Arn, SecretName};

use super::{Kind, PolicyDocument};
use crate::Text;
use crate::schema::{
    ARN, Fields, ID, NO_ENCRYPTION, REGION, Read, Reported, ResourceType, Shape, TAGS, TAGS_ALL,
    body, computed, digits, ignored_block, known, optional, required, settled,
};

/// `aws_secretsmanager_secret`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secret {
    /// Its name.
    pub name: SecretName,
    /// Its ARN, as [`Inputs::with_secret`](crate::Inputs::with_secret) says; otherwise its end is
    /// made up.
    pub arn: Arn,
    /// What it is for.
    pub description: Option<String>,
    /// Who else may see it.
    pub policy: Option<PolicyDocument>,
}

/// `aws_secretsmanager_secret_version`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretVersion {
    /// The name or the ARN of the secret.
    pub secret: String,
    /// What it holds; `None` if something makes it up that is not emulated.
    pub value: Option<Text>,
}

pub(crate) const SECRET: ResourceType = ResourceType {
    name: "aws_secretsmanager_secret",
    body: body(
        &[
            settled("name", Shape::Text),
            settled("name_prefix", Shape::Text),
            optional("description", Shape::Text),
            settled("policy", Shape::Text),
            optional("kms_key_id", Shape::Text).ignored(NO_ENCRYPTION),
            optional("recovery_window_in_days", Shape::Number)
                .number(30)
                .ignored("a local stack keeps nothing when it ends"),
            optional("force_overwrite_replica_secret", Shape::Bool)
                .bool(false)
                .ignored("a local stack has one region"),
            optional("type", Shape::Text).refused("secrets of other parties are not emulated"),
            ARN,
            ID,
            REGION,
            TAGS,
            TAGS_ALL,
        ],
        &[ignored_block("replica", "a local stack has one region")],
    ),
    read: read_secret,
};

pub(crate) const SECRET_VERSION: ResourceType = ResourceType {
    name: "aws_secretsmanager_secret_version",
    body: body(
        &[
            required("secret_id", Shape::Text),
            optional("secret_string", Shape::Text),
            optional("secret_string_wo", Shape::Text)
                .refused("give the text to `secret_string`, which is kept in no state here"),
            optional("secret_string_wo_version", Shape::Number)
                .refused("give the text to `secret_string`, which is kept in no state here"),
            optional("secret_binary", Shape::Text).refused("a local secret holds text"),
            settled("version_stages", Shape::TextSet)
                .refused("a local secret's newest version is AWSCURRENT"),
            computed("has_secret_string_wo", Shape::Bool),
            computed("secret_arn", Shape::Text),
            computed("version_id", Shape::Text),
            ARN,
            ID,
            REGION,
        ],
        &[],
    ),
    read: read_secret_version,
};

fn read_secret(fields: &mut Fields<'_>) -> Result<Read, Reported> {
    let name = fields.own_name::<SecretName>("name", "name_prefix");
    let description = fields.text("description");
    let policy = fields.policy("policy");
    let name = name?;
    let context = fields.context;
    let arn = match context.secrets.get(name.as_str()) {
        Some(arn) => arn.clone(),
        None => Arn::secret(
            &context.region,
            &context.account,
            &name,
            &digits(fields.address, 6),
        ),
    };
    Ok(Read {
        computed: vec![known("name", &name), known("id", &arn), known("arn", &arn)],
        kind: Kind::Secret(Secret {
            name,
            arn,
            description: description?,
            policy: policy?,
        }),
    })
}

fn read_secret_version(fields: &mut Fields<'_>) -> Result<Read, Reported> {
    let secret = fields.required_text("secret_id");
    let value = fields.secret_text("secret_string");
    let secret = secret?;
    let mut computed = Vec::new();
    // The identifier is made of this and of a version that AWS chooses.
    if secret.starts_with("arn:") {
        computed.extend([known("secret_arn", &secret), known("arn", &secret)]);
    }
    Ok(Read {
        computed,
        kind: Kind::SecretVersion(SecretVersion {
            secret,
            value: value?,
        }),
    })
}
