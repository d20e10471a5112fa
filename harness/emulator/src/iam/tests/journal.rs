//! What the journal says of decisions.

use super::*;

#[test]
fn the_journal_has_every_statement_that_was_looked_at() {
    let core = Core::idle();
    let allow = policy("Allow", "", "sns:Publish", TOPIC, "");
    let reads = policy("Allow", "", "s3:GetObject", "*", "");
    add_role(&core, TRUSTS_LAMBDA, &[&allow, &reads]);
    let request = Authorization {
        cause: cause(&core),
        action: "sns:Publish",
        resource: TOPIC,
        context: &[],
        resource_policy: None,
    };
    core.authorize(&session(), &request).unwrap();
    let entry = core.journal.snapshot().pop().unwrap();
    let mut written = serde_json::to_value(&entry.event).unwrap();
    let context = written.as_object_mut().unwrap().remove("context").unwrap();
    assert_eq!(
        context["aws:principalarn"],
        serde_json::json!(["arn:aws:iam::123456789012:role/pipeline/load"])
    );
    let statement = |policy: &str| serde_json::json!({"kind": "identity", "policy": policy, "index": 0, "sid": "S"});
    let expected = serde_json::json!({
        "type": "decision",
        "caller": "arn:aws:sts::123456789012:assumed-role/load/zipster-load",
        "action": "sns:Publish",
        "resource": TOPIC,
        "allowed": true,
        "reason": "statement 1 of identity-based policy p1 (S)",
        "evaluation": {
            "decision": {"Allow": {"by": {"Statement": statement("p1")}}},
            "trace": [
                {
                    "statement": statement("p1"),
                    "effect": "Allow",
                    "outcome": {"Matches": {"through": "Attachment"}},
                },
                {"statement": statement("p2"), "effect": "Allow", "outcome": "OtherAction"},
            ],
            "absent_keys": [],
        },
        "unset_keys": [],
    });
    assert_eq!(written, expected);
}

#[test]
fn a_permission_that_the_operations_entry_lacks_is_refused() {
    let core = Core::idle();
    let call = core.journal.record(
        None,
        Event::ApiCall {
            service: "sns",
            operation: "Publish".to_owned(),
            caller: String::new(),
            resource: None,
        },
    );
    let mut request = Authorization {
        cause: call,
        action: "sns:DeleteTopic",
        resource: TOPIC,
        context: &[],
        resource_policy: None,
    };
    assert!(core.authorize(&root(ACCOUNT), &request).is_err());
    assert_eq!(
        last_reason(&core),
        "denied: the emulator's table of permissions has no sns:DeleteTopic for sns Publish"
    );
    request.action = "sns:Publish";
    assert_eq!(core.authorize(&root(ACCOUNT), &request), Ok(()));
}

#[test]
fn a_decision_is_an_effect_of_its_call() {
    let core = Core::idle();
    let call = cause(&core);
    let request = Authorization {
        cause: call,
        action: "s3:ListAllMyBuckets",
        resource: "*",
        context: &[],
        resource_policy: None,
    };
    core.authorize(&root(ACCOUNT), &request).unwrap();
    let entry = core.journal.snapshot().pop().unwrap();
    assert_eq!(entry.cause, Some(call));
    assert_eq!(
        entry.event.to_string(),
        "allowed s3:ListAllMyBuckets on arn:aws:s3:::*: the account's root user needs no policy"
    );
}
