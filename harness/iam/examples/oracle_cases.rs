//! Random policies and requests with our decision, one case of JSON a line, for an independent
//! evaluator to disagree with: `cargo run -p zipster-iam --example oracle_cases -- SEED COUNT`.
//!
//! `harness/iam/oracle/compare.mjs` reads them.

use std::io::{self, BufWriter, Write as _};

use serde_json::{Map, Value, json};
use zipster_iam::{
    Action, ContextKeys, NamedPolicy, Policies, Policy, PolicyKind, Principal, Request, Resource,
    evaluate,
};
use zipster_names::{AccountId, IamPath, RoleName};

const OURS: &str = "123456789012";
const THEIRS: &str = "222222222222";

/// Each action with the resources that it can be on.
const TARGETS: &[(&str, &[&str])] = &[
    ("s3:GetObject", OBJECTS),
    ("s3:PutObject", OBJECTS),
    ("s3:DeleteObjectVersion", OBJECTS),
    ("s3:ListBucket", BUCKETS),
    (
        "sns:Publish",
        &["arn:aws:sns:eu-west-1:123456789012:notices"],
    ),
    (
        "sqs:SendMessage",
        &["arn:aws:sqs:eu-west-1:123456789012:letters"],
    ),
    (
        "lambda:InvokeFunction",
        &["arn:aws:lambda:eu-west-1:123456789012:function:load"],
    ),
];
const OBJECTS: &[&str] = &[
    "arn:aws:s3:::input/a.csv",
    "arn:aws:s3:::input/carlos/a.csv",
    "arn:aws:s3:::load/b1.csv",
];
const BUCKETS: &[&str] = &["arn:aws:s3:::input", "arn:aws:s3:::load"];

const ACTIONS: &[&str] = &[
    "*",
    "s3:*",
    "S3:get*",
    "s3:?etObject",
    "s3:PutObject",
    "s3:*Version",
    "s3:ListBucket",
    "sns:Publish",
    "sqs:Send*",
    "lambda:InvokeFunction",
];

const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::input",
    "arn:aws:s3:::input/*",
    "arn:aws:s3:::input/${aws:username}/*",
    "arn:aws:s3:::input/${aws:PrincipalTag/team, 'carlos'}/*",
    "arn:aws:s3:::*/?.csv",
    "arn:aws:s3:::load/b${*}.csv",
    "arn:aws:sns:*:123456789012:no*",
    "arn:aws:sqs:eu-west-1:*:letters",
    "arn:aws:lambda:*:*:function:load",
];

const PRINCIPALS: &[&str] = &[
    r#""*""#,
    r#"{"AWS": "*"}"#,
    r#"{"AWS": "123456789012"}"#,
    r#"{"AWS": "arn:aws:iam::222222222222:root"}"#,
    r#"{"AWS": ["arn:aws:iam::123456789012:user/carlos", "222222222222"]}"#,
    r#"{"AWS": "arn:aws:iam::123456789012:role/r"}"#,
    r#"{"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}"#,
    r#"{"Service": "sns.amazonaws.com"}"#,
];

const CONDITIONS: &[&str] = &[
    r#"{"Bool": {"aws:SecureTransport": "false"}}"#,
    r#"{"BoolIfExists": {"aws:SecureTransport": ["true"]}}"#,
    r#"{"StringEquals": {"aws:PrincipalTag/team": ["data", "web"]}}"#,
    r#"{"StringNotEquals": {"aws:PrincipalTag/team": "data"}}"#,
    r#"{"StringNotEqualsIfExists": {"aws:PrincipalTag/team": ["data", "web"]}}"#,
    r#"{"StringLike": {"aws:UserAgent": "aws-sdk-*"}}"#,
    r#"{"StringNotLike": {"aws:UserAgent": ["*cli*", "b?to"]}}"#,
    r#"{"StringEqualsIgnoreCase": {"aws:UserAgent": "AWS-SDK-RUST"}}"#,
    r#"{"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]}}"#,
    r#"{"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]}}"#,
    r#"{"NumericLessThan": {"aws:EpochTime": "1700000000"}}"#,
    r#"{"DateGreaterThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"}}"#,
    r#"{"DateLessThanEquals": {"aws:CurrentTime": "2025-06-01T00:00:00Z"}}"#,
    r#"{"ArnLike": {"aws:SourceArn": "arn:aws:s3:::in*"}}"#,
    r#"{"ArnNotEquals": {"aws:SourceArn": ["arn:aws:s3:::input"]}}"#,
    r#"{"Null": {"aws:SourceArn": "true"}}"#,
    r#"{"Null": {"aws:PrincipalTag/team": "false"}}"#,
    r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}"#,
    r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}"#,
    r#"{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}"#,
    r#"{"ForAnyValue:StringLike": {"aws:TagKeys": ["a*"]}}"#,
    r#"{"StringEquals": {"aws:PrincipalTag/team": "data"}, "Bool": {"aws:SecureTransport": "true"}}"#,
];

/// A small random number generator (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let sides = u64::try_from(sides).expect("few sides");
        usize::try_from((z ^ (z >> 31)) % sides).expect("less than the sides")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    /// One to three of these.
    fn some(&mut self, from: &[&str]) -> Value {
        (0..=self.roll(3)).map(|_| self.pick(from)).collect()
    }

    fn statement(&mut self, kind: PolicyKind) -> Value {
        let mut statement = Map::new();
        let effect = self.pick(&["Allow", "Allow", "Allow", "Deny"]);
        statement.insert("Effect".to_owned(), json!(effect));
        let action = self.pick(&["Action", "Action", "Action", "NotAction"]);
        statement.insert(action.to_owned(), self.some(ACTIONS));
        let resource = self.pick(&["Resource", "Resource", "Resource", "NotResource"]);
        statement.insert(resource.to_owned(), self.some(RESOURCES));
        if kind == PolicyKind::Resource {
            let principal = self.pick(PRINCIPALS);
            statement.insert("Principal".to_owned(), json_of(principal));
        }
        if self.roll(2) == 0 {
            let condition = self.pick(CONDITIONS);
            statement.insert("Condition".to_owned(), json_of(condition));
        }
        Value::Object(statement)
    }

    fn policy(&mut self, kind: PolicyKind) -> Value {
        let statements: Value = (0..=self.roll(3)).map(|_| self.statement(kind)).collect();
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    fn principal(&mut self) -> Principal {
        let account = |id| AccountId::parse(id).expect("an account");
        let id = self.pick(&[OURS, OURS, OURS, THEIRS]);
        match self.roll(3) {
            0 => Principal::User {
                account: account(id),
                path: IamPath::default(),
                name: "carlos".to_owned(),
            },
            _ => Principal::AssumedRole {
                account: account(id),
                path: IamPath::default(),
                role: RoleName::parse("r").expect("a role"),
                session: "s".to_owned(),
            },
        }
    }

    /// Circumstances, each there or not.
    fn context(&mut self) -> Map<String, Value> {
        let mut context = Map::new();
        let choices: [(&str, &[&str]); 7] = [
            ("aws:SecureTransport", &["true", "false"]),
            ("aws:PrincipalTag/team", &["data", "web", "carlos", "*"]),
            ("aws:UserAgent", &["aws-sdk-rust", "aws-cli", "boto"]),
            ("aws:SourceIp", &["10.1.2.3", "192.168.7.1", "203.0.113.5"]),
            ("aws:EpochTime", &["1600000000", "1800000000"]),
            (
                "aws:CurrentTime",
                &["2023-05-05T05:05:05Z", "2025-01-01T00:00:00Z"],
            ),
            (
                "aws:SourceArn",
                &["arn:aws:s3:::input", "arn:aws:s3:::load"],
            ),
        ];
        for (key, values) in choices {
            if self.roll(2) == 0 {
                context.insert(key.to_owned(), json!(self.pick(values)));
            }
        }
        if self.roll(2) == 0 {
            context.insert("aws:TagKeys".to_owned(), self.some(&["a", "b", "c"]));
        }
        context
    }

    fn case(&mut self) -> Value {
        let principal = self.principal();
        let (action, resources) = TARGETS[self.roll(TARGETS.len())];
        let resource = self.pick(resources);
        let mut context = self.context();
        // We take it from the principal; the other evaluator has to be told.
        if let Principal::User { name, .. } = &principal {
            context.insert("aws:username".to_owned(), json!(name));
        }
        let identity: Vec<Value> = (0..self.roll(3))
            .map(|_| self.policy(PolicyKind::Identity))
            .collect();
        let is_role = matches!(principal, Principal::AssumedRole { .. });
        let session = (is_role && self.roll(3) == 0).then(|| self.policy(PolicyKind::Session));
        let boundary = (self.roll(3) == 0).then(|| self.policy(PolicyKind::Boundary));
        let of_resource = (self.roll(2) == 0).then(|| self.policy(PolicyKind::Resource));

        let mut keys = ContextKeys::new();
        for (key, value) in &context {
            keys = match value.as_array() {
                Some(values) => keys.with_all(key, values.iter().filter_map(Value::as_str)),
                None => keys.with(key, value.as_str().unwrap_or_default()),
            };
        }
        let owner = AccountId::parse(OURS).expect("an account");
        let request = Request::new(
            principal.clone(),
            Action::parse(action).expect("an action"),
            Resource::new(resource, owner),
        )
        .with_context(keys);
        let named = |policy: &Value, kind| {
            let policy = Policy::parse(&policy.to_string(), kind).expect("a valid policy");
            NamedPolicy::new("p", policy)
        };
        let identity_policies: Vec<NamedPolicy> = identity
            .iter()
            .map(|policy| named(policy, PolicyKind::Identity))
            .collect();
        let session_policy = session
            .as_ref()
            .map(|policy| [named(policy, PolicyKind::Session)]);
        let boundary_policy = boundary
            .as_ref()
            .map(|policy| named(policy, PolicyKind::Boundary));
        let resource_policy = of_resource
            .as_ref()
            .map(|policy| named(policy, PolicyKind::Resource));
        let evaluation = evaluate(
            &request,
            &Policies {
                identity: &identity_policies,
                boundary: boundary_policy.as_ref(),
                session: session_policy.as_ref().map(<[NamedPolicy; 1]>::as_slice),
                resource: resource_policy.as_ref(),
            },
        );
        json!({
            "principal": principal.arn(request.partition),
            "action": action,
            "resource": resource,
            "owner": OURS,
            "context": context,
            "identity": identity,
            "boundary": boundary,
            "session": session,
            "resource_policy": of_resource,
            "allowed": evaluation.is_allowed(),
            "evaluation": evaluation,
        })
    }
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("the tables hold JSON")
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| match arguments.next() {
        None => Ok(default),
        Some(text) => text.parse().map_err(io::Error::other),
    };
    let seed = number(0)?;
    let count = number(4_000)?;
    let mut out = BufWriter::new(io::stdout().lock());
    for index in 0..count {
        let mut dice = Dice(seed.wrapping_add(index));
        writeln!(out, "{}", dice.case())?;
    }
    out.flush()
}
